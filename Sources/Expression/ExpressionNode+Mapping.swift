extension ExpressionNode {
  /// The same node over changed operands.
  package func mappingChildren(_ change: (ExpressionNode) -> ExpressionNode) -> ExpressionNode {
    switch kind {
    case .literal, .record, .input, .caller, .request, .now, .parameter, .event, .name, .variable, .known, .slot, .failure: self
    case .hasRole(let a): replacing(.hasRole(change(a)))
    case .member(let a, let name): replacing(.member(change(a), name))
    case .has(let a): replacing(.has(change(a)))
    case .not(let a): replacing(.not(change(a)))
    case .negate(let a): replacing(.negate(change(a)))
    case .matches(let a, let pattern): replacing(.matches(change(a), pattern))
    case .index(let a, let b): replacing(.index(change(a), change(b)))
    case .binary(let operation, let a, let b): replacing(.binary(operation, change(a), change(b)))
    case .macro(let macro, let a, let level, let b): replacing(.macro(macro, over: change(a), level: level, change(b)))
    case .conditional(let a, let b, let c): replacing(.conditional(change(a), change(b), change(c)))
    case .and(let parts): replacing(.and(parts.map(change)))
    case .or(let parts): replacing(.or(parts.map(change)))
    case .call(let function, let parts): replacing(.call(function, parts.map(change)))
    case .list(let parts): replacing(.list(parts.map(change)))
    }
  }
}
