import Backup
import Base
import Store
import Synchronization

/// The thread that ships a store's commits into a folder of backups, with a whole copy now and then.
///
/// A timeline begins with the store, and again where commits were lost to it: with a copy made on a thread of its own, while the
/// commits behind it are shipped already.
final class Shipper: Sendable {
  private struct State {
    var trouble: String?
    var lastBase: Timestamp?
    var shipped: UInt64 = 0
  }

  let capture: CommitCapture
  private let path: String
  private let options: ShippingOptions
  private let folder: BackupFolder
  /// Wakes the thread; one wake that waits is enough.
  private let wakes = JobQueue<Void>(capacity: 1)
  private let state = Mutex(State())
  private let isEnding = Atomic<Bool>(false)
  private let clock: any Clock
  /// Has a closure run between two commits, and tells whether it was.
  private let between: @Sendable (@escaping @Sendable (_ logPages: Int) -> Void) async -> Bool

  init(
    path: String, options: ShippingOptions, clock: any Clock = SystemClock(),
    between: @escaping @Sendable (@escaping @Sendable (_ logPages: Int) -> Void) async -> Bool
  ) {
    self.path = path
    self.options = options
    self.clock = clock
    self.between = between
    folder = BackupFolder(options.folder)
    capture = CommitCapture(path: path, bytesMax: options.bytesMax, clock: clock)
  }

  /// Why the folder is behind; nil where it is not.
  var trouble: String? { state.withLock { $0.trouble } }
  /// The timeline's last commit that is in the folder.
  var shipped: UInt64 { state.withLock { $0.shipped } }
  /// The moment of the newest whole copy.
  var lastBase: Timestamp? { state.withLock { $0.lastBase } }

  /// No commit will come any more: ships what waits, once, and ends.
  func end() {
    isEnding.store(true, ordering: .releasing)
    wakes.close()
  }

  /// After trouble it is not tried more often.
  private static let retryNanoseconds: UInt64 = 2_000_000_000

  /// After a copy that failed.
  private static let baseRetryNanoseconds: UInt64 = 30_000_000_000

  /// Until `end`.
  func run() {
    SystemThread.giveWay()
    let timer = Task { [clock, wakes, interval = options.interval] in
      repeat { _ = wakes.push(()) } while await clock.sleep(for: interval)
    }
    defer { timer.cancel() }
    var timeline: OpenTimeline?
    var notBefore: UInt64 = 0
    while wakes.take() != nil {
      guard clock.monotonicNanoseconds >= notBefore else { continue }
      do throws(BackupError) {
        try round(&timeline)
        note(capture.failure ?? timeline?.trouble)
      } catch {
        note(error.message)
        notBefore = clock.monotonicNanoseconds &+ Shipper.retryNanoseconds
      }
    }
    timeline?.base?.thread.join()
    do throws(BackupError) {
      if var last = timeline { while try ship(&last) {} }
    } catch {
      note(error.message)
    }
  }

  /// One look at what is to do.
  private func round(_ timeline: inout OpenTimeline?) throws(BackupError) {
    guard var current = timeline else { return timeline = try begin() }
    defer { timeline = current }
    _ = try ship(&current)
    if let base = current.base, let outcome = base.outcome.value.withLock({ $0 }) {
      base.thread.join()
      current.base = nil
      try settle(outcome, &current)
    }
    // A copy that is being made ends first: it is whole all the same.
    guard current.base == nil else { return }
    if let failure = capture.failure {
      guard try !ship(&current) else { return }
      var next = try begin()
      next.gap = failure
      options.report(.broken(failure))
      current = next
    } else if clock.monotonicNanoseconds >= current.nextBase {
      try copy(&current)
    }
  }

  private func settle(_ outcome: BaseOutcome.Result, _ timeline: inout OpenTimeline) throws(BackupError) {
    switch outcome {
    case .failure(let error):
      timeline.baseTrouble = error.message
      timeline.nextBase = clock.monotonicNanoseconds &+ Shipper.baseRetryNanoseconds
    case .success(let (manifest, nanoseconds)):
      timeline.baseTrouble = nil
      timeline.gap = nil
      timeline.nextBase = clock.monotonicNanoseconds &+ options.every.wholeNanoseconds
      state.withLock { $0.lastBase = manifest.time }
      options.report(.copied(timeline: timeline.folder.name, bytes: manifest.bytes, nanoseconds: nanoseconds))
      let removed = try folder.prune(BackupRetention(keep: options.keep), now: clock.now)
      if !removed.isEmpty { options.report(.pruned(files: removed.files.count, timelines: removed.timelines.count)) }
    }
  }

  /// Remembers what is wrong, and tells of a change.
  private func note(_ trouble: String?) {
    let before = state.withLock { state in
      defer { state.trouble = trouble }
      return state.trouble
    }
    guard (before == nil) != (trouble == nil) else { return }
    options.report(trouble.map { .failing($0) } ?? .well)
  }

  /// Writes what waits as a segment.
  ///
  /// - Returns: whether there was anything.
  private func ship(_ timeline: inout OpenTimeline) throws(BackupError) -> Bool {
    if timeline.unshipped.isEmpty { timeline.unshipped = capture.take() }
    guard let first = timeline.unshipped.first, let last = timeline.unshipped.last else { return false }
    var segment = LogSegment(
      timeline: timeline.id, pageSize: timeline.pageSize, previous: timeline.digest, commits: timeline.unshipped)
    let bytes = segment.encoded()
    let target = timeline.folder.path + "/" + BackupNames.segment(first.number, last.number)
    try inBackup { () throws(SystemError) in try DataFile.place([bytes], at: target, suffix: BackupNames.draftSuffix) }
    capture.shipped(timeline.unshipped)
    timeline.unshipped = []
    timeline.digest = segment.digest
    state.withLock { $0.shipped = last.number }
    return true
  }

  /// Begins a timeline and its first copy.
  private func begin() throws(BackupError) -> OpenTimeline {
    let id = try TimelineID.random()
    var timeline = OpenTimeline(id: id, folder: try folder.begin(id, at: clock.now))
    state.withLock { $0.shipped = 0 }
    try copy(&timeline, begins: true)
    return timeline
  }

  /// Has a copy made of what the database is after its last commit.
  private func copy(_ timeline: inout OpenTimeline, begins: Bool = false) throws(BackupError) {
    let moment = try hold(begins: begins)
    timeline.pageSize = moment.snapshot.pageSize
    let making = BaseMaking(timeline: timeline.folder, id: timeline.id, service: options.service, version: options.version)
    let outcome = BaseOutcome()
    let start = clock.monotonicNanoseconds
    do throws(SystemThread.StartError) {
      let thread = try SystemThread { [self] in
        SystemThread.giveWay()
        do throws(BackupError) {
          let manifest = try making.make(of: moment.snapshot, commit: moment.number, time: moment.time) { _ in
            !isEnding.load(ordering: .relaxed)
          }
          outcome.value.withLock { $0 = .success((manifest, clock.monotonicNanoseconds &- start)) }
        } catch {
          moment.snapshot.close()
          outcome.value.withLock { $0 = .failure(error) }
        }
        _ = wakes.push(())
      }
      timeline.base = (thread, outcome)
      timeline.nextBase = .max
    } catch {
      throw BackupError(.storage, "no thread could be started: error \(error.code)")
    }
  }

  /// A moment of the database that lies between two commits, and the number of the one before it.
  private func hold(begins: Bool) throws(BackupError) -> HeldMoment {
    let snapshot = try DatabaseSnapshot(path: path)
    let answers = JobQueue<Result<HeldMoment, BackupError>>(capacity: 1)
    let closed = BackupError(.storage, "the store takes no more work")
    Task { [between, capture] in
      let wasRun = await between { logPages in
        do throws(BackupError) {
          try snapshot.begin()
          if begins { capture.begin(logPages: logPages) }
          guard let present = capture.present else { throw closed }
          _ = answers.push(.success(HeldMoment(snapshot: snapshot, number: present.number, time: present.time)))
        } catch {
          _ = answers.push(.failure(error))
        }
      }
      if !wasRun { _ = answers.push(.failure(closed)) }
    }
    guard let (answer, _) = answers.take() else { throw closed }
    return try answer.get()
  }
}

/// A snapshot, and what it is in its timeline.
private struct HeldMoment: Sendable {
  let snapshot: DatabaseSnapshot
  let number: UInt64
  let time: Timestamp
}

/// What becomes of a copy; nil until it has ended.
private final class BaseOutcome: Sendable {
  typealias Result = Swift.Result<(manifest: BaseManifest, nanoseconds: UInt64), BackupError>
  let value = Mutex<Result?>(nil)
}

/// The timeline that is written.
private struct OpenTimeline {
  let id: TimelineID
  let folder: Timeline
  var pageSize = 0
  /// What the last segment ends in.
  var digest = LogSegment.noPrevious
  /// A segment that was not taken yet: it is tried again as it is.
  var unshipped: [LoggedCommit] = []
  var base: (thread: SystemThread, outcome: BaseOutcome)?
  var baseTrouble: String?
  /// Why commits are in no timeline; until this one's first copy is whole, nothing since then can be restored.
  var gap: String?
  var trouble: String? { baseTrouble ?? gap }
  /// Monotonic nanoseconds.
  var nextBase: UInt64 = .max

  init(id: TimelineID, folder: Timeline) {
    self.id = id
    self.folder = folder
  }
}
