/// Decides an expression from its known terms' outcomes alone, where they decide it.
struct PartialEvaluation {
  enum Verdict {
    case yes, no, open
  }

  let outcomes: KnownOutcomes
  let skeleton: PropositionalSkeleton

  /// Whether the whole is true. `.no` is false or an error.
  var verdict: Verdict { ask(skeleton.root, true) }

  /// Whether it is `wanted`; `.no` is the other or an error.
  private func ask(_ place: Int32, _ wanted: Bool) -> Verdict {
    let step = skeleton.steps[Int(place)]
    switch step.operation {
    case .yes: return wanted ? .yes : .no
    case .no: return wanted ? .no : .yes
    case .null, .failure: return .no
    case .condition: return outcomes[Int(step.term)] == (wanted ? .true : .false) ? .yes : .no
    case .and: return wanted ? all(step, true) : any(step, false)
    case .or: return wanted ? any(step, true) : all(step, false)
    case .not: return ask(operand(step, 0), !wanted)
    case .conditional: return choose(step, wanted)
    case .value, .strict, .strictOnNull, .membership, .open: return fails(place) ? .no : .open
    }
  }

  private func operand(_ step: PropositionalSkeleton.Step, _ index: Int) -> Int32 { skeleton.operands[Int(step.first) + index] }

  private func all(_ step: PropositionalSkeleton.Step, _ wanted: Bool) -> Verdict {
    var result = Verdict.yes
    for index in 0..<Int(step.count) {
      switch ask(operand(step, index), wanted) {
      case .no: return .no
      case .open: result = .open
      case .yes: break
      }
    }
    return result
  }

  private func any(_ step: PropositionalSkeleton.Step, _ wanted: Bool) -> Verdict {
    var result = Verdict.no
    for index in 0..<Int(step.count) {
      switch ask(operand(step, index), wanted) {
      case .yes: return .yes
      case .open: result = .open
      case .no: break
      }
    }
    return result
  }

  private func choose(_ step: PropositionalSkeleton.Step, _ wanted: Bool) -> Verdict {
    let (test, then, otherwise) = (operand(step, 0), operand(step, 1), operand(step, 2))
    let (holds, fails) = (ask(test, true), ask(test, false))
    if holds == .yes { return ask(then, wanted) }
    if fails == .yes { return ask(otherwise, wanted) }
    if holds == .no, fails == .no { return .no }
    // The test is open: what both branches refuse is refused.
    return ask(then, wanted) == .no && ask(otherwise, wanted) == .no ? .no : .open
  }

  /// Whether it is an error whatever the row holds. False where that is not known.
  private func fails(_ place: Int32) -> Bool {
    let step = skeleton.steps[Int(place)]
    switch step.operation {
    case .failure: return true
    case .condition, .value: return outcomes[Int(step.term)] == .failure
    case .strict, .strictOnNull, .membership:
      for index in 0..<Int(step.count) {
        let operand = operand(step, index)
        if fails(operand) { return true }
        let isStrict = step.operation == .strictOnNull || step.operation == .membership && index == 1
        if isStrict, isNull(operand) { return true }
      }
      return false
    case .yes, .no, .and, .or, .not, .conditional, .null, .open: return false
    }
  }

  private func isNull(_ place: Int32) -> Bool {
    let step = skeleton.steps[Int(place)]
    switch step.operation {
    case .null: return true
    case .value: return outcomes[Int(step.term)] == .null
    default: return false
    }
  }
}
