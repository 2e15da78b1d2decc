import Base
import Store

/// A record as it stands, and what the caller may do with it.
struct StoredRecord {
  var record: Record
  var isReadable: Bool
  var isGranted: Bool
  /// Covers what a change of it comes to, where that is much.
  var lease: MemoryLease?
}

extension Engine {
  /// Reads a record whole, with the answers of the read rule and of the rule of what is asked. Nil where there is none.
  func storedRecord(
    _ key: [Value], grant: Grant, among which: Standing = .living, plan: ResourcePlan, facts: Facts, statements: inout Int
  ) async throws(Failure) -> StoredRecord? {
    let read = plan.read.grant(facts)
    let rules = try [read, grant].map { (grant: Grant) throws(Failure) in
      try grant.condition.map { (condition: Condition) throws(Failure) in try predicate(condition, on: plan.table) }
    }
    let statementKey = ReadStatementKey(
      resource: plan.number, kind: .state(which), selection: .all,
      visibility: [read.condition != nil, grant.condition != nil].map { $0 ? 1 : 0 },
      conditions: [read, grant].compactMap(\.condition?.key))
    let statement: ReadStatement
    if let known = self.statements.value(for: statementKey) {
      statement = known
    } else {
      let captures =
        plan.table.fields.indices.map { Projection.Captured.field($0) } + plan.reads.storedColumns.map { .column($0) }
        + rules.compactMap { $0.map { .predicate($0.predicate) } }
      statement = plan.reads.item(Projection(members: [], captures: captures), rule: nil, among: which)
      self.statements.insert(statement, for: statementKey)
    }
    statements += 1
    var rows: Rows
    do {
      let followsRelations = [read, grant].contains { $0.condition?.followsRelations == true }
      let store = session?.store(for: key, of: plan, followsRelations: followsRelations) ?? store
      rows = try await store.read(statement.query(rules.flatMap { $0?.values ?? [] } + key))
    } catch {
      throw Failure(error, statements: statements)
    }
    guard rows.count == 1 else { return nil }
    try coverChange(of: &rows)
    var place = 0
    let record = Record(plan.table, captured: rows.captured, start: &place, storedColumns: plan.reads.storedColumns.count)
    var answers = rows.captured[place...]
    let isReadable = read.condition == nil ? read.isAlways : answers.popFirst() == .boolean(true)
    let isGranted = grant.condition == nil ? grant.isAlways : answers.popFirst() == .boolean(true)
    return StoredRecord(record: record, isReadable: isReadable, isGranted: isGranted, lease: rows.lease)
  }

  /// Asks for what a change of records that were read comes to (or their history), before anything of it is made or sent.
  func coverChange(of rows: inout Rows) throws(Failure) {
    // What is not large itself makes no large change.
    guard let lease = rows.lease else { return }
    guard memory.cover(lease.bytes * 2 + JSONWeight.bytes(of: rows.captured), by: &rows.lease) else { throw .memory }
  }
}
