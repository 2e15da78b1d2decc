import Base

/// Evaluates a typed expression over bindings. Its recursion is as deep as the expression; its work is bounded by a budget:
/// one for each node visited, and one for each 32 bytes or elements that a function looks at.
struct Evaluator {
  let bindings: any ExpressionBindings
  var budget: Int
  /// Values of the macros' variables, outermost first.
  var variables: [ExpressionValue] = []

  init(_ bindings: any ExpressionBindings, budget: Int) {
    self.bindings = bindings
    self.budget = budget
  }

  mutating func charge(_ cost: Int, at offset: Int) throws(EvaluationError) {
    budget -= cost
    if budget < 0 { throw EvaluationError(.budget, at: offset) }
  }

  mutating func evaluate(_ node: ExpressionNode) throws(EvaluationError) -> ExpressionValue {
    try charge(1, at: node.offset)
    let offset = node.offset
    switch node.kind {
    case .literal(let value): return .scalar(value)
    case .record: return .record(try found(bindings.record, at: offset))
    case .input: return .record(try found(bindings.input, at: offset))
    case .caller(let member): return .scalar(try outside(bindings.caller(member), at: offset))
    case .request(let member): return .scalar(try outside(bindings.request(member), at: offset))
    case .parameter(let name): return .scalar(try outside(bindings.parameter(name), at: offset))
    case .now: return .scalar(.timestamp(try found(bindings.now, at: offset)))
    case .event: return try opened(try found(bindings.event, at: offset), node)
    case .name(let name): return try opened(try found(bindings.named(name), at: offset), node)
    case .variable(let level):
      guard level < variables.count else { throw EvaluationError(.missing, at: offset) }
      return variables[level]
    case .member(let base, let name): return try opened(try member(try evaluate(base), name, at: offset), node)
    case .index(let base, let index): return try element(of: try evaluate(base), try evaluate(index), at: offset)
    case .negate(let operand): return try negated(try evaluate(operand), at: offset)
    case .conditional(let test, let then, let otherwise):
      return try boolean(test) ? try evaluate(then) : try evaluate(otherwise)
    case .binary(let operation, let a, let b) where operation.isArithmetic:
      return try calculate(operation, try evaluate(a), try evaluate(b), at: offset)
    case .call(let function, let arguments):
      return .scalar(try call(function, arguments, at: offset))
    case .list(let items):
      var values: [ExpressionValue] = []
      values.reserveCapacity(items.count)
      for item in items { values.append(try evaluate(item)) }
      return .list(values)
    case .hasRole, .has, .not, .and, .or, .binary, .matches, .macro:
      return .scalar(.boolean(try truth(node)))
    case .known, .slot, .failure: throw EvaluationError(.missing, at: offset)
    }
  }

  /// A boolean; anything else is an error.
  mutating func boolean(_ node: ExpressionNode) throws(EvaluationError) -> Bool {
    switch node.kind {
    case .hasRole, .has, .not, .and, .or, .matches, .macro:
      try charge(1, at: node.offset)
      return try truth(node)
    case .binary(let operation, _, _) where !operation.isArithmetic:
      try charge(1, at: node.offset)
      return try truth(node)
    default:
      switch try evaluate(node) {
      case .scalar(.boolean(let value)): return value
      case .scalar(.null): throw EvaluationError(.null, at: node.offset)
      default: throw EvaluationError(.type, at: node.offset)
      }
    }
  }

  /// The kinds of nodes that are boolean by themselves.
  private mutating func truth(_ node: ExpressionNode) throws(EvaluationError) -> Bool {
    let offset = node.offset
    switch node.kind {
    case .hasRole(let role): return bindings.hasRole(try text(role))
    case .has(let member): return try has(member)
    case .not(let operand): return !(try boolean(operand))
    case .and(let parts): return try junction(parts, decisive: false)
    case .or(let parts): return try junction(parts, decisive: true)
    case .matches(let subject, let pattern):
      let subject = try text(subject)
      try charge(subject.utf8.count / 32, at: offset)
      return pattern.matches(subject)
    case .macro(let macro, let range, _, let predicate): return try quantify(macro, range, predicate, at: offset)
    case .binary(let operation, let a, let b): return try compare(operation, try evaluate(a), try evaluate(b), at: offset)
    default: throw EvaluationError(.type, at: offset)
    }
  }

  /// `&&` is decided by a false, `||` by a true, whatever errors stand beside it.
  private mutating func junction(_ parts: [ExpressionNode], decisive: Bool) throws(EvaluationError) -> Bool {
    var failure: EvaluationError?
    for part in parts {
      do {
        if try boolean(part) == decisive { return decisive }
      } catch {
        if error.code == .budget { throw error }
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
    return !decisive
  }

  private mutating func quantify(
    _ macro: ExpressionNode.Macro, _ range: ExpressionNode, _ predicate: ExpressionNode, at offset: Int
  ) throws(EvaluationError) -> Bool {
    let range = try evaluate(range)
    guard let items = range.elements else { throw EvaluationError(range.isNull ? .null : .type, at: offset) }
    var failure: EvaluationError?
    var found = 0
    variables.append(.null)
    defer { variables.removeLast() }
    for item in items {
      variables[variables.count - 1] = item
      do {
        switch (macro, try boolean(predicate)) {
        case (.exists, true): return true
        case (.all, false): return false
        case (.existsOne, true): found += 1
        default: break
        }
      } catch {
        // `exists_one` must see every element: it absorbs nothing.
        if error.code == .budget || macro == .existsOne { throw error }
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
    return macro == .existsOne ? found == 1 : macro == .all
  }
}

extension ExpressionNode.Operator {
  var isArithmetic: Bool {
    switch self {
    case .add, .subtract, .multiply, .divide, .remainder: true
    default: false
    }
  }
}
