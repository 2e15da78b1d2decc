import Contract
import Expression

/// The rule of updates. One that names `record` alone is asked twice, of the record as it is stored and of what it becomes.
/// One that names `input` is asked once, of both; what it needs of the stored record alone is asked beforehand.
struct UpdateRule: Sendable {
  /// As the contract has it.
  let rule: AccessRule
  /// What the stored record must fulfil whatever is sent. The rule itself where it does not name `input`.
  let stored: AccessRule

  init(_ access: Access) {
    if case .rule(let expression) = access, expression.namesInput {
      rule = AccessRule(access, ofChange: true)
      stored = AccessRule(.rule(expression.ofRecordAlone))
    } else {
      rule = AccessRule(access)
      stored = rule
    }
  }

  /// A rule that is asked of the stored record alone.
  init(_ rule: AccessRule) {
    self.rule = rule
    stored = rule
  }
}
