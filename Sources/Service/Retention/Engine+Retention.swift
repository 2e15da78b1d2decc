import Base
import Contract
import Identity
import Store

/// How far one sweep over the records that are older than their resources keep them has come.
package struct RetentionSweep: Sendable {
  /// Among the resources that keep their records for a time.
  fileprivate var resource = 0
  /// The order's values of the last record that was looked at.
  fileprivate var last: [Value]?

  package init() {}
}

/// What one step of a sweep did.
package struct RetentionStep: Sendable {
  package let resource: String
  /// Records of the resource that are gone. What went along with them is not counted.
  package fileprivate(set) var deleted = 0
  /// Records that others keep, or that too many others would go with: they stay, and are looked at again by the next sweep.
  package fileprivate(set) var kept = 0
  /// Another process is at it.
  package fileprivate(set) var isTaken = false
}

/// Deletes what is older than `retain` and `partition.keep` say. See docs/decisions/013-retention.md.
extension Engine {
  /// Records of one step, each transaction of which holds no more.
  package static let retainedAtOnce = 20

  private enum Removal {
    case done, kept, taken
    /// Somebody changed it meanwhile.
    case stale
  }

  /// Takes the next step of a sweep; nil where it is over. The sweep then begins anew.
  package func retain(_ sweep: inout RetentionSweep) async throws(Failure) -> RetentionStep? {
    let due = plans.filter(\.resource.keepsForATime)
    while sweep.resource < due.count {
      let plan = due[sweep.resource]
      let records = try await aged(plan, after: sweep.last)
      guard let last = records.last else {
        sweep.resource += 1
        sweep.last = nil
        continue
      }
      sweep.last = plan.ageOrder.map { last.values[$0] }
      return try await retain(records, plan: plan)
    }
    sweep = RetentionSweep()
    return nil
  }

  private func aged(_ plan: ResourcePlan, after last: [Value]?) async throws(Failure) -> [Record] {
    guard let kept = plan.resource.keptFrom(at: clock.now) else { return [] }
    // Keys tell no time before 1970.
    let end = max(kept, Timestamp(microseconds: 0))
    let key = ReadStatementKey(
      resource: plan.number, kind: .aged(goesOn: last != nil), selection: .all, visibility: [], conditions: [])
    let statement: ReadStatement
    if let known = statements.value(for: key) {
      statement = known
    } else {
      statement = plan.reads.aged(plan.age, goesOn: last != nil, limit: Engine.retainedAtOnce)
      statements.insert(statement, for: key)
    }
    // The first key of that time.
    let bound = plan.age == .key ? Value.uuid(UUID.version7(at: end, random: (0, 0))) : .timestamp(end)
    var rows: Rows
    do {
      rows = try await store.read(statement.query((last ?? []) + [bound]))
    } catch {
      throw Failure(error, statements: 1)
    }
    try coverChange(of: &rows)
    var place = 0
    return (0..<rows.count).map { _ in
      Record(plan.table, captured: rows.captured, start: &place, storedColumns: plan.reads.storedColumns.count)
    }
  }

  /// All of them in one transaction; each in its own where that did not go through.
  private func retain(_ records: [Record], plan: ResourcePlan) async throws(Failure) -> RetentionStep {
    var step = RetentionStep(resource: plan.resource.name)
    switch try await remove(records, plan: plan) {
    case .done:
      step.deleted = records.count
      return step
    case .taken:
      step.isTaken = true
      return step
    case .kept, .stale: break
    }
    for record in records {
      switch try await remove([record], plan: plan) {
      case .done: step.deleted += 1
      case .kept: step.kept += 1
      case .taken:
        step.isTaken = true
        return step
      case .stale: break
      }
    }
    return step
  }

  private func remove(_ records: [Record], plan: ResourcePlan) async throws(Failure) -> Removal {
    let facts = Facts(caller: .anonymous, context: RequestContext(requestID: "", ip: "", method: "", time: clock.now))
    var statements = 0
    var batch = ChangeBatch()
    var removesUsers = false
    if let turn = engineStatements.retention.turn { batch.add(.key, .guarding(turn.statement, turn.values([]))) }
    for record in records {
      var change = Change(action: .delete, name: Change.Action.delete.rawValue, before: record)
      do throws(Failure) {
        change.cascade = try await cascade(of: record, plan: plan, facts: facts, isForGood: true, statements: &statements)
      } catch {
        guard error.code == .restricted else { throw error }
        return .kept
      }
      for gone in change.cascade?.going ?? [.init(plan: plan, before: record, after: nil)] { try await shortenHistory(gone) }
      try addGuards(change, plan: plan, facts: facts, to: &batch)
      try addWrite(change, plan: plan, to: &batch)
      addRetentionEvents(change, plan: plan, to: &batch)
      removesUsers = removesUsers || change.removesUsers(plan)
    }
    let outcome: WriteOutcome
    do {
      outcome = try await store.write(WriteBatch(batch.steps))
    } catch {
      throw Failure(error, statements: statements)
    }
    if removesUsers { directory.forget() }
    switch outcome {
    case .committed, .tried, .read: return .done
    case .foreignKeyViolation, .checkViolation: return .kept
    case .refused(let step, _): if case .key = batch.subject(step) { return .taken } else { return .stale }
    case .uniqueViolation, .unexpectedRows: return .stale
    }
  }

  /// The names that a record's events are kept under.
  private func subjects(_ gone: Cascade.Dependent) -> [[Value]] {
    ([gone.plan.resource.name] + (gone.plan.resource.was.map { [$0] } ?? [])).map {
      [.string($0), .string(KeyText.text(gone.before.key))]
    }
  }

  /// Empties the oldest events of a long history, a part at a time, so that the last transaction has few of them left.
  private func shortenHistory(_ gone: Cascade.Dependent) async throws(Failure) {
    let retention = engineStatements.retention
    for subject in subjects(gone) {
      do {
        while try await store.read(retention.isLong.query(subject)).count > 0 {
          let prepared = retention.eraseOldest
          _ = try await store.write(WriteBatch([.run(prepared.statement, prepared.values(subject), rows: nil)]))
        }
      } catch {
        throw Failure(error, statements: 1)
      }
    }
  }

  /// That they are gone is said, and nothing of what they were; nor do their earlier events say it any more.
  private func addRetentionEvents(_ change: Change, plan: ResourcePlan, to batch: inout ChangeBatch) {
    guard let root = change.before else { return }
    let cause = Value.string("\(plan.resource.name)/\(KeyText.text(root.key))")
    let erase = engineStatements.retention.erase
    for (place, gone) in (change.cascade?.going ?? [.init(plan: plan, before: root, after: nil)]).enumerated() {
      for subject in subjects(gone) { batch.add(.event, .run(erase.statement, erase.values(subject), rows: nil)) }
      addEvent(
        gone.plan, gone.before, nil, change.name, actor: nil, requestID: "",
        cause: place == 0 ? .string(Engine.retentionCause) : cause, isErased: true, to: &batch)
    }
    for cleared in change.cascade?.cleared ?? [] {
      addEvent(
        cleared.plan, cleared.before, cleared.after, Change.Action.update.rawValue, actor: nil, requestID: "", cause: cause, to: &batch)
    }
  }

  /// In an event's `cause`, where else the record stands whose deletion brought it about.
  package static let retentionCause = "retention"
}

extension ResourcePlan {
  fileprivate var age: ReadStatements.Age { resource.keyTellsTime ? .key : .creation }
  /// Places of the fields that order a sweep.
  fileprivate var ageOrder: [Int] { [age == .creation ? table.place("created_at") : nil, 0].compactMap(\.self) }
}
