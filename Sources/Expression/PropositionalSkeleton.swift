import Base

/// A plan's logic without its operands, flat: what decides it from its known terms' outcomes. Walking it allocates and retains
/// nothing.
struct PropositionalSkeleton: Sendable {
  enum Operation: UInt8, Sendable {
    case yes, no
    case and, or, not
    case conditional
    /// A known term: a condition, or a value.
    case condition, value
    /// The literal null.
    case null
    /// An error whatever happens.
    case failure
    /// An error where an operand is one; else it depends on the row.
    case strict
    /// So too where an operand is null.
    case strictOnNull
    /// `in`: an error where an operand is one, or the list null.
    case membership
    /// Depends on the row.
    case open
  }

  struct Step: Sendable {
    var operation: Operation
    /// Of `condition` and `value`.
    var term: Int32 = 0
    /// Operands, in `operands`.
    var first: Int32 = 0
    var count: Int32 = 0
  }

  private(set) var steps: [Step] = []
  private(set) var operands: [Int32] = []
  private(set) var root: Int32 = 0

  init(_ node: ExpressionNode, terms: [RulePlan.KnownTerm]) { root = add(node, terms) }

  private mutating func add(_ node: ExpressionNode, _ terms: [RulePlan.KnownTerm]) -> Int32 {
    var step = Step(operation: PropositionalSkeleton.operation(node, terms))
    var parts: [ExpressionNode] = []
    switch node.kind {
    case .known(let place): step.term = Int32(truncatingIfNeeded: place)
    // What stands under a macro's variable is not decided here.
    case .macro(_, over: let range, level: _, _): parts = [range]
    default: if step.operation != .open { parts = node.kind.children }
    }
    let children = parts.map { add($0, terms) }
    step.first = Int32(truncatingIfNeeded: operands.count)
    step.count = Int32(truncatingIfNeeded: children.count)
    operands += children
    steps.append(step)
    return Int32(truncatingIfNeeded: steps.count - 1)
  }

  private static func operation(_ node: ExpressionNode, _ terms: [RulePlan.KnownTerm]) -> Operation {
    switch node.kind {
    case .literal(let value):
      switch value {
      case .null: return .null
      case .boolean(let constant): return constant ? .yes : .no
      default: return .open
      }
    case .failure: return .failure
    case .known(let place): return terms[place].isCondition ? .condition : .value
    case .and: return .and
    case .or: return .or
    case .not: return .not
    case .conditional: return .conditional
    case .binary(let operation, _, _):
      switch operation {
      case .equal, .notEqual: return .strict
      case .in: return .membership
      default: return .strictOnNull
      }
    case .negate, .call, .macro, .index, .matches: return .strictOnNull
    case .member, .has, .list: return .strict
    default: return .open
    }
  }
}
