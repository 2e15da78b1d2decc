import Base
import Contract
import JSON
import Store

/// How much an import commits at once.
struct ImportSizes: Sendable {
  var rowsMax = 256
  /// What they come to in memory.
  var bytesMax = 2 << 20
  /// Statements of one transaction.
  var stepsMax = 2_000
}

/// An import under way.
///
/// Records are worked out in memory and sent in groups, one transaction each. What only the store can say of a record (whether a ref
/// leads somewhere, a rule over relations holds, a value is taken) is asked by the guards in that transaction, where every record meets
/// what those before it did. A group that does not go through ends before the record that held it up; that one is then worked out by
/// itself, as a single request is, and made or refused.
struct ImportRun {
  private let engine: Engine
  private let order: RecordImport
  private let plan: ResourcePlan
  private let facts: Facts
  private let grant: Grant
  private let operation: Operation
  let scope: [UInt8]?
  private let sizes: ImportSizes
  private var rows: ImportRows
  private var progress = ImportProgress()
  /// What is kept of it in the store; nil: nothing yet.
  private var keptMark: String?
  /// Records of the next group.
  private var groupRows: Int
  /// A table of others may change what is written, or number its rows: each record is worked out against what is stored.
  private var isOneByOne: Bool { !plan.table.isManaged || plan.isKeyNumbered }

  /// What a record comes to beside its text.
  private static let rowBytes = 512
  /// How long a group waits for memory.
  static let pauseMax: Duration = .seconds(10)

  init(
    _ engine: Engine, _ order: RecordImport, plan: ResourcePlan, facts: Facts, grant: Grant, rows: ImportRows, scope: [UInt8]?,
    sizes: ImportSizes
  ) {
    self.engine = engine
    self.order = order
    self.plan = plan
    self.facts = facts
    self.grant = grant
    self.rows = rows
    self.scope = scope
    self.sizes = sizes
    operation = Operation(.create, resource: order.resource, caller: order.caller, context: order.context)
    groupRows = sizes.rowsMax
  }

  mutating func answer() async throws(Failure) -> Answer {
    do throws(Failure) {
      if let replayed = try await takeUp() { return replayed }
      var lease: MemoryLease?
      while let group = try await gather(&lease) { try await commit(group) }
      try await finish()
    } catch {
      throw progress.ending(error)
    }
    var answer = Answer(.ok)
    answer.body = progress.body
    answer.lease = engine.memory.count(answer.body.count)
    return answer
  }

  // MARK: An import that was there before

  /// Passes over what was done under this key.
  ///
  /// - Returns: the answer, where that was all of it.
  private mutating func takeUp() async throws(Failure) -> Answer? {
    guard let idempotency = order.idempotency, let scope, let kept = try await engine.keptImport(idempotency, scope: scope) else {
      return nil
    }
    var passed = ImportProgress()
    while passed.counts.records < kept.progress.counts.records {
      guard let row = try await rows.next() else { throw Engine.otherImport }
      passed.add(row)
    }
    guard passed.digestText == kept.digest else { throw Engine.otherImport }
    progress = kept.progress
    progress.digest = passed.digest
    keptMark = progress.mark
    order.onProgress?(progress.counts)
    guard kept.isWhole else { return nil }
    guard try await rows.next() == nil else { throw Engine.otherImport }
    var answer = Answer(.ok)
    answer.body = progress.body
    answer.isReplayed = true
    return answer
  }

  // MARK: Groups

  /// The next records; nil at the end.
  private mutating func gather(_ lease: inout MemoryLease?) async throws(Failure) -> [ImportRow]? {
    var group: [ImportRow] = []
    var bytes = 0
    while group.count < sizes.rowsMax, bytes < sizes.bytesMax {
      let row: ImportRow?
      do throws(Failure) {
        row = try await rows.next()
      } catch {
        // What came before is made all the same.
        if !group.isEmpty { try await commit(group) }
        throw error
      }
      guard let row else { break }
      bytes += max(JSONWeight.bytes(of: row.text), row.text.count * JSONWeight.perByte + ImportRun.rowBytes)
      group.append(row)
    }
    if group.isEmpty { return nil }
    let started = engine.clock.monotonicNanoseconds
    var pause = Backoff(firstMilliseconds: 20, lastMilliseconds: 500)
    while !engine.memory.cover(bytes, by: &lease) {
      let isLate = .nanoseconds(Int64(clamping: engine.clock.monotonicNanoseconds &- started)) >= ImportRun.pauseMax
      guard !isLate, await engine.clock.sleep(for: .milliseconds(pause.next(engine.random))) else { throw .memory }
    }
    return group
  }

  private mutating func commit(_ group: [ImportRow]) async throws(Failure) {
    var rest = group[...]
    while !rest.isEmpty {
      if isOneByOne || groupRows == 1 {
        rest = rest.dropFirst(try await commitFirst(rest))
      } else {
        rest = rest.dropFirst(try await commitSome(rest.prefix(groupRows)))
      }
      order.onProgress?(progress.counts)
    }
  }

  /// Works out as many of these as fit one transaction, and commits them.
  ///
  /// - Returns: how many are done; none where the group is to be smaller.
  private mutating func commitSome(_ some: ArraySlice<ImportRow>) async throws(Failure) -> Int {
    let session = BatchSession(engine.store, leavesToGuards: true)
    let worker = Engine(engine, session: session)
    var next = progress
    var done = 0
    var refusal: (row: ImportRow, failure: Failure)?
    for row in some {
      session.begin(done)
      do throws(Failure) {
        try await work(out: row, by: worker)
        next.counts.created += 1
      } catch {
        guard error.code.status < 500 else { throw error }
        if order.isStrict {
          refusal = (row, error)
          break
        }
        next.refuse(row, error)
      }
      next.add(row)
      done += 1
      if session.steps.count >= sizes.stepsMax { break }
    }
    guard !session.steps.isEmpty else {
      progress = next
      if let refusal { throw ended(refusal.row, refusal.failure) }
      return done
    }
    let (outcome, keptSteps) = try await send(session, next)
    if case .committed = outcome {
      commit(next)
      if let refusal { throw ended(refusal.row, refusal.failure) }
      return done
    }
    if let step = outcome.step, step < keptSteps { return try await catchUp(some) }
    let place = outcome.step.flatMap { session.change(at: $0 - keptSteps)?.operation } ?? 0
    groupRows = max(1, place)
    return 0
  }

  /// The first of these by itself, as a request that makes one.
  ///
  /// - Returns: how many are done.
  private mutating func commitFirst(_ rest: ArraySlice<ImportRow>) async throws(Failure) -> Int {
    guard let row = rest.first else { return 0 }
    var next = progress
    next.add(row)
    next.counts.created += 1
    let made = next
    let turn = plan.isKeyNumbered ? ChangeTurn(resource: plan.number, key: []) : nil
    var statements = 0
    do throws(Failure) {
      let what = "this record of \(plan.resource.name)"
      let isMade = try await engine.untilFirst(turn, of: what, statements: &statements) { statements async throws(Failure) in
        try await self.attempt(row, made, statements: &statements)
      }
      guard isMade else { return try await catchUp(rest) }
      commit(made)
    } catch {
      guard error.code.status < 500, error.code != .idempotencyInFlight else { throw error }
      if order.isStrict { throw ended(row, error) }
      progress.add(row)
      progress.refuse(row, error)
    }
    return 1
  }

  /// Somebody else has moved what is kept of this import: as a rule a request before this one, whose client left while a group was
  /// on its way to the store. What that did is passed over.
  ///
  /// - Parameter rest: the records that come next.
  /// - Returns: how many of them are done.
  private mutating func catchUp(_ rest: ArraySlice<ImportRow>) async throws(Failure) -> Int {
    guard let idempotency = order.idempotency, let scope, let kept = try await engine.keptImport(idempotency, scope: scope),
      !kept.isWhole
    else { throw overtaken }
    var passed = progress
    var done = 0
    while passed.counts.records < kept.progress.counts.records {
      let row = done < rest.count ? rest[rest.startIndex + done] : try await rows.next()
      guard let row else { throw Engine.otherImport }
      passed.add(row)
      done += 1
    }
    guard done > 0, passed.digestText == kept.digest else { throw done > 0 ? Engine.otherImport : overtaken }
    progress = kept.progress
    progress.digest = passed.digest
    keptMark = progress.mark
    return min(done, rest.count)
  }

  /// Nil where somebody else was first; false where what is kept of the import is not as it was left.
  private func attempt(_ row: ImportRow, _ next: ImportProgress, statements: inout Int) async throws(Failure) -> Bool? {
    let session = BatchSession(engine.store)
    let worker = Engine(engine, session: session)
    try await work(out: row, by: worker)
    let (outcome, keptSteps) = try await send(session, next)
    if case .committed = outcome { return true }
    guard let step = outcome.step, step >= keptSteps, let pending = session.change(at: step - keptSteps) else { return false }
    do throws(Failure) {
      _ = try await engine.result(
        of: outcome.after(keptSteps), pending.change, pending.batch, plan: plan, facts: facts, statements: &statements)
      return nil
    } catch {
      if error.code == .unique, plan.isKeyNumbered, error.isOfKey { return nil }
      throw error
    }
  }

  private func work(out row: ImportRow, by worker: Engine) async throws(Failure) {
    if let failure = row.failure { throw failure }
    let body = try InputReader.object(row.text)
    var statements = 0
    _ = try await worker.attemptCreation(
      body, key: nil, operation, plan: plan, facts: facts, grant: grant, isImport: true, passesOverKept: order.isLenient,
      statements: &statements)
  }

  /// Sends what was worked out, and with it how far the import is then.
  private func send(_ session: BatchSession, _ next: ImportProgress) async throws(Failure) -> (outcome: WriteOutcome, keptSteps: Int) {
    let kept = keepSteps(next, isWhole: false)
    do {
      return (try await engine.store.write(WriteBatch(kept + session.steps, receipt: order.context.receipt)), kept.count)
    } catch {
      throw Failure(error, statements: kept.count + session.steps.count)
    }
  }

  private mutating func commit(_ next: ImportProgress) {
    progress = next
    if scope != nil { keptMark = next.mark }
    groupRows = min(sizes.rowsMax, groupRows * 2)
  }

  private mutating func finish() async throws(Failure) {
    // What had no effect is not kept.
    guard progress.counts.created > 0 || keptMark != nil else { return }
    let steps = keepSteps(progress, isWhole: true)
    guard !steps.isEmpty else { return }
    do {
      guard case .committed = try await engine.store.write(WriteBatch(steps)) else { throw overtaken }
    } catch let error as StoreError {
      throw Failure(error, statements: 1)
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(.internal, "")
    }
  }

  // MARK: What is kept

  private func keepSteps(_ next: ImportProgress, isWhole: Bool) -> [WriteBatch.Step] {
    guard let idempotency = order.idempotency, let scope else { return [] }
    let status = Value.integer(Int64(isWhole ? Answer.Status.ok.rawValue : ImportProgress.unfinishedStatus))
    let state: [Value] = [.string(next.mark), .string(next.digestText), .bytes(next.body), .timestamp(engine.clock.now)]
    guard let keptMark else {
      let keep = engine.engineStatements.keepAnswer
      return [.run(keep.statement, keep.values([.bytes(scope), .bytes(idempotency.fingerprint), status] + state), rows: nil)]
    }
    let move = engine.engineStatements.moveAnswer
    return [.run(move.statement, move.values([status] + state + [.bytes(scope), .string(keptMark)]), rows: 1)]
  }

  /// The same import is under way elsewhere.
  private var overtaken: Failure {
    Failure(.idempotencyInFlight, "An import with this Idempotency-Key is still being carried out")
  }

  /// The failure of a record as that of the whole.
  private func ended(_ row: ImportRow, _ failure: Failure) -> Failure {
    var failure = failure
    failure.members.append(("line", Array(String(row.line).utf8)))
    return failure
  }
}
