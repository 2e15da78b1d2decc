import Base
import Contract
import Store

extension Engine {
  /// A table that was there before may hold something else than what was written: generated columns, triggers, a column's own
  /// idea of a value. The answer, its ETag and the rules are about what is stored, and the answer must be known before the
  /// change is made, because it is kept with it. So the change is tried first, read, and undone.
  ///
  /// Where the trial does not go through, nothing is said here: the change itself meets the same refusal, after the rules.
  func foresee(_ change: inout Change, plan: ResourcePlan, facts: Facts, statements: inout Int) async throws(Failure) {
    guard !plan.table.isManaged, let sent = change.after else { return }
    var batch = ChangeBatch()
    try addWrite(change, plan: plan, to: &batch)
    let read = plan.wholeRow.prepared
    let columns = plan.table.allColumns
    batch.add(.row, .returning(read.statement, read.values(sent.key), kinds: columns.map(\.kind)))
    statements += batch.steps.count
    let outcome: WriteOutcome
    do {
      outcome = try await store.write(WriteBatch(batch.steps, isTrial: true))
    } catch {
      throw Failure(error, statements: statements)
    }
    guard case .tried(let rows) = outcome, let row = rows.last, row.count == columns.count else { return }
    change.sent = sent
    change.after = Record(plan.table, columns: Dictionary(zip(columns.map(\.name), row)) { first, _ in first })
  }
}
