import Testing

@testable import REST

/// A store that serves so many a millisecond and sheds the rest, and clients that ask at an even pace.
@Suite("Adaptive throttle") struct AdaptiveThrottleTests {
  private final class Run {
    let throttle = AdaptiveThrottle()
    var now: UInt64 = 1_000_000_000
    var served = 0, shed = 0, refused = 0
    private var room = 0.0

    /// So many milliseconds of so many requests each, of which the store serves so many.
    func go(_ milliseconds: Int, asked: Int, servedEach: Double, endpoint: Int = 0) {
      (served, shed, refused, room) = (0, 0, 0, 0)
      for _ in 0..<milliseconds {
        now += 1_000_000
        room = min(room + servedEach, max(1, 2 * servedEach))
        for _ in 0..<asked {
          guard throttle.admits(endpoint, now: now) else {
            refused += 1
            continue
          }
          let isServed = room >= 1
          if isServed { room -= 1 }
          throttle.ended(endpoint, wasShed: !isServed, now: now)
          if isServed { served += 1 } else { shed += 1 }
        }
      }
    }
  }

  @Test("refuses nobody while the store refuses nobody") func calm() {
    let run = Run()
    run.go(1_000, asked: 50, servedEach: 50)
    #expect(run.served == 50_000 && run.shed == 0 && run.refused == 0)
  }

  @Test(
    "of a flood the store meets a little more than it serves, and serves as much as it can",
    arguments: [(10, 1.0), (100, 10.0), (300, 2.5)])
  func flood(asked: Int, servedEach: Double) {
    let run = Run()
    run.go(500, asked: asked, servedEach: servedEach)
    run.go(2_000, asked: asked, servedEach: servedEach)
    let capacity = 2_000 * servedEach
    #expect(Double(run.served) >= 0.97 * capacity)
    #expect(Double(run.shed) <= 0.5 * capacity)
    #expect(run.served + run.shed + run.refused == 2_000 * asked)
  }

  @Test("when the flood is over nobody is refused a second later, and nothing is counted any more") func recovery() {
    let run = Run()
    run.go(2_000, asked: 100, servedEach: 5)
    run.go(1_000, asked: 2, servedEach: 5)
    run.go(1_000, asked: 2, servedEach: 5)
    #expect(run.refused == 0 && run.shed == 0)
  }

  @Test("a store that has become faster is found out") func faster() {
    let run = Run()
    run.go(2_000, asked: 100, servedEach: 2)
    run.go(2_000, asked: 100, servedEach: 80)
    run.go(1_000, asked: 100, servedEach: 80)
    #expect(run.served >= 76_000)
  }

  @Test("where nothing ends nobody is refused") func standstill() {
    let run = Run()
    run.go(2_000, asked: 100, servedEach: 5)
    run.now += 200_000_000
    for _ in 0..<1_000 { #expect(run.throttle.admits(0, now: run.now)) }
  }

  @Test("another endpoint is not touched") func others() {
    let run = Run()
    run.go(1_000, asked: 100, servedEach: 5)
    for _ in 0..<1_000 {
      #expect(run.throttle.admits(1, now: run.now))
      run.throttle.ended(1, wasShed: false, now: run.now)
    }
    run.go(100, asked: 100, servedEach: 5)
    #expect(run.refused > 5_000)
  }

  @Test("a clock that jumps and counts that are odd break nothing") func jumps() {
    let throttle = AdaptiveThrottle()
    for now: UInt64 in [5, .max / 2, 0, 1, 1 << 40, 3] {
      for _ in 0..<10 {
        throttle.ended(7, wasShed: true, now: now)
        _ = throttle.admits(7, now: now)
        throttle.ended(7, wasShed: false, now: now)
      }
    }
    #expect(throttle.admits(8, now: 0))
  }
}
