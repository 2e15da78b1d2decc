import Base
import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Takes lines without blocking and writes them in batches from a thread of its own.
///
/// Bound: `pendingBytesMax` bytes wait; a line beyond it is dropped and counted, and the next batch says how many were.
/// A reader that stalls therefore costs lines, never a request's time.
package final class LogWriter: Sendable {
  package static let pendingBytesMax = 1 << 20
  /// How long lines gather before they are written, so that a burst costs one wake-up. A warning does not wait, unless one has just
  /// been written: a flood of refusals would wake the thread for each.
  package static let gatheringMilliseconds = 10

  private struct State {
    var pending: [UInt8] = []
    var dropped = 0
    var droppedEver = 0
    var isIdle = false
    var isHurried = false
    var isClosed = false
  }

  private let state = Mutex(State())
  private let descriptor: Int32
  private let work = DispatchSemaphore(value: 0)
  private let hurry = DispatchSemaphore(value: 0)
  private let finished = DispatchSemaphore(value: 0)

  /// - Parameter descriptor: stays the caller's, and must outlive `close`.
  package init(descriptor: Int32) {
    self.descriptor = descriptor
    // Without a thread to write them, no lines are taken.
    do { try SystemThread.detach { [self] in run() } } catch { state.withLock { $0.isClosed = true } }
  }

  /// Whether lines for people may be coloured there: only on a terminal, and never with `NO_COLOR` (no-color.org).
  package static func wantsColour(descriptor: Int32) -> Bool {
    if let value = getenv("NO_COLOR"), value.pointee != 0 { return false }
    if let value = getenv("TERM"), String(cString: value) == "dumb" { return false }
    return isatty(descriptor) == 1
  }

  package var droppedLines: Int { state.withLock { $0.droppedEver } }

  /// Lets `format` append one line. `noteDrops` formats the line that says how many were dropped before it.
  func append(isUrgent: Bool, _ format: (inout [UInt8]) -> Void, noteDrops: (Int, inout [UInt8]) -> Void) {
    let (wake, hurried) = state.withLock { state -> (Bool, Bool) in
      guard !state.isClosed else { return (false, false) }
      let before = state.pending.count
      if state.dropped > 0, before < LogWriter.pendingBytesMax / 2 {
        noteDrops(state.dropped, &state.pending)
        state.dropped = 0
      }
      let start = state.pending.count
      format(&state.pending)
      if state.pending.count > LogWriter.pendingBytesMax {
        state.pending.removeLast(state.pending.count - start)
        state.dropped += 1
        state.droppedEver += 1
      }
      let wake = state.isIdle
      state.isIdle = false
      let hurried = !state.isHurried && (isUrgent || state.pending.count > LogWriter.pendingBytesMax / 4)
      if hurried { state.isHurried = true }
      return (wake, hurried)
    }
    if wake { work.signal() }
    if hurried { hurry.signal() }
  }

  /// Writes what is pending, waiting at most `timeoutMilliseconds`, and takes no more lines. Further calls do nothing.
  package func close(timeoutMilliseconds: Int) {
    let wasClosed = state.withLock { state in
      defer { state.isClosed = true }
      return state.isClosed
    }
    guard !wasClosed else { return }
    work.signal()
    hurry.signal()
    _ = finished.wait(timeout: .now() + .milliseconds(timeoutMilliseconds))
  }

  // MARK: the thread

  private func run() {
    var batch: [UInt8] = []
    while true {
      let mustWait = state.withLock { state in
        state.isIdle = state.pending.isEmpty && !state.isClosed
        return state.isIdle
      }
      if mustWait { work.wait() }
      let isHurried = gather()
      let isClosed = state.withLock { state in
        swap(&state.pending, &batch)
        return state.isClosed
      }
      // Where it fails there is nowhere left to say so.
      _ = SystemFile.write(batch, to: descriptor)
      batch.removeAll(keepingCapacity: true)
      if isClosed, state.withLock({ $0.pending.isEmpty }) { break }
      // `isHurried` stands meanwhile, so that only `close` cuts this short.
      if isHurried { _ = gather() }
      state.withLock { $0.isHurried = false }
    }
    finished.signal()
  }

  /// Waits until lines have gathered. Whether something was in a hurry.
  private func gather() -> Bool { hurry.wait(timeout: .now() + .milliseconds(LogWriter.gatheringMilliseconds)) == .success }
}
