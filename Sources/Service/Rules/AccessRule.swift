import Contract
import Expression
import Identity
import Synchronization

/// One rule of the contract (or a list's filter), ready to be asked. What it needs of the caller is folded in first; what
/// is left speaks of the record only.
final class AccessRule: Sendable {
  enum Form: Sendable {
    case anyone, authenticated, nobody
    case roles([String])
    case rule(RulePlan)
  }

  /// Tells rules apart in cache keys.
  let number: Int
  let form: Form
  /// Whether it is asked of a change: `record` is the row as it is stored and `input` the row as it becomes. Else it is
  /// asked of one row, which both names mean.
  let isOfChange: Bool

  private static let lastNumber = Atomic<Int>(0)

  init(_ access: Access, ofChange: Bool = false) {
    isOfChange = ofChange
    number = AccessRule.lastNumber.wrappingAdd(1, ordering: .relaxed).newValue
    form =
      switch access {
      case .anyone: .anyone
      case .authenticated: .authenticated
      case .nobody: .nobody
      case .roles(let roles): .roles(roles)
      case .rule(let expression): .rule(RulePlan(expression))
      }
  }

  /// A filter's plan, under the number of another of its form, or a new one.
  init(_ plan: RulePlan, number: Int?) {
    isOfChange = false
    self.number = number ?? AccessRule.lastNumber.wrappingAdd(1, ordering: .relaxed).newValue
    form = .rule(plan)
  }

  static let anyone = AccessRule(.anyone)

  /// What the rule says to this caller before any record is looked at.
  func grant(_ facts: Facts) -> Grant {
    switch form {
    case .anyone: return .always
    case .authenticated: return facts.caller.isAuthenticated ? .always : .never
    case .nobody: return .never
    case .roles(let roles): return facts.caller.roles.contains(where: roles.contains) ? .always : .never
    case .rule(let plan):
      switch plan.fold(facts) {
      case .constant(let holds): return holds ? .always : .never
      case .residual(let outcomes, let values): return .when(Condition(rule: self, plan: plan, outcomes: outcomes, values: values))
      }
    }
  }
}

/// A rule's answer to a caller.
enum Grant: Sendable {
  case always, never
  /// Depends on the record.
  case when(Condition)

  var condition: Condition? { if case .when(let condition) = self { condition } else { nil } }
  var isNever: Bool { if case .never = self { true } else { false } }
  var isAlways: Bool { if case .always = self { true } else { false } }
}
