import Base

/// Cuts an expression into known terms and what connects them (in partial evaluation: its binding-time analysis).
struct KnownTermExtraction {
  var terms: [RulePlan.KnownTerm] = []
  var slots = 0
  /// Makes slots of literals too.
  var liftsLiterals = false

  mutating func rewrite(_ node: ExpressionNode, isCondition: Bool) -> ExpressionNode {
    if case .literal(let value) = node.kind {
      return liftsLiterals && KnownTermExtraction.isLiftable(value, node) ? term(node, isCondition: false) : node
    }
    if node.isKnown { return term(node, isCondition: isCondition) }
    switch node.kind {
    case .and(let parts): return node.replacing(.and(parts.map { rewrite($0, isCondition: true) }))
    case .or(let parts): return node.replacing(.or(parts.map { rewrite($0, isCondition: true) }))
    case .not(let operand): return node.replacing(.not(rewrite(operand, isCondition: true)))
    case .conditional(let test, let a, let b):
      let inner = isCondition && node.type == .boolean
      return node.replacing(
        .conditional(
          rewrite(test, isCondition: true), rewrite(a, isCondition: inner), rewrite(b, isCondition: inner)))
    case .macro(let macro, let range, let level, let predicate):
      return node.replacing(
        .macro(macro, over: rewrite(range, isCondition: false), level: level, rewrite(predicate, isCondition: true)))
    case .binary(.in, let value, let list):
      guard case .list(let items) = list.kind else { break }
      // A written list stays one, so that its elements become parameters.
      let elements = items.map { rewrite($0, isCondition: false) }
      return node.replacing(.binary(.in, rewrite(value, isCondition: false), list.replacing(.list(elements))))
    default: break
    }
    var copy = self
    let result = node.mappingChildren { copy.rewrite($0, isCondition: false) }
    self = copy
    return result
  }

  /// Not null and the booleans, which decide what is left; not decimals, whose scale does.
  private static func isLiftable(_ value: Value, _ node: ExpressionNode) -> Bool {
    switch value {
    case .integer, .number, .string, .timestamp, .date, .duration, .uuid:
      value.parameter(of: node.type) != nil
    default: false
    }
  }

  private mutating func term(_ node: ExpressionNode, isCondition: Bool) -> ExpressionNode {
    let place = terms.count
    terms.append(RulePlan.KnownTerm(node: node, isCondition: isCondition, slot: slots))
    if !isCondition { slots += 1 }
    return node.replacing(.known(place))
  }
}
