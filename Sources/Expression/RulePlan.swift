package import Base

/// An expression prepared for folding: the parts that do not stand on the row ("atoms") are cut out once, and evaluated
/// for each request before anything is asked of the store.
package final class RulePlan: Sendable {
  struct Atom: Sendable {
    let node: ExpressionNode
    /// Where only true, false or error counts. Else a value goes into a slot.
    let isCondition: Bool
    let slot: Int
  }

  package let expression: CheckedExpression
  /// The expression with atoms in it.
  let root: ExpressionNode
  let atoms: [Atom]
  /// How many slots a residual may refer to.
  package let slotCount: Int

  package init(_ expression: CheckedExpression) {
    self.expression = expression
    var extraction = AtomExtraction()
    root = extraction.rewrite(expression.root, isCondition: true)
    atoms = extraction.atoms
    slotCount = extraction.slots
  }

  /// Evaluates what is known. Allocates nothing where the rule does not stand on the row, or has no value to compare with it.
  package func fold(
    _ bindings: any ExpressionBindings, budget: Int = CheckedExpression.budget
  ) -> FoldedRule {
    var evaluator = Evaluator(bindings, budget: budget)
    var shape = Shape()
    var values: [Value] = []
    if slotCount > 0 { values.reserveCapacity(slotCount) }
    for (place, atom) in atoms.enumerated() {
      do {
        if atom.isCondition {
          shape[place] = try evaluator.boolean(atom.node) ? .true : .false
        } else {
          let value = try evaluator.evaluate(atom.node).value
          if value.isNull {
            shape[place] = .null
            values.append(.null)
          } else if let parameter = value.parameter(of: atom.node.type) {
            shape[place] = .value
            values.append(parameter)
          } else {
            shape[place] = .failure
            values.append(.null)
          }
        }
      } catch {
        if error.code == .budget { return .constant(false) }
        shape[place] = .failure
        if !atom.isCondition { values.append(.null) }
      }
    }
    let judge = Judge(shape: shape, atoms: atoms)
    switch judge.isTrue(root) {
    case .yes: return .constant(true)
    case .no: return .constant(false)
    case .open: return .residual(shape, values)
    }
  }

  /// What is left of the expression when folding had that outcome. Made anew at each call: keep what is compiled of it.
  package func residual(for shape: Shape) -> ResidualExpression {
    let simplification = Simplification(shape: shape, atoms: atoms)
    return ResidualExpression(root: simplification.truth(root))
  }

  /// A residual in which nothing is known: to compile once when the contract loads, so that no request finds out first
  /// that a rule cannot be compiled. Conditions stand in slots behind those of the values.
  package var probe: ResidualExpression {
    var condition = slotCount
    func open(_ node: ExpressionNode) -> ExpressionNode {
      guard case .atom(let place) = node.kind, place < atoms.count else {
        return node.mappingChildren(open)
      }
      let atom = atoms[place]
      if !atom.isCondition { return node.replacing(.slot(atom.slot)) }
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
  case residual(Shape, [Value])
}

/// What is left to ask of the row.
package struct ResidualExpression: Sendable {
  package let root: ExpressionNode
  package init(root: ExpressionNode) { self.root = root }
}
