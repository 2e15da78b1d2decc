import Base
import Testing

@Suite struct BackoffTests {
  private struct Fixed: RandomSource {
    var value: UInt64
    func next() -> UInt64 { value }
  }

  @Test func pausesDoubleUpToTheirBoundAndSpread() {
    var shortest = Backoff(firstMilliseconds: 50, lastMilliseconds: 5000)
    var longest = shortest
    #expect((0..<10).map { _ in shortest.next(Fixed(value: 0)) } == [25, 50, 100, 200, 400, 800, 1600, 2500, 2500, 2500])
    #expect((0..<3).map { _ in longest.next(Fixed(value: 25 * 51 * 101 - 1)) }.allSatisfy { $0 <= 200 })
    for _ in 0..<100 { #expect((2500...5000).contains(shortest.next(SystemRandom()))) }
    shortest.succeed()
    #expect(shortest.next(Fixed(value: 0)) == 25)
  }
}
