import Base
import Contract
import Identity
import Store

/// One change of one record, worked out: what is written, and what must still be true when it is.
struct Change {
  enum Action: String { case create, update, delete }

  var action: Action
  /// The transition's or the action's name, as events carry it.
  var name: String
  var before: Record?
  /// As the record becomes, with what the database itself adds; nil where its row goes.
  var after: Record?
  /// What is written; nil where that is `after`.
  var sent: Record?
  /// Conditions on the stored row, checked again in the transaction.
  var storedConditions: [Condition] = []
  /// Conditions on the row as it becomes, checked again in the transaction where they follow relations.
  var candidateConditions: [Condition] = []
  /// Places of refs that were set.
  var references: [Int] = []
  /// What a deletion changes besides.
  var cascade: Cascade?
  /// A record that a PUT makes, because it found none.
  var isPut = false
  /// Covers it, where the stored record is large.
  var lease: MemoryLease?
}

extension Change {
  /// Whether callers may go with it, or come back.
  func removesUsers(_ plan: ResourcePlan) -> Bool {
    guard action == .delete || name == Resource.restoring else { return false }
    return plan.resource.isUsers || cascade?.going.contains { $0.plan.resource.isUsers } == true
  }
}

/// What a statement's text depends on.
struct ChangeKey: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    case insert([Int])
    case update([Int], unchanged: [String], nulls: [Bool])
    case delete(unchanged: [String], nulls: [Bool])
    case lock(unchanged: [String], nulls: [Bool], isDeleted: Bool)
    case census(Int, Standing)
    case reference(Condition.Key?)
    case row(Condition.Key)
    case candidate(Condition.Key)
    case anchor(Condition.Key, Int, RuleRow)
    case member
  }
  var resource: Int
  var kind: Kind
}

/// How the store's outcome reads for a change.
enum ChangeResult {
  case done
  /// Somebody else was first: read again.
  case stale
  /// The idempotency key has an answer already.
  case keyTaken
}

extension Engine {
  /// Sends a change with its event and its idempotency record as one batch.
  func commit(
    _ change: Change, plan: ResourcePlan, facts: Facts, operation: Operation, answer: Answer, statements: inout Int
  ) async throws(Failure) -> ChangeResult {
    var batch = ChangeBatch()
    if let idempotency = operation.idempotency {
      batch.add(.key, .run(engineStatements.keepAnswer.statement, answerValues(idempotency, operation, answer), rows: nil))
    }
    try addGuards(change, plan: plan, facts: facts, to: &batch)
    try addWrite(change, plan: plan, to: &batch)
    addEvents(change, plan: plan, facts: facts, to: &batch)
    statements += batch.steps.count
    if let session {
      session.add(PendingChange(change: change, batch: batch, plan: plan, facts: facts))
      return .done
    }
    let outcome: WriteOutcome
    do {
      outcome = try await store.write(WriteBatch(batch.steps, receipt: operation.context.receipt))
    } catch {
      throw Failure(error, statements: statements)
    }
    if change.removesUsers(plan) { directory.forget() }
    return try await result(of: outcome, change, batch, plan: plan, facts: facts, statements: &statements)
  }

  /// The stored row is held first where guards hold others, or others go with it: writers of one row then wait for each
  /// other before they hold anything else, and not for what the other holds.
  private func addLock(_ change: Change, plan: ResourcePlan, facts: Facts, to batch: inout ChangeBatch) {
    guard let before = change.before else { return }
    let holdsOthers =
      (change.storedConditions + change.candidateConditions).contains(where: \.followsRelations)
      || change.references.contains { place in
        plan.table.fields[place].reference.flatMap { self.plan(of: $0.resource) }?.read.grant(facts).condition != nil
      }
    guard change.cascade != nil || holdsOthers && store.dialect == .postgres else { return }
    addLock(plan, before, isDeleted: change.action == .delete, to: &batch)
  }

  /// A row that is as it was read, and stays so until the batch ends.
  func addLock(_ plan: ResourcePlan, _ record: Record, isDeleted: Bool, to batch: inout ChangeBatch) {
    let (unchanged, values) = plan.unchanged(record)
    let kind = ChangeKey.Kind.lock(unchanged: unchanged.map(\.column.name), nulls: unchanged.map(\.isNull), isDeleted: isDeleted)
    let prepared = prepared(ChangeKey(resource: plan.number, kind: kind)) {
      plan.writes.rowLock(unchanged: unchanged, isDeleted: isDeleted)
    }
    batch.add(.rule, .guarding(prepared.statement, prepared.values(values + record.key)))
  }

  func addGuards(_ change: Change, plan: ResourcePlan, facts: Facts, to batch: inout ChangeBatch) throws(Failure) {
    addLock(change, plan: plan, facts: facts, to: &batch)
    if let cascade = change.cascade { addCascadeGuards(cascade, to: &batch) }
    try addAnchors(change, plan: plan, facts: facts, to: &batch)
    for place in change.references {
      guard let reference = plan.table.fields[place].reference, let target = self.plan(of: reference.resource),
        let value = change.after?.values[place], !value.isNull
      else { continue }
      // The caller's own row is there: it was made when the token was verified.
      if target.resource.isUsers, case .uuid(let id) = value, id == facts.caller.id { continue }
      let grant = target.read.grant(facts)
      guard !grant.isNever else { throw ChangeBatch.brokenReference(plan, place) }
      let rule = try grant.condition.map { (condition: Condition) throws(Failure) in try heldPredicate(condition, on: target.table) }
      let prepared = prepared(ChangeKey(resource: target.number, kind: .reference(grant.condition?.key))) {
        target.writes.referenceGuard(rule: rule?.predicate)
      }
      batch.add(.reference(place), .guarding(prepared.statement, prepared.values([value] + (rule?.values ?? []))))
    }
    if let before = change.before {
      for condition in change.storedConditions {
        let rule = try heldPredicate(condition, on: plan.table)
        let prepared = prepared(ChangeKey(resource: plan.number, kind: .row(condition.key))) { plan.writes.rowGuard(rule.predicate) }
        batch.add(.rule, .guarding(prepared.statement, prepared.values(rule.values + before.key)))
      }
    }
    if let after = change.after {
      // What is answered in memory stands as long as the stored row does, and the write says which one that is.
      for condition in change.candidateConditions where condition.holds(for: after, before: change.before, facts: facts) == nil {
        let rule = try heldPredicate(condition, on: plan.table)
        let isOfChange = condition.rule.isOfChange
        let prepared = prepared(ChangeKey(resource: plan.number, kind: .candidate(condition.key))) {
          plan.writes.candidateGuard(rule.predicate, ofChange: isOfChange)
        }
        let values = after.columnValues + rule.values + (isOfChange ? change.before?.key ?? [] : [])
        batch.add(.rule, .guarding(prepared.statement, prepared.values(values)))
      }
    }
  }

  func addWrite(_ change: Change, plan: ResourcePlan, to batch: inout ChangeBatch) throws(Failure) {
    switch (change.before, change.after) {
    case (nil, let after?):
      let sent = change.sent ?? after
      let columns = plan.table.allColumns
      var values = sent.columnValues
      if !plan.generatedColumns.isEmpty {
        values = zip(columns, values).filter { !plan.generatedColumns.contains($0.0.name) }.map(\.1)
      }
      let prepared = prepared(ChangeKey(resource: plan.number, kind: .insert([]))) {
        plan.writes.insert(columns.filter { !plan.generatedColumns.contains($0.name) }, returningKey: false)
      }
      batch.add(.row, .run(prepared.statement, prepared.values(values), rows: 1))
    case (let before?, let after?):
      addUpdate(before, change.sent ?? after, plan: plan, to: &batch)
      if let cascade = change.cascade { addCascadeWrites(cascade, to: &batch) }
    case (let before?, nil):
      if let cascade = change.cascade { addCascadeWrites(cascade, to: &batch) }
      let (unchanged, values) = plan.unchanged(before)
      let kind = ChangeKey.Kind.delete(unchanged: unchanged.map(\.column.name), nulls: unchanged.map(\.isNull))
      let prepared = prepared(ChangeKey(resource: plan.number, kind: kind)) { plan.writes.delete(unchanged: unchanged) }
      // In a circle of records the last one's deletion may have taken this one along already: its guard has seen it.
      batch.add(.row, .run(prepared.statement, prepared.values(before.key + values), rows: change.cascade == nil ? 1 : nil))
    case (nil, nil): break
    }
  }

  func addUpdate(_ before: Record, _ after: Record, plan: ResourcePlan, to batch: inout ChangeBatch) {
    let places = plan.table.fields.indices.filter {
      $0 > 0 && before.values[$0] != after.values[$0] && plan.table.fields[$0].field?.isGenerated != true
    }
    let (unchanged, values) = plan.unchanged(before)
    let kind = ChangeKey.Kind.update(places, unchanged: unchanged.map(\.column.name), nulls: unchanged.map(\.isNull))
    let prepared = prepared(ChangeKey(resource: plan.number, kind: kind)) {
      plan.writes.update(places.flatMap { plan.table.fields[$0].columns }, unchanged: unchanged)
    }
    let new = places.flatMap { Record.columnValues(after.values[$0], of: plan.table.fields[$0]) }
    batch.add(.row, .run(prepared.statement, prepared.values(new + before.key + values), rows: 1))
  }

  func prepared(_ key: ChangeKey, make: () -> PreparedSQL) -> PreparedSQL {
    if let known = changes.value(for: key) { return known }
    let made = make()
    changes.insert(made, for: key)
    return made
  }

  func answerValues(_ idempotency: Idempotency, _ operation: Operation, _ answer: Answer) -> [Value] {
    engineStatements.keepAnswer.values([
      .bytes(scope(of: idempotency, operation)), .bytes(idempotency.fingerprint), .integer(Int64(answer.status.rawValue)),
      answer.etag.map { .string($0) } ?? .null, answer.location.map { .string($0) } ?? .null, .bytes(answer.body),
      .timestamp(clock.now),
    ])
  }

  /// The change's event, then those of the changes that it caused.
  private func addEvents(_ change: Change, plan: ResourcePlan, facts: Facts, to batch: inout ChangeBatch) {
    func add(_ plan: ResourcePlan, _ before: Record?, _ after: Record?, _ name: String, cause: Value) {
      addEvent(
        plan, before, after, name, actor: facts.caller.id, requestID: facts.context.requestID, cause: cause, to: &batch)
    }
    add(plan, change.before, change.after, change.name, cause: .null)
    guard let cascade = change.cascade else { return }
    let cause = Value.string("\(plan.resource.name)/\(KeyText.text(change.before?.key ?? []))")
    for dependent in cascade.going.dropFirst() { add(dependent.plan, dependent.before, dependent.after, change.name, cause: cause) }
    for cleared in cascade.cleared { add(cleared.plan, cleared.before, cleared.after, Change.Action.update.rawValue, cause: cause) }
  }

  /// One change of one record, as an event.
  ///
  /// - Parameter isErased: what it was before is not said.
  func addEvent(
    _ plan: ResourcePlan, _ before: Record?, _ after: Record?, _ name: String, actor: UUID?, requestID: String, cause: Value = .null,
    isErased: Bool = false, to batch: inout ChangeBatch
  ) {
    let record = after ?? before
    var time = Value.timestamp(changeTime(after: before))
    if plan.resource.storage.isManaged, let after { time = after["updated_at"] }
    let prepared = plan.areEventsInOrder ? engineStatements.recordEvent : engineStatements.recordEventAfterLast
    let values = prepared.values([
      .string(plan.resource.name), .string(KeyText.text(record?.key ?? [])), record?.revision.map { .integer($0) } ?? .null,
      .string(name), actor.map { .uuid($0) } ?? .null, .string(requestID), time,
      before.map { .json(isErased ? Array("{}".utf8) : after.map($0.eventJSON(replacedBy:)) ?? $0.eventJSON) } ?? .null,
      after.map { .json($0.eventJSON) } ?? .null, .integer(plan.table.shape.number), cause,
    ])
    // One row of values into a table of ours, where nothing may take it away: it is there, or the statement fails.
    batch.add(.event, .run(prepared.statement, values, rows: nil))
  }

  /// When a record changes: now, but later than it changed last, so that its events and its own `updated_at` have one order
  /// whatever the clocks of several machines say.
  func changeTime(after before: Record?) -> Timestamp {
    let now = clock.now
    guard let before, before.table.isManaged, case .timestamp(let last) = before["updated_at"], last < .maximum else { return now }
    return max(now, Timestamp(microseconds: last.microseconds + 1))
  }
}

extension ResourcePlan {
  /// What must still stand in the row: its revision, or all of it where it has none.
  func unchanged(_ record: Record) -> ([WriteStatements.Unchanged], [Value]) {
    if let place = table.place("revision"), table.hasRevision {
      return ([WriteStatements.Unchanged(column: table.fields[place].columns[0], isNull: false)], [record.values[place]])
    }
    var unchanged: [WriteStatements.Unchanged] = []
    var values: [Value] = []
    for (column, value) in record.stored.map({ zip(reads.storedColumns, $0) }) ?? zip(table.allColumns, record.columnValues) {
      unchanged.append(WriteStatements.Unchanged(column: column, isNull: value.isNull))
      if !value.isNull { values.append(value) }
    }
    return (unchanged, values)
  }

  /// Whether `changeTime` is known to follow the time of the record's last event. It is not where another program may have
  /// moved `updated_at`, and where another record may have been there before under the same key.
  var areEventsInOrder: Bool { resource.storage.isManaged && resource.storage.hasOwnKey && !resource.clientChoosesID }
}

extension FieldLayout {
  /// Whether an event says what a change replaced in it. What the engine keeps beside that stands in the event itself.
  var isOfChange: Bool { field != nil || name == Resource.deletedMember }
}

extension Record {
  /// The whole record for its event; secrets stay out.
  var eventJSON: [UInt8] { eventJSON(table.fields.indices.filter { !table.fields[$0].isSecret }) }

  /// The values of fields that have others in `next`.
  func eventJSON(replacedBy next: Record) -> [UInt8] {
    eventJSON(
      table.fields.indices.filter {
        table.fields[$0].isOfChange && !table.fields[$0].isSecret && values[$0] != next.values[$0]
      })
  }

  private func eventJSON(_ places: [Int]) -> [UInt8] {
    var out: [UInt8] = []
    RecordWriter.append(self, places: places, to: &out)
    out.append(UInt8(ascii: "}"))
    return out
  }
}
