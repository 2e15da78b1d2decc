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

  private static func read(_ clock: clockid_t) -> timespec {
    var time = timespec()
    clock_gettime(clock, &time)
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
  package func next() -> UInt64 { UInt64.random(in: .min ... .max) }
}
