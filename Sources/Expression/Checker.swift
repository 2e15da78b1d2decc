import Base

/// Types an expression against its environment.
struct Checker {
  let source: [UInt8]
  let environment: ExpressionEnvironment
  /// Variables of the macros around, outermost first.
  var scope: [(name: String, node: ExpressionNode)] = []

  init(source: String, environment: ExpressionEnvironment) {
    self.source = Array(source.utf8)
    self.environment = environment
  }

  mutating func check(_ syntax: Syntax) throws(ExpressionError) -> ExpressionNode {
    let offset = syntax.offset
    switch syntax.kind {
    case .null: return ExpressionNode(.literal(.null), .null, isNullable: true, at: offset)
    case .boolean(let value): return ExpressionNode(.literal(.boolean(value)), .boolean, at: offset)
    case .integer(let value): return ExpressionNode(.literal(.integer(value)), .integer, at: offset)
    case .number(let value): return ExpressionNode(.literal(.number(value)), .number, at: offset)
    case .string(let value): return ExpressionNode(.literal(.string(value)), .string, at: offset)
    case .name(let name): return try named(name, at: offset)
    case .member(let base, let name): return try member(base, name, at: offset)
    case .index(let base, let index): return try self.index(base, index, at: offset)
    case .call(let target, let name, let arguments):
      return try call(target: target, name: name, arguments: arguments, at: offset)
    case .list(let items): return try list(items, at: offset)
    case .not(let operand): return ExpressionNode(.not(try condition(operand)), .boolean, at: offset)
    case .negate(let operand): return try negate(operand, at: offset)
    case .and(let parts): return ExpressionNode(.and(try conditions(parts)), .boolean, at: offset)
    case .or(let parts): return ExpressionNode(.or(try conditions(parts)), .boolean, at: offset)
    case .conditional(let test, let then, let otherwise):
      return try conditional(test, then, otherwise, at: offset)
    case .binary(let operation, let left, let right): return try binary(operation, left, right, at: offset)
    }
  }

  /// An operand that must be a boolean.
  mutating func condition(_ syntax: Syntax) throws(ExpressionError) -> ExpressionNode {
    let node = try check(syntax)
    guard node.type == .boolean || node.type == .dynamic else {
      throw ExpressionError("a boolean is expected here, not \(node.type)", at: node.offset)
    }
    return node
  }

  private mutating func conditions(_ parts: [Syntax]) throws(ExpressionError) -> [ExpressionNode] {
    var nodes: [ExpressionNode] = []
    nodes.reserveCapacity(parts.count)
    for part in parts { nodes.append(try condition(part)) }
    return nodes
  }

  private mutating func list(_ items: [Syntax], at offset: Int) throws(ExpressionError) -> ExpressionNode {
    var nodes: [ExpressionNode] = []
    nodes.reserveCapacity(items.count)
    for item in items { nodes.append(try check(item)) }
    var element: ExpressionType?
    for node in nodes where node.type != .null {
      if element == nil { element = node.type } else if element != node.type { element = .dynamic }
    }
    return ExpressionNode(.list(nodes), .list(element ?? (nodes.isEmpty ? .dynamic : .null)), at: offset)
  }

  private mutating func negate(_ operand: Syntax, at offset: Int) throws(ExpressionError) -> ExpressionNode {
    let node = try check(operand)
    switch node.type {
    case .integer, .number, .decimal, .dynamic: return ExpressionNode(.negate(node), node.type, at: offset)
    default: throw ExpressionError("\"-\" needs a number, not \(node.type)", at: offset)
    }
  }

  private mutating func conditional(
    _ test: Syntax, _ then: Syntax, _ otherwise: Syntax, at offset: Int
  ) throws(ExpressionError) -> ExpressionNode {
    let test = try condition(test)
    let (then, otherwise) = try ofOneType(try check(then), try check(otherwise), at: offset) { a, b in
      "both results must have one type: \(a) and \(b)"
    }
    let type = then.type == .null ? otherwise.type : otherwise.type == .dynamic ? .dynamic : then.type
    let values: [String]? =
      if let a = then.enumeration, let b = otherwise.enumeration, a == b { a } else { nil }
    return ExpressionNode(
      .conditional(test, then, otherwise), type, isNullable: then.isNullable || otherwise.isNullable, enumeration: values,
      canonical: then.canonical == otherwise.canonical ? then.canonical : nil, at: offset)
  }

  private mutating func index(_ base: Syntax, _ index: Syntax, at offset: Int) throws(ExpressionError) -> ExpressionNode {
    let base = try check(base)
    let index = try check(index)
    switch base.type {
    case .list(let element):
      guard index.type == .integer || index.type == .dynamic else {
        throw ExpressionError("the index of a list is an integer, not \(index.type)", at: index.offset)
      }
      return ExpressionNode(.index(base, index), element, isNullable: element.mayBeNull, canonical: base.canonical, at: offset)
    case .dynamic:
      guard index.type == .integer || index.type == .string || index.type == .dynamic else {
        throw ExpressionError("an index is an integer or a string, not \(index.type)", at: index.offset)
      }
      return ExpressionNode(.index(base, index), .dynamic, isNullable: true, at: offset)
    default: throw ExpressionError("\(base.type) has no elements", at: offset)
    }
  }
}
