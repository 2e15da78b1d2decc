import Base

extension Checker {
  mutating func binary(
    _ operation: ExpressionNode.Operator, _ left: Syntax, _ right: Syntax, at offset: Int
  ) throws(ExpressionError) -> ExpressionNode {
    let left = try check(left)
    let right = try check(right)
    switch operation {
    case .equal, .notEqual:
      let (a, b) = try harmonised(left, right, at: offset) { "\($0) cannot be compared with \($1)" }
      return ExpressionNode(.binary(operation, a, b), .boolean, at: offset)
    case .less, .lessOrEqual, .greater, .greaterOrEqual:
      let (a, b) = try harmonised(left, right, at: offset) { "\($0) cannot be compared with \($1)" }
      guard a.type.isOrdered, b.type.isOrdered else {
        throw ExpressionError("\(a.type.isOrdered ? b.type : a.type) has no order", at: offset)
      }
      return ExpressionNode(.binary(operation, a, b), .boolean, at: offset)
    case .in: return try membership(left, right, at: offset)
    case .add, .subtract, .multiply, .divide, .remainder: return try arithmetic(operation, left, right, at: offset)
    }
  }

  private func membership(
    _ value: ExpressionNode, _ list: ExpressionNode, at offset: Int
  ) throws(ExpressionError) -> ExpressionNode {
    if list.type == .dynamic { return ExpressionNode(.binary(.in, value, list), .boolean, at: offset) }
    guard case .list(let element) = list.type else {
      throw ExpressionError("\"in\" needs a list on its right, not \(list.type)", at: list.offset)
    }
    // A list of many types is one of JSON values; against the record it is a mistake.
    let isMixed = element == .dynamic && value.isKnown && list.isKnown
    if case .list(let items) = list.kind, !items.isEmpty, !isMixed { return try membership(value, items, list, at: offset) }
    if equals(value.type, element) {
      let (value, list) = spelledAlike(value, list)
      return ExpressionNode(.binary(.in, value, list), .boolean, at: offset)
    }
    guard let value = try adapted(value, to: element, enumeration: nil) else {
      throw ExpressionError("\(value.type) cannot be in a list of \(element)", at: offset)
    }
    return ExpressionNode(.binary(.in, value, list), .boolean, at: offset)
  }

  /// Literals are read as the other side's type, whichever side that is, so that an error points at one of them.
  private func membership(
    _ value: ExpressionNode, _ items: [ExpressionNode], _ list: ExpressionNode, at offset: Int
  ) throws(ExpressionError) -> ExpressionNode {
    var value = value
    var adapted = items
    // The first round finds the type where the value itself is a literal.
    for _ in 0..<2 {
      for place in items.indices {
        (value, adapted[place]) = try ofOneType(value, items[place], at: items[place].offset) {
          "\($0) cannot be compared with \($1)"
        }
      }
    }
    if let canonical = spelling(of: value, among: items) {
      value = spelled(value, canonical)
      adapted = adapted.map { spelled($0, canonical) }
    }
    let element = value.type == .null ? list.type : .list(value.type)
    let list = ExpressionNode(.list(adapted), element, at: list.offset)
    return ExpressionNode(.binary(.in, value, list), .boolean, at: offset)
  }

  private func arithmetic(
    _ operation: ExpressionNode.Operator, _ left: ExpressionNode, _ right: ExpressionNode, at offset: Int
  ) throws(ExpressionError) -> ExpressionNode {
    var (a, b) = (left, right)
    if let type = Checker.result(operation, a.type, b.type) {
      return ExpressionNode(.binary(operation, a, b), type, at: offset)
    }
    // A literal is read as the other operand's type.
    if a.type != b.type {
      if let number = try numeric(b, as: a.type) { b = number } else if let number = try numeric(a, as: b.type) { a = number }
    }
    guard let type = Checker.result(operation, a.type, b.type) else {
      throw ExpressionError(
        "\"\(operation.rawValue)\" is not defined for \(left.type) and \(right.type)", at: offset,
        suggestion: Checker.advice(operation, left.type, right.type))
    }
    return ExpressionNode(.binary(operation, a, b), type, at: offset)
  }

  private func numeric(_ node: ExpressionNode, as type: ExpressionType) throws(ExpressionError) -> ExpressionNode? {
    guard type == .number || type == .decimal, case .literal(let value) = node.kind else { return nil }
    switch value {
    case .integer: return try adapted(node, to: type, enumeration: nil)
    case .number where type == .decimal: return try adapted(node, to: type, enumeration: nil)
    default: return nil
    }
  }

  /// The type of an arithmetic operation's result; nil where it is not defined.
  private static func result(
    _ operation: ExpressionNode.Operator, _ a: ExpressionType, _ b: ExpressionType
  ) -> ExpressionType? {
    if a == .dynamic || b == .dynamic {
      let known = a == .dynamic ? b : a
      switch known {
      case .dynamic, .integer, .number, .decimal, .string, .timestamp, .duration, .list: return .dynamic
      default: return nil
      }
    }
    switch (operation, a, b) {
    case (_, .integer, .integer): return .integer
    case (.remainder, _, _): return nil
    case (_, .number, .number): return .number
    case (.add, .decimal, .decimal), (.subtract, .decimal, .decimal), (.multiply, .decimal, .decimal): return .decimal
    case (.add, .string, .string): return .string
    case (.add, .timestamp, .duration), (.add, .duration, .timestamp), (.subtract, .timestamp, .duration): return .timestamp
    case (.subtract, .timestamp, .timestamp), (.add, .duration, .duration), (.subtract, .duration, .duration):
      return .duration
    case (.add, .list(let x), .list(let y)): return .list(x == y ? x : .dynamic)
    default: return nil
    }
  }

  private static func advice(_ operation: ExpressionNode.Operator, _ a: ExpressionType, _ b: ExpressionType) -> String? {
    switch (operation, a, b) {
    case (.divide, .decimal, .decimal): "a quotient of decimals has no exact form: multiply instead"
    case (_, .money, _), (_, _, .money): "calculate with .amount"
    case (_, .date, _), (_, _, .date): "calculate with timestamp(...)"
    default: nil
    }
  }
}
