/// Which statements are slow, so that they are not sent together with quick ones: a connection answers in order, and who is
/// behind a slow statement waits for it.
///
/// A statement's own time cannot be seen inside a group, but it is never longer than its group's. So the shortest group that it
/// was part of bounds it: quick statements soon find themselves in a quick one, slow ones never do. The bound rises a little
/// with each slower group, so that a statement that has become slow is noticed.
struct StatementTimes: Sendable {
  static let slowMilliseconds: UInt64 = 40
  /// Statements that are remembered; one more and all are forgotten, which costs a few mixed groups.
  static let statementsMax = 1024

  private var bounds: [Int: UInt64] = [:]

  /// Notes how long a group took that held these statements.
  mutating func note(_ numbers: Set<Int>, milliseconds: UInt64) {
    for number in numbers {
      if let known = bounds[number] {
        let risen = known + known / 4 + 1
        bounds[number] = min(milliseconds, risen)
      } else if milliseconds >= StatementTimes.slowMilliseconds {
        // Quick from the first is not worth a place.
        makeRoom()
        bounds[number] = milliseconds
      }
      if let bound = bounds[number], bound < StatementTimes.slowMilliseconds / 4 { bounds[number] = nil }
    }
  }

  /// Notes a statement that is not to be sent with others until it was quick alone.
  mutating func noteSlow(_ number: Int) {
    makeRoom()
    bounds[number] = max(bounds[number] ?? 0, StatementTimes.slowMilliseconds)
  }

  private mutating func makeRoom() {
    guard bounds.count >= StatementTimes.statementsMax else { return }
    bounds.removeAll(keepingCapacity: true)
  }

  func isSlow(_ number: Int) -> Bool { !bounds.isEmpty && bounds[number].map { $0 >= StatementTimes.slowMilliseconds } ?? false }
}
