import Synchronization

/// Refuses at once, before anything is done for them, most of the reads that would be refused after waiting, so that refusing takes
/// little of what serving needs. Adaptive throttling (Site Reliability Engineering, chapter 21), by endpoint: of what ended in the last
/// tenth of a second, let in `allowance` times what was served. The store goes on deciding what it can do (`SojournLimit`); this follows.
///
/// Costs one look at a flag where nothing is refused.
final class AdaptiveThrottle: Sendable {
  /// Let in, for each that is served: more, so that a store that becomes faster is noticed.
  static let allowance = 1.25
  /// Nanoseconds; two of them are looked at.
  static let window: UInt64 = 50_000_000
  /// Where no more than so many end in both, refusing each after it has waited costs little, and says little of the next one.
  static let endedMin = 50.0

  private let isActive = Atomic(false)
  private let endpoints = Mutex<[Int: Endpoint]>([:])

  /// Whether a read of that endpoint may begin. Times are nanoseconds of a monotonic clock.
  func admits(_ endpoint: Int, now: @autoclosure () -> UInt64) -> Bool {
    guard isActive.load(ordering: .relaxed) else { return true }
    return endpoints.withLock { $0[endpoint]?.admits(now: now()) ?? true }
  }

  /// A read that was let in has ended.
  ///
  /// - Parameter wasShed: the store refused it for want of time.
  func ended(_ endpoint: Int, wasShed: Bool, now: @autoclosure () -> UInt64) {
    guard wasShed || isActive.load(ordering: .relaxed) else { return }
    endpoints.withLock { endpoints in
      guard wasShed || endpoints[endpoint] != nil else { return }
      let now = now()
      endpoints[endpoint, default: Endpoint(began: now)].ended(wasShed: wasShed, now: now)
      if endpoints[endpoint]?.isCalm == true { endpoints[endpoint] = nil }
      isActive.store(!endpoints.isEmpty, ordering: .relaxed)
    }
  }

  private struct Counts {
    var served = 0.0
    var refused = 0.0
  }

  private struct Endpoint {
    private var began: UInt64
    private var last = Counts()
    private var current = Counts()
    /// Of requests that may be let in: grows by a part with each that asks.
    private var credit = 0.0

    init(began: UInt64) { self.began = began }

    /// Nobody has been refused lately.
    var isCalm: Bool { last.refused == 0 && current.refused == 0 }

    private mutating func turn(_ now: UInt64) {
      guard now >= began + AdaptiveThrottle.window else { return }
      last = now < began + 2 * AdaptiveThrottle.window ? current : Counts()
      current = Counts()
      began = now
    }

    mutating func admits(now: UInt64) -> Bool {
      turn(now)
      let served = last.served + current.served
      let ended = served + last.refused + current.refused
      let refusal = max(0, (ended - AdaptiveThrottle.allowance * served) / (ended + 1))
      credit = min(2, credit + (ended > AdaptiveThrottle.endedMin ? 1 - refusal : 1))
      if credit >= 1 {
        credit -= 1
        return true
      }
      current.refused += 1
      return false
    }

    mutating func ended(wasShed: Bool, now: UInt64) {
      turn(now)
      if wasShed { current.refused += 1 } else { current.served += 1 }
    }
  }
}
