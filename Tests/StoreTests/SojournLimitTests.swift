import Store
import Testing

@Suite("The time that calls may wait") struct SojournLimitTests {
  private static let millisecond: UInt64 = 1_000_000
  private static let many = 500

  /// What is begun every millisecond from a moment on, having waited so long.
  private func begin(
    _ limit: inout SojournLimit, from start: UInt64, for milliseconds: UInt64, afterWaiting waited: UInt64, waiting: Int = many
  ) {
    for step in 0..<milliseconds {
      limit.began(afterWaiting: waited * Self.millisecond, waiting: waiting, now: (start + step) * Self.millisecond)
    }
  }

  private func refuses(_ limit: SojournLimit, _ waited: UInt64, waiting: Int = many) -> Bool {
    limit.refuses(afterWaiting: waited * Self.millisecond, waiting: waiting)
  }

  @Test("a burst is waited for") func burst() {
    var limit = SojournLimit()
    begin(&limit, from: 0, for: 49, afterWaiting: 2000)
    #expect(!limit.isOverloaded && !refuses(limit, 2000))
    limit.began(afterWaiting: 30 * Self.millisecond, waiting: Self.many, now: 49 * Self.millisecond)
    begin(&limit, from: 50, for: 49, afterWaiting: 2000)
    #expect(!limit.isOverloaded)
  }

  @Test("where all that is begun has waited for long, what waits too long is refused") func overload() {
    var limit = SojournLimit()
    begin(&limit, from: 7, for: 51, afterWaiting: 31)
    #expect(limit.isOverloaded)
    #expect(refuses(limit, 31) && !refuses(limit, 30))
    #expect(refuses(limit, 5000, waiting: 65) && !refuses(limit, 5000, waiting: 64), "a few may wait however long")
  }

  @Test("it is over when something hardly waited, or few wait") func recovery() {
    for (waited, waiting) in [(15, Self.many), (29, 32)] as [(UInt64, Int)] {
      var limit = SojournLimit()
      begin(&limit, from: 0, for: 60, afterWaiting: 40)
      limit.began(afterWaiting: 29 * Self.millisecond, waiting: Self.many, now: 61 * Self.millisecond)
      #expect(limit.isOverloaded, "what is refused keeps the wait just under its limit: that is no end")
      limit.began(afterWaiting: waited * Self.millisecond, waiting: waiting, now: 62 * Self.millisecond)
      #expect(!limit.isOverloaded && !refuses(limit, 5000))
      begin(&limit, from: 63, for: 50, afterWaiting: 40)
      #expect(!limit.isOverloaded, "it has its patience again")
    }
  }

  @Test("a store that stands still refuses nobody for it") func stall() {
    var limit = SojournLimit()
    limit.began(afterWaiting: 0, waiting: Self.many, now: 0)
    #expect(!refuses(limit, 60_000))
    limit.began(afterWaiting: 60_000 * Self.millisecond, waiting: Self.many, now: 60_000 * Self.millisecond)
    #expect(!refuses(limit, 60_000))
  }
}
