import Base
import Expression

/// The caller, one row and, for a rule of a change, the row as it becomes.
struct RowBindings: ExpressionBindings {
  let caller: RandomCaller
  let record: (any ExpressionRecord)?
  let input: (any ExpressionRecord)?

  init(_ caller: RandomCaller, _ record: any ExpressionRecord, input: (any ExpressionRecord)? = nil) {
    self.caller = caller
    self.record = record
    self.input = input
  }

  func caller(_ member: ExpressionNode.CallerMember) -> Value? { caller.caller(member) }
  func hasRole(_ role: String) -> Bool { caller.hasRole(role) }
  func request(_ member: ExpressionNode.RequestMember) -> Value? { caller.request(member) }
  var now: Timestamp? { caller.now }
}
