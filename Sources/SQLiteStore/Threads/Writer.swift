import Base
import CSQLite
import Store
import Synchronization

/// What the writer thread does.
enum WriteWork: Sendable {
  case batch(WriteBatch)
  case define([String])
  /// A commit that changes nothing, to see whether one goes through.
  case probe
  /// Something short that is done between two commits; it is told how many pages the log holds.
  case between(@Sendable (_ logPages: Int) -> Void)
}

/// What comes of it. A definition that went well is `.committed([])`.
typealias WriteJob = Job<WriteWork, WriteOutcome>

/// Figures and state that the writer shares with everybody.
final class WriterState: Sendable {
  let commits = Atomic<Int>(0)
  let batches = Atomic<Int>(0)
  let lastGroup = Atomic<Int>(0)
  /// Why no write is possible any more.
  let failure = Mutex<StoreError?>(nil)
  let hasFailed = Atomic<Bool>(false)
  let trouble = WriteTrouble()

  /// After a failed write to the disk nobody knows what the file holds until it has been opened anew: the kernel may have
  /// dropped the pages and report the next `fsync` as good.
  func fail(_ error: StoreError) {
    failure.withLock { if $0 == nil { $0 = error } }
    hasFailed.store(true, ordering: .releasing)
  }
}

/// The one writer thread. Batches that wait together share one durable commit; no outcome leaves before that commit, refusals
/// included.
///
/// Most batches take effect, so a group runs without savepoints, which would copy every page that each of its members touches.
/// One that is refused before it changed anything leaves nothing to undo; where something is, the group is undone and run again
/// with a savepoint for each member. A group that is lost as a whole is run again one by one.
struct Writer {
  let connection: Connection
  let queue: JobQueue<WriteJob>
  let state: WriterState
  let checkpoints: CheckpointState
  let groupMax: Int
  private var plan: CheckpointPlan
  /// Groups that are to run with savepoints from the start.
  private var carefulGroups = 0
  private let clock = SystemClock()

  /// After a group that had to be undone, so many run with savepoints: whoever sends what fails makes few groups run twice.
  static let carefulGroupsMax = 32

  init(connection: Connection, queue: JobQueue<WriteJob>, state: WriterState, checkpoints: CheckpointState, options: SQLiteOptions) {
    self.connection = connection
    self.queue = queue
    self.state = state
    self.checkpoints = checkpoints
    groupMax = max(1, options.groupMax)
    plan = CheckpointPlan(pages: options.checkpointPages)
  }

  /// A job whose turn has come.
  private typealias Member = (job: WriteJob, batch: WriteBatch)

  /// Until the queue is closed and empty.
  mutating func run() {
    var jobs: [WriteJob] = []
    jobs.reserveCapacity(groupMax)
    var group: [Member] = []
    group.reserveCapacity(groupMax)
    while queue.take(groupMax, into: &jobs) {
      let now = clock.monotonicNanoseconds
      for job in jobs where job.begin() {
        if let failure = state.failure.withLock({ $0 }) {
          job.finish(.failure(failure))
        } else if job.deadline < now {
          job.finish(.failure(StoreError(.timeout, "the write waited longer than its time limit")))
        } else {
          switch job.work {
          case .batch(let batch): group.append((job, batch))
          case .define(let statements):
            serve(group)
            group.removeAll(keepingCapacity: true)
            job.finish(noting(connection.define(statements).map { .committed([]) }))
          case .probe:
            serve(group)
            group.removeAll(keepingCapacity: true)
            job.finish(noting(probe()))
          case .between(let body):
            serve(group)
            group.removeAll(keepingCapacity: true)
            job.finish(between(body))
          }
        }
      }
      serve(group)
      group.removeAll(keepingCapacity: true)
      jobs.removeAll(keepingCapacity: true)
      copyLog()
    }
  }

  /// Remembers what the disk refused.
  private func noting(_ outcome: WriteJob.Outcome) -> WriteJob.Outcome {
    if case .failure(let error) = outcome { state.trouble.note(error) }
    return outcome
  }

  /// Writes the number that the file's header keeps for applications, as it is: one page of the log and its `fsync`.
  private func probe() -> WriteJob.Outcome {
    if let failure = state.failure.withLock({ $0 }) { return .failure(failure) }
    do throws(DriverError) {
      try connection.beginWriting()
      let version = try connection.rows("PRAGMA user_version").first?.first.flatMap { $0 }.flatMap { Int32($0) } ?? 0
      try connection.execute("PRAGMA user_version=\(version)")
      try commit()
      state.trouble.clear()
      return .success(.committed([]))
    } catch {
      return .failure(unknownOutcome(after: error) ?? error.storeError)
    }
  }

  private func between(_ body: (Int) -> Void) -> WriteJob.Outcome {
    if let capture = connection.log.capture {
      // Of a log that others wrote into the length is not known before a commit of our own.
      let version = connection.dataVersion
      if capture.isUntouched(version: version) == false {
        let outcome = probe()
        guard outcome.isCommitted else { return outcome }
      } else {
        capture.saw(version: version)
      }
    }
    body(connection.log.pages)
    return .success(.committed([]))
  }

  private mutating func serve(_ group: [Member]) {
    guard !group.isEmpty else { return }
    state.lastGroup.store(group.count, ordering: .relaxed)
    state.batches.wrappingAdd(group.count, ordering: .relaxed)
    if group.count > 1, let outcomes = runTogether(group) {
      WriteJob.finish(zip(group, outcomes).map { ($0.job, $1) })
    } else {
      for (job, batch) in group { job.finish(noting(runAlone(batch, deadline: job.deadline))) }
    }
  }

  /// The write-ahead log, between two groups.
  private mutating func copyLog() {
    checkpoints.logPages.store(connection.log.pages, ordering: .relaxed)
    let isLittleLeft = checkpoints.isLittleLeft.exchange(false, ordering: .acquiringAndReleasing)
    switch plan.action(logPages: connection.log.pages, isLittleLeft: isLittleLeft) {
    case .none: break
    case .request: _ = checkpoints.requests.push(())
    // What fails here fails again when the log is copied next; the log itself is durable.
    case .finish: _ = checkpoints.copying.withLockIfAvailable { _ in try? connection.checkpoint() }
    // The thread may be at it: it is waited for, or the log would have no bound.
    case .run: _ = checkpoints.copying.withLock { _ in try? connection.checkpoint() }
    }
  }

  /// What became of a group's transaction.
  private enum GroupEnd {
    case committed([WriteJob.Outcome])
    /// Nothing has happened: a member failed after it had changed something, without a savepoint to go back to.
    case undone
    /// Nothing has happened: the transaction as a whole was lost.
    case lost
  }

  /// All in one transaction. Nil where it was lost as a whole: then nothing has happened.
  private mutating func runTogether(_ group: [Member]) -> [WriteJob.Outcome]? {
    if carefulGroups > 0 {
      carefulGroups -= 1
    } else if !group.contains(where: \.batch.isTrial) {
      // (A trial always has something to undo.)
      switch transact(group, inSavepoints: false) {
      case .committed(let outcomes): return outcomes
      case .lost: return nil
      case .undone: carefulGroups = Writer.carefulGroupsMax
      }
    }
    if case .committed(let outcomes) = transact(group, inSavepoints: true) { return outcomes }
    return nil
  }

  private func transact(_ group: [Member], inSavepoints: Bool) -> GroupEnd {
    var outcomes: [WriteJob.Outcome] = []
    outcomes.reserveCapacity(group.count)
    let changesBefore = connection.changesEver
    do throws(DriverError) {
      try connection.beginWriting()
      for (job, batch) in group {
        if inSavepoints { try connection.execute(Writer.savepoint) }
        let changes = connection.changesEver
        connection.watch.begin(deadline: job.deadline, nil, now: 0)
        let outcome = connection.run(batch)
        connection.watch.end()
        // SQLite itself ends the transaction after some errors (disk full, interrupted).
        guard !connection.isIdle else { return .lost }
        if inSavepoints {
          if !outcome.isCommitted { try connection.execute(Writer.rollbackToSavepoint) }
          try connection.execute(Writer.release)
        } else if !outcome.isCommitted, connection.changesEver != changes {
          rollBack()
          return .undone
        }
        outcomes.append(outcome)
      }
    } catch {
      rollBack()
      return .lost
    }
    let hasChanged = connection.changesEver != changesBefore
    do throws(DriverError) {
      try commit()
      if hasChanged { state.trouble.clear() }
    } catch {
      guard let lost = unknownOutcome(after: error) else { return .lost }
      return .committed(Array(repeating: .failure(lost), count: group.count))
    }
    return .committed(outcomes)
  }

  private func runAlone(_ batch: WriteBatch, deadline: UInt64) -> WriteJob.Outcome {
    if let failure = state.failure.withLock({ $0 }) { return .failure(failure) }
    let changesBefore = connection.changesEver
    do throws(DriverError) {
      try connection.beginWriting()
    } catch {
      return .failure(error.storeError)
    }
    connection.watch.begin(deadline: deadline, nil, now: 0)
    let outcome = connection.run(batch)
    connection.watch.end()
    guard outcome.isCommitted else {
      rollBack()
      return outcome
    }
    let hasChanged = connection.changesEver != changesBefore
    do throws(DriverError) {
      try commit()
      if hasChanged { state.trouble.clear() }
    } catch {
      if let lost = unknownOutcome(after: error) { return .failure(lost) }
      // A foreign key that is checked at the end of the transaction.
      if let violation = error.outcome(step: max(0, batch.steps.count - 1)) { return .success(violation) }
      return .failure(error.storeError)
    }
    return outcome
  }

  private func commit() throws(DriverError) {
    try connection.execute(Writer.commitStatement)
    state.commits.wrappingAdd(1, ordering: .relaxed)
  }

  /// Undoes what a failed commit left. After an I/O error the outcome is not known: it may be found done after a crash. Where it was
  /// not a mere write that failed, the store takes no more writes.
  private func unknownOutcome(after error: DriverError) -> StoreError? {
    rollBack()
    guard error.primaryCode == SQLITE_IOERR else { return nil }
    if error.isFailedWrite {
      state.trouble.note(error.storeError)
      return StoreError(.outcomeUnknown, "a write to the disk failed (\(error.message))")
    }
    state.fail(StoreError(.storage, "a write to the disk failed (\(error.message)); the store must be opened anew"))
    return StoreError(.outcomeUnknown, "a write to the disk failed (\(error.message))")
  }

  private func rollBack() {
    if !connection.isIdle { try? connection.execute(Writer.rollbackStatement) }
  }

  private static let commitStatement = Statement(text: "COMMIT", parameters: [])
  private static let rollbackStatement = Statement(text: "ROLLBACK", parameters: [])
  private static let savepoint = Statement(text: "SAVEPOINT batch", parameters: [])
  private static let release = Statement(text: "RELEASE batch", parameters: [])
  private static let rollbackToSavepoint = Statement(text: "ROLLBACK TO batch", parameters: [])
}

extension Result where Success == WriteOutcome {
  /// Whether the batch's effect stands.
  var isCommitted: Bool {
    if case .success(.committed) = self { true } else { false }
  }
}
