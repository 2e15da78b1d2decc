import Base

/// A plan's logic without what its known terms stand for: equal for two expressions that differ only in what goes into slots.
package struct ExpressionForm: Hashable, Sendable {
  /// A node, without its operands, which follow it.
  private struct Part: Hashable, Sendable {
    var what: String
    var literal: Value?
    var type: ExpressionType
    var isNullable: Bool
    var isCollection: Bool
    var enumeration: [String]?
    var precision: DecimalPrecision?
    var operands: Int
  }

  private var parts: [Part] = []

  /// Nil for what is not compared: patterns, and names that no row has.
  init?(_ root: ExpressionNode, terms: [RulePlan.KnownTerm]) {
    guard add(root, terms) else { return nil }
  }

  private mutating func add(_ node: ExpressionNode, _ terms: [RulePlan.KnownTerm]) -> Bool {
    guard let what = ExpressionForm.name(of: node, terms) else { return false }
    let operands = node.kind.children
    var part = Part(
      what: what, type: node.type, isNullable: node.isNullable, isCollection: node.isCollection, enumeration: node.enumeration,
      precision: node.precision, operands: operands.count)
    if case .literal(let value) = node.kind { part.literal = value }
    parts.append(part)
    for operand in operands where !add(operand, terms) { return false }
    return true
  }

  private static func name(of node: ExpressionNode, _ terms: [RulePlan.KnownTerm]) -> String? {
    switch node.kind {
    case .literal: "literal"
    case .record: "record"
    case .input: "input"
    case .variable(let level): "variable \(level)"
    case .member(_, let name): "." + name
    case .has: "has"
    case .index: "[]"
    case .not: "!"
    case .negate: "-x"
    case .and: "&&"
    case .or: "||"
    case .conditional: "?:"
    case .binary(let operation, _, _): operation.rawValue
    case .call(let function, _): function.rawValue + "()"
    case .list: "list"
    case .macro(let macro, _, let level, _): "\(macro.rawValue) \(level)"
    case .known(let place): terms[place].isCondition ? "condition" : "value"
    case .failure: "failure"
    case .caller, .hasRole, .request, .now, .parameter, .event, .name, .matches, .slot: nil
    }
  }
}
