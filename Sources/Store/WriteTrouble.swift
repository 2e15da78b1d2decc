package import Base
import Synchronization

/// The last write that the disk or the database refused, for as long as nothing is known to have changed since. Readiness asks
/// it, so that it is red where reads still work and writes do not.
package final class WriteTrouble: Sendable {
  private let clock: any Clock
  private let isThere = Atomic<Bool>(false)
  private let last = Mutex<(error: StoreError, at: UInt64)?>(nil)

  package init(clock: any Clock = SystemClock()) { self.clock = clock }

  /// Remembers an error that is no fault of the write itself; passes over others.
  package func note(_ error: StoreError) {
    guard error.code == .storage || error.code == .readOnly else { return }
    last.withLock { $0 = (error, clock.monotonicNanoseconds) }
    isThere.store(true, ordering: .releasing)
  }

  /// A write went through. One load where there was no trouble.
  package func clear() {
    guard isThere.load(ordering: .acquiring) else { return }
    last.withLock { $0 = nil }
    isThere.store(false, ordering: .releasing)
  }

  package var error: StoreError? { isThere.load(ordering: .acquiring) ? last.withLock { $0?.error } : nil }

  /// How long no other was refused. While writes still are, nothing is to be found out by trying another.
  package var age: Duration {
    last.withLock { .nanoseconds(Int64(clamping: clock.monotonicNanoseconds &- ($0?.at ?? 0))) }
  }

  /// After so long without a refused write the store tries one itself.
  package static let quietTime = Duration.seconds(2)
}
