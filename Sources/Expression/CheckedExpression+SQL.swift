import Base

extension CheckedExpression {
  /// Why it cannot become a predicate of the store, with its place; nil where it can. What stands only on the caller, the
  /// request and the like is evaluated before and may be anything.
  package var sqlUnsupported: ExpressionError? {
    do {
      try SQLSupport().check(root)
      return nil
    } catch {
      return error
    }
  }
}

/// What predicates cannot say.
private struct SQLSupport {
  func check(_ node: ExpressionNode) throws(ExpressionError) {
    if node.isKnown {
      try known(node)
      return
    }
    switch node.kind {
    case .matches: throw refused("\"matches\"", node, "use startsWith, endsWith or contains")
    case .index: throw refused("an index", node, nil)
    case .member(let base, _): try member(node, base)
    case .binary(let operation, let a, let b): try binary(operation, a, b, node)
    case .call(let function, let arguments): try call(function, arguments, node)
    case .negate(let a) where a.type == .dynamic: throw dynamic(node)
    case .conditional(_, let a, let b):
      if node.type == .decimal { try decimals(a, b, node, isComparison: false) }
      switch node.type {
      case .money, .list, .map, .dynamic, .record: throw refused("a choice between two values that are \(node.type)", node, nil)
      default: break
      }
    case .macro(_, let range, _, _): try list(range)
    case .list: throw refused("a list made of the record's fields", node, nil)
    default: break
    }
    if case .binary(.in, let value, let list) = node.kind, case .list(let items) = list.kind {
      try check(value)
      for item in items { try check(item) }
      return
    }
    for child in node.kind.children { try check(child) }
  }

  private func refused(_ what: String, _ node: ExpressionNode, _ suggestion: String?) -> ExpressionError {
    ExpressionError("\(what) cannot be asked of the store", at: node.offset, suggestion: suggestion)
  }

  private func dynamic(_ node: ExpressionNode) -> ExpressionError {
    refused("the inside of a JSON value", node, nil)
  }

  private func known(_ node: ExpressionNode) throws(ExpressionError) {
    if case .literal(.string(let text)) = node.kind, text.utf8.contains(0) {
      throw refused("a text with U+0000", node, nil)
    }
    switch node.type {
    case .money, .map, .dynamic: throw refused("a comparison with \(node.type)", node, nil)
    case .list(let element):
      switch element {
      case .string, .integer, .boolean, .number, .null: break
      // An empty list, or one of null alone.
      case .dynamic: if case .list(let items) = node.kind, items.isEmpty { break } else { fallthrough }
      default:
        guard case .list(let items) = node.kind else { throw refused("a list whose elements are \(element)", node, nil) }
        for item in items { try known(item) }
      }
    default: break
    }
  }

  private func member(_ node: ExpressionNode, _ base: ExpressionNode) throws(ExpressionError) {
    switch base.type {
    case .dynamic: throw dynamic(node)
    case .record, .money:
      switch base.kind {
      case .record, .input, .variable, .member: break
      default: throw refused("a member of a computed record", node, nil)
      }
    default: throw refused("this", node, nil)
    }
  }

  private func binary(
    _ operation: ExpressionNode.Operator, _ a: ExpressionNode, _ b: ExpressionNode, _ node: ExpressionNode
  ) throws(ExpressionError) {
    switch operation {
    case .equal, .notEqual:
      // Whether it is null can be asked of anything.
      if a.type == .null || b.type == .null {
        let other = a.type == .null ? b : a
        if case .list = other.type, other.isCollection { throw refused("whether a collection is null", node, nil) }
        return
      }
      if a.type == .decimal { try decimals(a, b, node, isComparison: true) }
      for side in [a, b] {
        switch side.type {
        case .dynamic: throw dynamic(side)
        case .list, .map: throw refused("a comparison of lists", node, "use \"in\", all or exists")
        default: break
        }
      }
    case .less, .lessOrEqual, .greater, .greaterOrEqual:
      if a.type == .dynamic || b.type == .dynamic { throw dynamic(node) }
      if a.type == .decimal { try decimals(a, b, node, isComparison: true) }
    case .in:
      if a.type == .dynamic { throw dynamic(a) }
      if case .list(let items) = b.kind {
        if a.type == .decimal { for item in items { try decimals(a, item, node, isComparison: true) } }
        return
      }
      try list(b)
    case .add, .subtract, .multiply, .divide, .remainder:
      switch node.type {
      case .integer, .timestamp, .duration, .string: break
      case .number: throw refused("arithmetic on numbers", node, "compare the field itself, or use integers")
      case .decimal:
        guard node.decimalPrecision != nil else {
          throw refused("a calculation that may need more than \(Decimal.digitsMax) digits", node, "lower the fields' precision")
        }
      case .list: throw refused("joining lists", node, nil)
      default: throw dynamic(node)
      }
    }
  }

  /// SQLite holds decimals as whole numbers of their scale: two fields must have one scale, or one that they can be given.
  private func decimals(
    _ a: ExpressionNode, _ b: ExpressionNode, _ node: ExpressionNode, isComparison: Bool
  ) throws(ExpressionError) {
    guard let x = scale(of: a), let y = scale(of: b), x != y else { return }
    let (finer, coarser) = x > y ? (x, b) : (y, a)
    if isComparison, coarser.decimalPrecision?.rescaled(to: finer) != nil { return }
    throw refused("a comparison of decimals whose scales are \(x) and \(y)", node, "give both fields the same precision")
  }

  /// Nil for what takes the other side's.
  private func scale(of node: ExpressionNode) -> Int? {
    if node.isKnown { return nil }
    if case .conditional(_, let a, let b) = node.kind { return scale(of: a) ?? scale(of: b) }
    return node.decimalPrecision?.scale ?? node.precision?.scale
  }

  /// A list that rows can be drawn from.
  private func list(_ node: ExpressionNode) throws(ExpressionError) {
    guard case .list(let element) = node.type else { throw dynamic(node) }
    if node.isCollection { return }
    switch element {
    case .string, .integer, .boolean, .number: break
    default: throw refused("a list whose elements are \(element)", node, nil)
    }
    switch node.kind {
    case .member, .variable: break
    default: if !node.isKnown { throw refused("a computed list", node, nil) }
    }
  }

  private func call(
    _ function: ExpressionNode.Function, _ arguments: [ExpressionNode], _ node: ExpressionNode
  ) throws(ExpressionError) {
    for argument in arguments where argument.type == .dynamic { throw dynamic(argument) }
    switch function {
    case .size:
      guard case .list = arguments[0].type else { return }
      switch arguments[0].kind {
      case .member: break
      default: throw refused("the size of a computed list", node, nil)
      }
    case .startsWith, .endsWith, .contains: break
    // Of what is known only: it is evaluated before.
    case .email, .url: break
    case .timestamp where arguments[0].type == .date: break
    case .date where arguments[0].type == .timestamp: break
    case .timestamp, .date, .duration, .decimal:
      throw refused("\(function.rawValue)() of \(arguments[0].type)", node, "compare with a literal of the field's type")
    }
  }
}
