package import Backup
package import Base
import Store
import Synchronization

/// The thread that has a cluster's log received into a folder of backups, with a whole copy now and then.
///
/// One process at a time does it for a folder; others stand by. It blocks nobody: the server keeps no log for it (`wal_keep_size`
/// apart), and where what follows is gone there, a new folder of log begins with a new copy.
package final class ClusterKeeper: Sendable {
  private struct State {
    var trouble: String?
    var lastBase: Timestamp?
    var waitingBytes: Int64 = 0
    var waitingSince: UInt64?
    /// As it was when the server was asked last.
    var waitingNanoseconds: UInt64 = 0
  }

  private let url: String
  private let options: ShippingOptions
  private let folder: BackupFolder
  private let state = Mutex(State())
  private let isEnding = Atomic<Bool>(false)
  private let clock: any Clock

  /// - Parameter url: of the server itself, not of a pooler before it.
  package init(url: String, options: ShippingOptions, clock: any Clock = SystemClock()) {
    self.url = url
    self.options = options
    self.clock = clock
    folder = BackupFolder(options.folder)
  }

  /// Why the folder is behind; nil where it is not, or another process keeps it.
  package var trouble: String? { state.withLock { $0.trouble } }

  private let ended = AsyncStream<Never>.makeStream()

  /// Runs on a thread of its own.
  func start() throws(SystemThread.StartError) {
    try SystemThread.detach { [self] in
      run()
      ended.continuation.finish()
    }
  }

  /// Ends that thread, with what it started, and returns once that is so.
  func stop() async {
    end()
    for await _ in ended.stream {}
  }

  /// Has `run` end what it started, and itself.
  package func end() { isEnding.store(true, ordering: .releasing) }

  /// Whether it was told to end.
  private var isOver: Bool { isEnding.load(ordering: .acquiring) }

  private static let roundNanoseconds: UInt64 = 200_000_000
  /// After trouble it is not tried more often.
  private static let retryNanoseconds: UInt64 = 5_000_000_000
  /// After a copy that failed.
  private static let baseRetryNanoseconds: UInt64 = 60_000_000_000
  /// The server is asked how far the log is.
  private static let measureNanoseconds: UInt64 = 10_000_000_000
  /// Whole files of the log are proven.
  private static let proofNanoseconds: UInt64 = 2_000_000_000
  /// A log that did not get further for so long is behind.
  private static let lateNanoseconds: UInt64 = 60_000_000_000
  /// So often in turn nothing comes, though the server can be asked, before the log begins anew.
  private static let failuresMax = 3

  /// Until `end`.
  package func run() {
    SystemThread.giveWay()
    var keeping: Keeping?
    var notBefore: UInt64 = 0
    while !isOver {
      if clock.monotonicNanoseconds >= notBefore {
        do throws(BackupError) {
          if keeping == nil { keeping = try begin() }
          if var current = keeping {
            defer { keeping = current }
            try round(&current)
            note(current.trouble)
          } else {
            note(nil)
            try noteLastCopy()
            notBefore = clock.monotonicNanoseconds &+ ClusterKeeper.retryNanoseconds
          }
        } catch {
          note(error.message)
          notBefore = clock.monotonicNanoseconds &+ ClusterKeeper.retryNanoseconds
        }
      }
      SystemThread.rest(nanoseconds: ClusterKeeper.roundNanoseconds)
    }
    keeping?.receiver?.stop()
    keeping?.base?.thread.join()
  }

  /// Remembers what is wrong, and tells of a change.
  private func note(_ trouble: String?) {
    // What was given up because it ends is no trouble.
    guard !isOver else { return }
    let before = state.withLock { state in
      defer { state.trouble = trouble }
      return state.trouble
    }
    guard (before == nil) != (trouble == nil) else { return }
    options.report(trouble.map { .failing($0) } ?? .well)
  }

  /// Takes the folder; nil where another process has it.
  private func begin() throws(BackupError) -> Keeping? {
    try inBackup { () throws(SystemError) in try SystemFolder.create(folder.path) }
    do throws(LockFile.Refusal) {
      return Keeping(lock: try LockFile(path: folder.path + "/keeper.lock"))
    } catch {
      switch error {
      case .held: return nil
      case .system(let error): throw BackupError(error)
      }
    }
  }

  /// Who stands by tells of what another process has made.
  private func noteLastCopy() throws(BackupError) {
    let last = try folder.clusters().compactMap { try? $0.backup.get() }.last
    state.withLock { $0.lastBase = last?.ended }
  }

  /// One look at what is to do.
  private func round(_ keeping: inout Keeping) throws(BackupError) {
    if let base = keeping.base, let outcome = base.outcome.value.withLock({ $0 }) {
      base.thread.join()
      keeping.base = nil
      try settle(outcome, &keeping)
    }
    guard let receiver = keeping.receiver else { return try startReceiver(&keeping) }
    let end = receiver.outcome()
    if end != nil || clock.monotonicNanoseconds >= keeping.nextProof {
      keeping.nextProof = clock.monotonicNanoseconds &+ ClusterKeeper.proofNanoseconds
      _ = try receiver.log.prove(now: clock.now)
    }
    if let end { return try receiverEnded(receiver, end, &keeping) }
    if clock.monotonicNanoseconds >= keeping.nextMeasure { try measure(receiver, &keeping) }
    if keeping.isStreaming, keeping.base == nil, clock.monotonicNanoseconds >= keeping.nextBase { try copy(receiver.log, &keeping) }
  }

  private func startReceiver(_ keeping: inout Keeping) throws(BackupError) {
    guard clock.monotonicNanoseconds >= keeping.nextStart else { return }
    keeping.nextStart = clock.monotonicNanoseconds &+ ClusterKeeper.retryNanoseconds
    // Asked each time: the server may be of another version since; and a failure behind this is not that it is away.
    let making = try ClusterMaking(of: url, folder: folder, service: options.service, version: options.version) { [self] in !isOver }
    keeping.making = making
    let known = try folder.logs().last
    let log: ClusterLog
    if let known, keeping.failures < ClusterKeeper.failuresMax {
      log = known
    } else {
      log = try folder.beginLog(at: clock.now)
      keeping.isTrial = true
    }
    keeping.nextMeasure = 0
    keeping.stalled = nil
    keeping.receiver = try ClusterReceiver(making, log, clock: clock)
  }

  private func receiverEnded(_ receiver: ClusterReceiver, _ end: ChildProcess.End, _ keeping: inout Keeping) throws(BackupError) {
    keeping.receiver = nil
    keeping.isStreaming = false
    let why = "the log is not received: \(end.complaint) (pg_receivewal ended with \(end.code))"
    keeping.receiverTrouble = why
    if keeping.isTrial {
      keeping.isTrial = false
      // The log that was there before gets its turn again.
      if try receiver.log.end() == nil { try receiver.log.discard() }
      keeping.failures = 0
    } else {
      keeping.failures = try receiver.hasReceived() ? 1 : keeping.failures + 1
      keeping.lastFailure = why
    }
  }

  private func measure(_ receiver: ClusterReceiver, _ keeping: inout Keeping) throws(BackupError) {
    guard let making = keeping.making else { return }
    let places = try receiver.places(making)
    let now = clock.monotonicNanoseconds
    guard let received = places.received else {
      keeping.nextMeasure = now &+ ClusterKeeper.roundNanoseconds
      return expectProgress(-1, &keeping)
    }
    keeping.nextMeasure = now &+ ClusterKeeper.measureNanoseconds
    if !keeping.isStreaming { try receives(receiver.log, &keeping) }
    let waiting = max(0, places.written - received)
    let hasCaughtUp = received >= keeping.lastWritten
    state.withLock { state in
      state.waitingBytes = waiting
      if hasCaughtUp { state.waitingSince = nil }
      if waiting > 0, state.waitingSince == nil { state.waitingSince = now }
      state.waitingNanoseconds = state.waitingSince.map { now &- $0 } ?? 0
    }
    keeping.lastWritten = places.written
    expectProgress(waiting > 0 ? received : nil, &keeping)
  }

  /// The server says for the first time that the log goes to this folder.
  private func receives(_ log: ClusterLog, _ keeping: inout Keeping) throws(BackupError) {
    keeping.isStreaming = true
    keeping.receiverTrouble = nil
    let copies = try folder.clusters().compactMap { try? $0.backup.get() }
    if keeping.isTrial { keeping.failures = 0 }
    keeping.isTrial = false
    guard let last = copies.last, last.log == log.name else {
      if !copies.isEmpty, keeping.gap == nil {
        let gap = keeping.lastFailure ?? "the log begins in \(log.path), behind the last copy"
        keeping.gap = gap
        options.report(.broken(gap))
      }
      keeping.hasCopy = false
      return keeping.nextBase = 0
    }
    keeping.hasCopy = true
    state.withLock { $0.lastBase = last.ended }
    let age = max(0, clock.now.microseconds &- last.ended.microseconds)
    let left = max(0, Int64(clamping: options.every.wholeMicroseconds) &- age)
    keeping.nextBase = clock.monotonicNanoseconds &+ UInt64(left).multipliedReportingOverflow(by: 1000).partialValue
  }

  /// A receiver that gets nowhere is ended, and begun anew.
  ///
  /// - Parameter place: where it stands; nil where there is nothing to come.
  private func expectProgress(_ place: Int64?, _ keeping: inout Keeping) {
    let now = clock.monotonicNanoseconds
    guard let place, let stalled = keeping.stalled, stalled.place == place else {
      return keeping.stalled = place.map { ($0, now) }
    }
    guard now &- stalled.since > ClusterKeeper.lateNanoseconds else { return }
    keeping.stalled = nil
    keeping.receiver?.stop()
  }

  /// Has a copy made.
  private func copy(_ log: ClusterLog, _ keeping: inout Keeping) throws(BackupError) {
    guard let making = keeping.making else { return }
    let outcome = ClusterOutcome()
    let start = clock.monotonicNanoseconds
    // Until the first copy behind a log nothing can be restored of it.
    let spreads = keeping.hasCopy
    do throws(SystemThread.StartError) {
      let thread = try SystemThread { [clock] in
        SystemThread.giveWay()
        let result: ClusterOutcome.Result
        do throws(BackupError) {
          result = .success((try making.make(log: log, spreads: spreads, clock: clock), clock.monotonicNanoseconds &- start))
        } catch {
          result = .failure(error)
        }
        outcome.value.withLock { $0 = result }
      }
      keeping.base = (thread, outcome)
      keeping.nextBase = .max
    } catch {
      throw BackupError(.storage, "no thread could be started: error \(error.code)")
    }
  }

  private func settle(_ outcome: ClusterOutcome.Result, _ keeping: inout Keeping) throws(BackupError) {
    switch outcome {
    case .failure(let error):
      keeping.baseTrouble = error.message
      keeping.nextBase = clock.monotonicNanoseconds &+ ClusterKeeper.baseRetryNanoseconds
    case .success(let (backup, nanoseconds)):
      keeping.baseTrouble = nil
      // A log that began anew meanwhile needs a copy of its own.
      let isOfThis = backup.log == keeping.receiver?.log.name
      if isOfThis { keeping.gap = nil }
      keeping.hasCopy = isOfThis
      keeping.nextBase = isOfThis ? clock.monotonicNanoseconds &+ options.every.wholeNanoseconds : 0
      state.withLock { $0.lastBase = backup.ended }
      options.report(
        .copied(timeline: backup.name, bytes: backup.bytes, nanoseconds: nanoseconds))
      let removed = try folder.pruneClusters(BackupRetention(keep: options.keep), now: clock.now)
      if removed.copies > 0 { options.report(.pruned(files: removed.files, timelines: removed.copies)) }
    }
  }
}

extension ClusterKeeper {
  /// Figures for `/metrics`.
  func gauges() -> [StoreGauge] {
    let state = state.withLock { $0 }
    return StoreGauge.backup(
      isFailing: state.trouble != nil, waitingBytes: Double(state.waitingBytes),
      waitingSeconds: Double(state.waitingNanoseconds) / 1e9, lastBase: state.lastBase)
  }
}

/// What becomes of a copy; nil until it has ended.
private final class ClusterOutcome: Sendable {
  typealias Result = Swift.Result<(backup: ClusterBackup, nanoseconds: UInt64), BackupError>
  let value = Mutex<Result?>(nil)
}

/// The folder that is kept.
private struct Keeping {
  let lock: LockFile
  /// Of the server as it was when the receiver was started.
  var making: ClusterMaking?
  var receiver: ClusterReceiver?
  /// The server says that it sends.
  var isStreaming = false
  /// A folder of log was begun that counts once something comes.
  var isTrial = false
  /// Receivers that ended in turn without anything received.
  var failures = 0
  var lastFailure: String?
  /// Where the receiver stood, and since when.
  var stalled: (place: Int64, since: UInt64)?
  /// What the server had written when it was asked last.
  var lastWritten: Int64 = 0
  var base: (thread: SystemThread, outcome: ClusterOutcome)?
  /// There is a copy that goes with the log.
  var hasCopy = false
  // Monotonic nanoseconds.
  var nextStart: UInt64 = 0
  var nextProof: UInt64 = 0
  var nextMeasure: UInt64 = 0
  var nextBase: UInt64 = .max

  var receiverTrouble: String?
  var baseTrouble: String?
  /// Why log is missing between this folder of log and the one before it; until this one's first copy is whole.
  var gap: String?
  var trouble: String? { receiverTrouble ?? baseTrouble ?? gap }

  init(lock: LockFile) { self.lock = lock }
}
