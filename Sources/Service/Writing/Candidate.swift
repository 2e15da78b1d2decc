import Base
import Store

extension Engine {
  /// Whether conditions hold for a record as it would become. What speaks of the record alone is answered in memory; what
  /// follows relations is asked of the store, all in one statement.
  ///
  /// - Parameter before: the record as it was read, for rules of a change; without it they deny.
  func hold(
    _ conditions: [Condition], for record: Record, before: Record? = nil, plan: ResourcePlan, facts: Facts, statements: inout Int
  ) async throws(Failure) -> [Bool] {
    var answers: [Bool] = []
    var asked: [(place: Int, predicate: Predicate, values: [Value])] = []
    for (place, condition) in conditions.enumerated() {
      if let holds = condition.holds(for: record, before: before, facts: facts) {
        answers.append(holds)
      } else if condition.rule.isOfChange, before == nil {
        answers.append(false)
      } else if session?.leavesToGuards == true {
        answers.append(true)
      } else {
        let made = try predicate(condition, on: plan.table)
        asked.append((place, made.predicate, made.values))
        answers.append(false)
      }
    }
    guard !asked.isEmpty else { return answers }
    let stored = asked.contains { conditions[$0.place].rule.isOfChange } ? before : nil
    let key = ReadStatementKey(
      resource: plan.number, kind: .candidate, selection: .all, visibility: [], conditions: asked.map { conditions[$0.place].key })
    let statement: ReadStatement
    if let known = self.statements.value(for: key) {
      statement = known
    } else {
      statement = plan.reads.candidate(asked.map(\.predicate), ofChange: stored != nil)
      self.statements.insert(statement, for: key)
    }
    statements += 1
    let rows: Rows
    do {
      rows = try await store.read(statement.query(record.columnValues + (stored?.columnValues ?? []) + asked.flatMap(\.values)))
    } catch {
      throw Failure(error, statements: statements)
    }
    for (place, value) in zip(asked.map(\.place), rows.captured) { answers[place] = value == .boolean(true) }
    return answers
  }
}
