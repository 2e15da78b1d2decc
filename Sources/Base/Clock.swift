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
