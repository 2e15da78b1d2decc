package import Base
import Synchronization

/// An expression prepared for folding: the parts that do not stand on the row ("known terms") are cut out once, and
/// evaluated for each request before anything is asked of the store.
package final class RulePlan: Sendable {
  struct KnownTerm: Sendable {
    let node: ExpressionNode
    /// Where only true, false or error counts. Else a value goes into a slot.
    let isCondition: Bool
    let slot: Int
    let shortcut: Shortcut

    init(node: ExpressionNode, isCondition: Bool, slot: Int) {
      self.node = node
      self.isCondition = isCondition
      self.slot = slot
      shortcut = Shortcut(node, isCondition: isCondition)
    }
  }

  /// What nearly every rule has, asked of the bindings directly.
  enum Shortcut: Sendable {
    case role(String)
    case callerID
    case none

    init(_ node: ExpressionNode, isCondition: Bool) {
      switch node.kind {
      case .hasRole(let role) where isCondition:
        if case .literal(.string(let name)) = role.kind { self = .role(name) } else { self = .none }
      case .caller(.id) where !isCondition: self = .callerID
      default: self = .none
      }
    }
  }

  package let expression: CheckedExpression
  /// The expression with references to `terms` in it.
  let root: ExpressionNode
  let terms: [KnownTerm]
  private let skeleton: PropositionalSkeleton
  /// How many slots a residual may refer to.
  package let slotCount: Int

  /// - Parameter liftingLiterals: literals become slots, so that expressions which differ in them alone are of one `form`.
  package init(_ expression: CheckedExpression, liftingLiterals: Bool = false) {
    self.expression = expression
    var extraction = KnownTermExtraction(liftsLiterals: liftingLiterals)
    root = extraction.rewrite(expression.root, isCondition: true)
    terms = extraction.terms
    skeleton = PropositionalSkeleton(root, terms: terms)
    slotCount = extraction.slots
  }

  /// What its residuals depend on besides the outcomes: plans of one form have equal ones. Nil where that cannot be told.
  package var form: ExpressionForm? { ExpressionForm(root, terms: terms) }

  /// Evaluates what is known. Allocates nothing where the rule does not stand on the row, or has no value to compare with it.
  package func fold(
    _ bindings: any ExpressionBindings, budget: Int = CheckedExpression.budget
  ) -> FoldedRule {
    var outcomes = KnownOutcomes()
    var values: [Value] = []
    if slotCount > 0 { values.reserveCapacity(slotCount) }
    var evaluator: Evaluator?
    for place in terms.indices {
      switch terms[place].shortcut {
      case .role(let name): outcomes[place] = bindings.hasRole(name) ? .true : .false
      case .callerID:
        if case .uuid(let id)? = bindings.caller(.id) {
          outcomes[place] = .value
          values.append(.uuid(id))
        } else {
          outcomes[place] = .failure
          values.append(.null)
        }
      case .none:
        var current = evaluator ?? Evaluator(bindings, budget: budget)
        guard fold(place, &current, &outcomes, &values) else { return .constant(false) }
        evaluator = current
      }
    }
    switch PartialEvaluation(outcomes: outcomes, skeleton: skeleton).verdict {
    case .yes: return .constant(true)
    case .no: return .constant(false)
    case .open: return .residual(outcomes, values)
    }
  }

  /// Evaluates one known term. False where the budget is used up: then nothing is known, and the rule denies.
  private func fold(_ place: Int, _ evaluator: inout Evaluator, _ outcomes: inout KnownOutcomes, _ values: inout [Value]) -> Bool {
    let term = terms[place]
    var value = Value.null
    do {
      if term.isCondition {
        outcomes[place] = try evaluator.boolean(term.node) ? .true : .false
      } else {
        value = try evaluator.evaluate(term.node).value
        if value.isNull {
          outcomes[place] = .null
        } else if let parameter = value.parameter(of: term.node.type) {
          outcomes[place] = .value
          value = parameter
        } else {
          outcomes[place] = .failure
          value = .null
        }
      }
    } catch {
      if error.code == .budget { return false }
      outcomes[place] = .failure
    }
    if !term.isCondition { values.append(value) }
    return true
  }

  /// Residuals that are kept: a rule has few outcomes.
  static let residualsMax = 32
  private let residuals = Mutex<[KnownOutcomes: ResidualExpression]>([:])

  /// What is left of the expression when folding had that outcome.
  package func residual(for outcomes: KnownOutcomes) -> ResidualExpression {
    if let known = residuals.withLock({ $0[outcomes] }) { return known }
    let residual = ResidualExpression(root: Simplification(outcomes: outcomes, terms: terms).truth(root))
    residuals.withLock { kept in
      if kept.count >= RulePlan.residualsMax { kept.removeAll() }
      kept[outcomes] = residual
    }
    return residual
  }

  /// A residual in which nothing is known: to compile once when the contract loads, so that no request finds out first
  /// that a rule cannot be compiled. Conditions stand in slots behind those of the values.
  package var probe: ResidualExpression {
    var condition = slotCount
    func open(_ node: ExpressionNode) -> ExpressionNode {
      guard case .known(let place) = node.kind, place < terms.count else {
        return node.mappingChildren(open)
      }
      let term = terms[place]
      if !term.isCondition { return node.replacing(.slot(term.slot)) }
      condition += 1
      return node.replacing(.slot(condition - 1))
    }
    return ResidualExpression(root: open(root))
  }
}

/// What folding came to.
package enum FoldedRule: Sendable {
  /// The same for every row. An error is false.
  case constant(Bool)
  /// Depends on the row: `RulePlan.residual(for:)`, with these values in its slots.
  case residual(KnownOutcomes, [Value])
}

/// What is left to ask of the row.
package struct ResidualExpression: Sendable {
  package let root: ExpressionNode
  package init(root: ExpressionNode) { self.root = root }
}
