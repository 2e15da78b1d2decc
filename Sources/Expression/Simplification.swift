import Base

/// Puts folding's outcomes in the place of the known terms, and drops what they decide.
struct Simplification {
  let outcomes: KnownOutcomes
  let terms: [RulePlan.KnownTerm]

  /// Where only true counts: an error is as good as false.
  func truth(_ node: ExpressionNode) -> ExpressionNode {
    switch node.kind {
    case .and(let parts): return junction(node, parts.map(truth), decisive: false, unwrapping: true)
    case .or(let parts): return junction(node, parts.map(truth), decisive: true, unwrapping: true)
    default:
      let result = exact(node)
      if case .failure = result.kind { return literal(false, node) }
      return result
    }
  }

  /// Where true, false and error are three things, and for values.
  func exact(_ node: ExpressionNode) -> ExpressionNode {
    switch node.kind {
    case .known(let place): return outcome(of: place, node)
    case .and(let parts): return junction(node, parts.map(exact), decisive: false, unwrapping: false)
    case .or(let parts): return junction(node, parts.map(exact), decisive: true, unwrapping: false)
    case .not(let operand):
      let operand = exact(operand)
      if let value = constant(operand) { return literal(!value, node) }
      if isFailure(operand) { return node.replacing(.failure) }
      return node.replacing(.not(operand))
    case .conditional(let test, let a, let b):
      let test = exact(test)
      if let value = constant(test) { return exact(value ? a : b) }
      if isFailure(test) { return node.replacing(.failure) }
      let (then, otherwise) = (exact(a), exact(b))
      if isFailure(then), isFailure(otherwise) { return node.replacing(.failure) }
      return node.replacing(.conditional(test, then, otherwise))
    case .macro(let macro, let range, let level, let predicate):
      let range = exact(range)
      if isFailure(range) || isNull(range) { return node.replacing(.failure) }
      return node.replacing(.macro(macro, over: range, level: level, exact(predicate)))
    case .binary(let operation, let a, let b):
      let (a, b) = (exact(a), exact(b))
      let isEquality = operation == .equal || operation == .notEqual
      if isFailure(a) || isFailure(b) || !isEquality && (isNull(b) || operation != .in && isNull(a)) {
        return node.replacing(.failure)
      }
      return node.replacing(.binary(operation, a, b))
    case .literal, .record, .input, .caller, .request, .now, .parameter, .event, .name, .variable, .slot, .failure: return node
    case .negate, .call, .index, .matches:
      let result = node.mappingChildren(exact)
      return result.kind.children.contains { isFailure($0) || isNull($0) } ? node.replacing(.failure) : result
    case .member, .has, .list, .hasRole:
      let result = node.mappingChildren(exact)
      return result.kind.children.contains(where: isFailure) ? node.replacing(.failure) : result
    }
  }

  private func outcome(of place: Int, _ node: ExpressionNode) -> ExpressionNode {
    let outcome = outcomes[place]
    if outcome == .failure { return node.replacing(.failure) }
    if terms[place].isCondition { return literal(outcome == .true, node) }
    if outcome == .null { return ExpressionNode(.literal(.null), .null, isNullable: true, at: node.offset) }
    // What has a value is not null, whatever was declared.
    return ExpressionNode(.slot(terms[place].slot), node.type, enumeration: node.enumeration, at: node.offset)
  }

  /// As a value, `true && x` is an error where x is null: what is left alone is unwrapped only where it cannot be.
  private func junction(
    _ node: ExpressionNode, _ parts: [ExpressionNode], decisive: Bool, unwrapping: Bool
  ) -> ExpressionNode {
    var kept: [ExpressionNode] = []
    for part in parts {
      if let value = constant(part) {
        if value == decisive { return part }
        continue
      }
      if isFailure(part), kept.contains(where: isFailure) { continue }
      switch part.kind {
      case .and(let inner) where !decisive: kept += inner
      case .or(let inner) where decisive: kept += inner
      default: kept.append(part)
      }
    }
    if kept.isEmpty { return literal(!decisive, node) }
    if kept.count == 1, unwrapping || !kept[0].isNullable { return kept[0] }
    return node.replacing(decisive ? .or(kept) : .and(kept))
  }

  private func literal(_ value: Bool, _ node: ExpressionNode) -> ExpressionNode {
    ExpressionNode(.literal(.boolean(value)), .boolean, at: node.offset)
  }

  private func constant(_ node: ExpressionNode) -> Bool? {
    if case .literal(.boolean(let value)) = node.kind { value } else { nil }
  }

  private func isFailure(_ node: ExpressionNode) -> Bool { if case .failure = node.kind { true } else { false } }
  private func isNull(_ node: ExpressionNode) -> Bool { if case .literal(.null) = node.kind { true } else { false } }
}
