import Base
import CSQLite
import Synchronization

/// Ends a statement that runs too long or that nobody waits for any more: asked by SQLite every few thousand
/// instructions of its virtual machine.
///
/// Safety: `@unchecked Sendable` because the deadline and the job are only touched by the connection's own thread; the job's
/// mark is atomic.
final class Watch: @unchecked Sendable {
  static let instructions: Int32 = 4000

  /// Monotonic nanoseconds.
  private var deadline = UInt64.max
  private var interruption: (any Interruptible)?
  private let clock = SystemClock()

  /// Begins to watch over one job.
  func begin(deadline: UInt64, _ interruption: (any Interruptible)?) {
    self.deadline = deadline
    self.interruption = interruption
  }

  func end() {
    deadline = .max
    interruption = nil
  }

  var mustStop: Bool {
    if interruption?.isInterrupted == true { return true }
    return deadline != .max && clock.monotonicNanoseconds > deadline
  }
}

/// A job that may be given up while it runs.
protocol Interruptible: AnyObject, Sendable {
  var isInterrupted: Bool { get }
}
