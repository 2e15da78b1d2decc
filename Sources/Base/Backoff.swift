/// How long to wait before trying again: doubled each time up to a bound, and spread at random over its upper half, so that
/// many who failed together do not come back together.
package struct Backoff: Sendable {
  let firstMilliseconds: Int
  let lastMilliseconds: Int
  package private(set) var failures = 0

  package init(firstMilliseconds: Int, lastMilliseconds: Int) {
    self.firstMilliseconds = firstMilliseconds
    self.lastMilliseconds = lastMilliseconds
  }

  /// Notes a failure and says how many milliseconds to wait.
  package mutating func next(_ random: some RandomSource) -> Int {
    let doubled = failures < 20 ? firstMilliseconds << failures : lastMilliseconds
    failures += 1
    let whole = max(1, min(doubled, lastMilliseconds))
    let half = whole / 2
    return whole - half + Int(truncatingIfNeeded: random.next() % UInt64(half + 1))
  }

  package mutating func succeed() { failures = 0 }
}
