import Base
import CSQLite
import Synchronization

/// Ends a statement that runs too long or that nobody waits for any more: asked by SQLite every few thousand
/// instructions of its virtual machine.
///
/// Safety: `@unchecked Sendable` because its properties are only touched by the connection's own thread; the job's mark is atomic.
final class Watch: @unchecked Sendable {
  static let instructions: Int32 = 4000

  /// What is done each time that a statement has run for another `slowNanoseconds`.
  var onSlow: (() -> Void)?
  static let slowNanoseconds: UInt64 = 1_000_000

  /// Monotonic nanoseconds.
  private var deadline = UInt64.max
  private var slowAt = UInt64.max
  private var interruption: (any Interruptible)?
  private let clock = SystemClock()

  /// Begins to watch over one job; `now` in monotonic nanoseconds.
  func begin(deadline: UInt64, _ interruption: (any Interruptible)?, now: UInt64) {
    self.deadline = deadline
    self.interruption = interruption
    slowAt = onSlow == nil ? .max : now &+ Watch.slowNanoseconds
  }

  func end() {
    deadline = .max
    slowAt = .max
    interruption = nil
  }

  var mustStop: Bool {
    if interruption?.isInterrupted == true { return true }
    guard deadline != .max || slowAt != .max else { return false }
    let now = clock.monotonicNanoseconds
    if now > slowAt, let onSlow {
      slowAt = now &+ Watch.slowNanoseconds
      onSlow()
    }
    return now > deadline
  }
}

/// A job that may be given up while it runs.
protocol Interruptible: AnyObject, Sendable {
  var isInterrupted: Bool { get }
}
