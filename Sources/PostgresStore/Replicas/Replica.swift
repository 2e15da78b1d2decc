import Base
import Store
import Synchronization

/// One standby: its connections, and what is known of it.
final class Replica: Sendable {
  /// What it said last.
  struct Report: Sendable {
    /// All of the log before it has been replayed.
    let replayed: UInt64
    /// Of the connections for reads, before it was asked: what is said of other connections' server is not known. After another start
    /// a standby may be behind where it was.
    let epoch: Int
  }

  /// For reads.
  let store: PostgresStore
  /// A connection that no read keeps busy.
  let probe: PostgresStore
  private let last = Mutex<Report?>(nil)
  /// Until when (the monotonic clock's nanoseconds) its state is young enough, if nothing more is heard of it. Zero: left out.
  private let servesUntil = Atomic<UInt64>(0)
  private let replayed = Atomic<UInt64>(0)
  private let epoch = Atomic<Int>(0)

  init(store: PostgresStore, probe: PostgresStore) {
    self.store = store
    self.probe = probe
  }

  /// Nil where it does not answer, or is no standby.
  var report: Report? {
    get { last.withLock { $0 } }
    set {
      last.withLock { $0 = newValue }
      if newValue == nil { leaveOut() }
    }
  }

  /// Whether it may answer now, and has what the caller wrote.
  func serves(_ position: UInt64, now: UInt64) -> Bool {
    now < servesUntil.load(ordering: .acquiring) && replayed.load(ordering: .relaxed) >= position
      && epoch.load(ordering: .relaxed) == store.connectionsEpoch
  }

  /// How much longer it serves if nothing more is heard of it; nil where it does not.
  func nanosecondsLeft(now: UInt64) -> UInt64? { serves(0, now: now) ? servesUntil.load(ordering: .relaxed) &- now : nil }

  func leaveOut() { servesUntil.store(0, ordering: .releasing) }

  func serve(_ report: Report, until: UInt64) {
    // Nobody takes the one for the other's.
    if report.epoch != epoch.load(ordering: .relaxed) || report.replayed < replayed.load(ordering: .relaxed) { leaveOut() }
    replayed.store(report.replayed, ordering: .releasing)
    epoch.store(report.epoch, ordering: .releasing)
    servesUntil.store(until, ordering: .releasing)
  }
}
