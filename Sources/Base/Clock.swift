import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Where time comes from. Passed in, so that tests choose it.
package protocol Clock: Sendable {
  /// The wall clock, UTC.
  var now: Timestamp { get }
  /// Nanoseconds since some fixed moment; never goes back.
  var monotonicNanoseconds: UInt64 { get }
  /// Calls a body once, so much later, unless it is cancelled before.
  func schedule(after time: Duration, _ body: @escaping @Sendable () -> Void) -> ClockTimer
}

/// What was scheduled.
package struct ClockTimer: Sendable {
  /// Has it not happen, where it has not yet. At any time, more than once if need be.
  package let cancel: @Sendable () -> Void

  package init(cancel: @escaping @Sendable () -> Void) { self.cancel = cancel }
}

extension Clock {
  package func schedule(after time: Duration, _ body: @escaping @Sendable () -> Void) -> ClockTimer {
    let task = Task {
      guard (try? await Task.sleep(for: time)) != nil else { return }
      body()
    }
    return ClockTimer { task.cancel() }
  }

  /// Waits. False where the task was cancelled: at once then.
  package func sleep(for time: Duration) async -> Bool {
    let end = SleepEnd()
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        end.begin(continuation) { schedule(after: time) { end.finish(true) } }
      }
    } onCancel: {
      end.finish(false)
    }
  }
}

/// One sleep: its time and its task's cancellation race to end it.
private final class SleepEnd: Sendable {
  private struct State {
    var continuation: CheckedContinuation<Bool, Never>?
    var timer: ClockTimer?
    /// How it ended.
    var outcome: Bool?
  }
  private let state = Mutex(State())

  func begin(_ continuation: CheckedContinuation<Bool, Never>, schedule: () -> ClockTimer) {
    let ended = state.withLock { state in
      if state.outcome == nil { state.continuation = continuation }
      return state.outcome
    }
    if let ended { return continuation.resume(returning: ended) }
    let timer = schedule()
    let isOver = state.withLock { state in
      if state.outcome == nil { state.timer = timer }
      return state.outcome != nil
    }
    if isOver { timer.cancel() }
  }

  func finish(_ outcome: Bool) {
    let (continuation, timer) = state.withLock { state -> (CheckedContinuation<Bool, Never>?, ClockTimer?) in
      guard state.outcome == nil else { return (nil, nil) }
      state.outcome = outcome
      defer { (state.continuation, state.timer) = (nil, nil) }
      return (state.continuation, state.timer)
    }
    if !outcome { timer?.cancel() }
    continuation?.resume(returning: outcome)
  }
}

/// The machine's clocks.
package struct SystemClock: Clock {
  package init() {}

  package var now: Timestamp {
    let time = SystemClock.read(CLOCK_REALTIME)
    return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }

  package var monotonicNanoseconds: UInt64 {
    let time = SystemClock.read(CLOCK_MONOTONIC)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// Safety: the system writes the time it is given a place for.
  private static func read(_ clock: clockid_t) -> timespec {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return time
  }
}

/// Where random numbers come from. Passed in, so that tests seed it. Secrets take theirs from `Crypto`.
package protocol RandomSource: Sendable {
  func next() -> UInt64
}

/// The system's generator.
package struct SystemRandom: RandomSource {
  package init() {}
  package func next() -> UInt64 { RandomReserve.shared.next() }
}

/// Numbers of the system's generator, fetched some at a time: each asking of the kernel costs as much as a page of code.
///
/// A number is handed out once and forgotten. The process does not fork.
final class RandomReserve: Sendable {
  static let shared = RandomReserve()

  /// The kernel gives up to 256 bytes in one piece.
  private static let wordsMax = 32

  private struct State: Sendable {
    var words = [UInt64](repeating: 0, count: RandomReserve.wordsMax)
    var left = 0
  }
  private let state = Mutex(State())

  func next() -> UInt64 {
    state.withLock { state in
      if state.left == 0 {
        RandomReserve.fill(&state.words)
        state.left = state.words.count
      }
      state.left -= 1
      let word = state.words[state.left]
      state.words[state.left] = 0
      return word
    }
  }

  /// Safety: the system writes within the array's bytes.
  private static func fill(_ words: inout [UInt64]) {
    #if canImport(Glibc)
    let isFilled = unsafe words.withUnsafeMutableBytes { unsafe getentropy($0.baseAddress, $0.count) == 0 }
    #else
    unsafe words.withUnsafeMutableBytes { unsafe arc4random_buf($0.baseAddress, $0.count) }
    let isFilled = true
    #endif
    // No such call in this kernel: the library knows other ways.
    if !isFilled { for place in words.indices { words[place] = .random(in: .min ... .max) } }
  }
}
