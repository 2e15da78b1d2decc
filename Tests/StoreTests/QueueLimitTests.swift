import Store
import Testing

@Suite("How many calls may wait") struct QueueLimitTests {
  private static let millisecond: UInt64 = 1_000_000

  /// Calls that arrive and are begun at given paces, in steps of half a millisecond.
  private struct Flood {
    var limit = QueueLimit(countMin: 16, countMax: 4096)
    var now: UInt64 = 0
    /// When each that waits arrived.
    var waiting: [UInt64] = []
    var waits: [UInt64] = []
    var refused = 0

    mutating func arrive(_ calls: Int) {
      for _ in 0..<calls {
        guard limit.admits(waiting: waiting.count, now: now) else {
          refused += 1
          continue
        }
        waiting.append(now)
        if waiting.count == limit.watchedFrom { limit.beganToWait(now: now) }
      }
    }

    mutating func begin(_ calls: Int) {
      let begun = min(calls, waiting.count)
      guard begun > 0 else { return }
      let before = waiting.count
      for arrived in waiting.prefix(begun) { waits.append(now - arrived) }
      waiting.removeFirst(begun)
      if before >= limit.watchedFrom { limit.began(begun, waiting: waiting.count, now: now) }
    }

    /// - Parameters:
    ///   - arriving: a second.
    ///   - group: calls that are begun together, every so many steps.
    mutating func run(steps: Int, arriving: Int, group: Int, every: Int) {
      for step in 0..<steps {
        now += millisecond / 2
        arrive(arriving * (step + 1) / 2000 - arriving * step / 2000)
        if step.isMultiple(of: every) { begin(group) }
      }
    }
  }

  @Test(
    "ten times what a store begins: what is admitted waits for less than 0.2 s, and the store is never without work",
    arguments: [(500, 1, 4), (2_000, 1, 1), (2_000, 100, 100), (20_000, 10, 1), (20_000, 128, 13)])
  func flood(pace: Int, group: Int, every: Int) {
    var flood = Flood()
    // Until the pace is known, and what came before that is done.
    flood.run(steps: 2_000, arriving: pace * 10, group: group, every: every)
    flood.waits = []
    let before = flood.refused
    flood.run(steps: 10_000, arriving: pace * 10, group: group, every: every)
    let begun = 10_000 / every * group
    #expect(flood.waits.count >= begun * 98 / 100)
    #expect(flood.waits.allSatisfy { $0 < 200 * QueueLimitTests.millisecond })
    #expect(flood.refused - before > begun * 8)
    // And when it is over nothing is refused any more, not even a burst.
    flood.run(steps: 400, arriving: pace / 2, group: group, every: every)
    let after = flood.refused
    flood.run(steps: 10_000, arriving: pace / 2, group: group, every: every)
    flood.begin(.max)
    flood.arrive(1_000)
    #expect(flood.refused == after)
  }

  @Test("a few may wait at any pace, and more where nothing is known of it") func few() {
    var limit = QueueLimit(countMin: 16, countMax: 4096)
    #expect(limit.admits(waiting: 4_095, now: 0))
    #expect(!limit.admits(waiting: 4_096, now: 0))
    limit.beganToWait(now: 0)
    #expect(limit.admits(waiting: 4_095, now: 79 * QueueLimitTests.millisecond))
    // Nothing at all is begun.
    #expect(!limit.admits(waiting: 16, now: 80 * QueueLimitTests.millisecond))
    #expect(limit.admits(waiting: 15, now: .max / 2))
    #expect(!limit.admits(waiting: 16, now: .max / 2))
  }

  @Test("a queue that is shorter than the few is bounded by its length alone") func short() {
    let limit = QueueLimit(countMin: .max, countMax: 3)
    #expect(limit.admits(waiting: 2, now: 0))
    #expect(!limit.admits(waiting: 3, now: .max))
    #expect(limit.watchedFrom == 1)
  }
}
