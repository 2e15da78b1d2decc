import Base

/// Decides an expression from its atoms' outcomes alone, where they decide it. Allocates nothing.
struct Judge {
  enum Verdict {
    case yes, no, open
  }

  let shape: Shape
  let atoms: [RulePlan.Atom]

  /// Whether it is true. `.no` is false or an error.
  func isTrue(_ node: ExpressionNode) -> Verdict {
    switch node.kind {
    case .literal(.boolean(let value)): return value ? .yes : .no
    case .literal, .failure: return .no
    case .atom(let place):
      guard atoms[place].isCondition else { return fails(node) ? .no : .open }
      return shape[place] == .true ? .yes : .no
    case .and(let parts): return all(parts, isTrue)
    case .or(let parts): return any(parts, isTrue)
    case .not(let operand): return isFalse(operand)
    case .conditional(let test, let a, let b): return choose(test, { isTrue(a) }, { isTrue(b) })
    default: return fails(node) ? .no : .open
    }
  }

  /// Whether it is false. `.no` is true or an error.
  func isFalse(_ node: ExpressionNode) -> Verdict {
    switch node.kind {
    case .literal(.boolean(let value)): return value ? .no : .yes
    case .literal, .failure: return .no
    case .atom(let place):
      guard atoms[place].isCondition else { return fails(node) ? .no : .open }
      return shape[place] == .false ? .yes : .no
    case .and(let parts): return any(parts, isFalse)
    case .or(let parts): return all(parts, isFalse)
    case .not(let operand): return isTrue(operand)
    case .conditional(let test, let a, let b): return choose(test, { isFalse(a) }, { isFalse(b) })
    default: return fails(node) ? .no : .open
    }
  }

  private func all(_ parts: [ExpressionNode], _ ask: (ExpressionNode) -> Verdict) -> Verdict {
    var result = Verdict.yes
    for part in parts {
      switch ask(part) {
      case .no: return .no
      case .open: result = .open
      case .yes: break
      }
    }
    return result
  }

  private func any(_ parts: [ExpressionNode], _ ask: (ExpressionNode) -> Verdict) -> Verdict {
    var result = Verdict.no
    for part in parts {
      switch ask(part) {
      case .yes: return .yes
      case .open: result = .open
      case .no: break
      }
    }
    return result
  }

  private func choose(_ test: ExpressionNode, _ a: () -> Verdict, _ b: () -> Verdict) -> Verdict {
    let (holds, fails) = (isTrue(test), isFalse(test))
    if holds == .yes { return a() }
    if fails == .yes { return b() }
    if holds == .no, fails == .no { return .no }
    // The test is open: what both branches refuse is refused.
    return a() == .no && b() == .no ? .no : .open
  }

  /// Whether it is an error whatever the row holds. False where that is not known.
  func fails(_ node: ExpressionNode) -> Bool {
    switch node.kind {
    case .failure: true
    case .atom(let place): shape[place] == .failure
    case .binary(let operation, let a, let b):
      fails(a) || fails(b) || operation != .equal && operation != .notEqual && operation != .in && (isNull(a) || isNull(b))
        || operation == .in && isNull(b)
    case .negate(let a): fails(a) || isNull(a)
    case .call(_, let arguments): arguments.contains { fails($0) || isNull($0) }
    case .member(let a, _), .has(let a): fails(a)
    case .macro(_, let range, _, _): fails(range) || isNull(range)
    case .list(let items): items.contains(where: fails)
    default: false
    }
  }

  private func isNull(_ node: ExpressionNode) -> Bool {
    switch node.kind {
    case .literal(.null): true
    case .atom(let place): !atoms[place].isCondition && shape[place] == .null
    default: false
    }
  }
}
