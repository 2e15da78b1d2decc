package import Base
import Synchronization

/// An expression prepared for folding: the parts that do not stand on the row ("atoms") are cut out once, and evaluated
/// for each request before anything is asked of the store.
package final class RulePlan: Sendable {
  struct Atom: Sendable {
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

  /// The atoms that nearly every rule has, asked of the bindings directly.
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
  /// The expression with atoms in it.
  let root: ExpressionNode
  let atoms: [Atom]
  private let skeleton: Skeleton
  /// How many slots a residual may refer to.
  package let slotCount: Int

  /// - Parameter liftingLiterals: literals become slots, so that expressions which differ in them alone are of one `form`.
  package init(_ expression: CheckedExpression, liftingLiterals: Bool = false) {
    self.expression = expression
    var extraction = AtomExtraction(liftsLiterals: liftingLiterals)
    root = extraction.rewrite(expression.root, isCondition: true)
    atoms = extraction.atoms
    skeleton = Skeleton(root, atoms: atoms)
    slotCount = extraction.slots
  }

  /// What its residuals depend on besides the shape: plans of one form have equal ones. Nil where that cannot be told.
  package var form: ExpressionForm? { ExpressionForm(root, atoms: atoms) }

  /// Evaluates what is known. Allocates nothing where the rule does not stand on the row, or has no value to compare with it.
  package func fold(
    _ bindings: any ExpressionBindings, budget: Int = CheckedExpression.budget
  ) -> FoldedRule {
    var shape = Shape()
    var values: [Value] = []
    if slotCount > 0 { values.reserveCapacity(slotCount) }
    var evaluator: Evaluator?
    for place in atoms.indices {
      switch atoms[place].shortcut {
      case .role(let name): shape[place] = bindings.hasRole(name) ? .true : .false
      case .callerID:
        if case .uuid(let id)? = bindings.caller(.id) {
          shape[place] = .value
          values.append(.uuid(id))
        } else {
          shape[place] = .failure
          values.append(.null)
        }
      case .none:
        var current = evaluator ?? Evaluator(bindings, budget: budget)
        guard fold(place, &current, &shape, &values) else { return .constant(false) }
        evaluator = current
      }
    }
    switch Judge(shape: shape, skeleton: skeleton).verdict {
    case .yes: return .constant(true)
    case .no: return .constant(false)
    case .open: return .residual(shape, values)
    }
  }

  /// Evaluates one atom. False where the budget is used up: then nothing is known, and the rule denies.
  private func fold(_ place: Int, _ evaluator: inout Evaluator, _ shape: inout Shape, _ values: inout [Value]) -> Bool {
    let atom = atoms[place]
    var value = Value.null
    do {
      if atom.isCondition {
        shape[place] = try evaluator.boolean(atom.node) ? .true : .false
      } else {
        value = try evaluator.evaluate(atom.node).value
        if value.isNull {
          shape[place] = .null
        } else if let parameter = value.parameter(of: atom.node.type) {
          shape[place] = .value
          value = parameter
        } else {
          shape[place] = .failure
          value = .null
        }
      }
    } catch {
      if error.code == .budget { return false }
      shape[place] = .failure
    }
    if !atom.isCondition { values.append(value) }
    return true
  }

  /// Residuals that are kept: a rule is met in few shapes.
  static let residualsMax = 32
  private let residuals = Mutex<[Shape: ResidualExpression]>([:])

  /// What is left of the expression when folding had that outcome.
  package func residual(for shape: Shape) -> ResidualExpression {
    if let known = residuals.withLock({ $0[shape] }) { return known }
    let residual = ResidualExpression(root: Simplification(shape: shape, atoms: atoms).truth(root))
    residuals.withLock { kept in
      if kept.count >= RulePlan.residualsMax { kept.removeAll() }
      kept[shape] = residual
    }
    return residual
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
