import Base
import Contract

/// What changes that lost a race wait their turn for: a record, or with an empty key the next number of a resource.
struct ChangeTurn: Hashable, Sendable {
  var resource: Int
  var key: [Value]
}

extension Engine {
  /// Changes of one record that wait for those before them; one more is refused.
  static let changeWaitersMax = 1_000
  /// From the first lost race on. Less than the 30 s that adapters give a request, so that the client is told that nothing
  /// was done.
  static let contentionTimeMax: Duration = .seconds(25)

  /// Works a change out and sends it until nobody else is first: `attempt` gives nil where somebody was.
  ///
  /// The first try is anybody's. Who loses it waits for the turn, and while anybody has that, whoever comes waits as well: all
  /// that can still be faster in this process are the tries that were under way when the turn was first taken, so each change is
  /// made in the order in which they came. Between processes it is pauses at random lengths that let both get on.
  ///
  /// - Throws: 503 `overloaded` when too many wait, or after `contentionTimeMax`.
  func untilFirst<Result>(
    _ turn: ChangeTurn?, of resource: String, statements: inout Int, _ attempt: (inout Int) async throws(Failure) -> Result?
  ) async throws(Failure) -> Result {
    // A batch holds nobody up while it is worked out, and begins anew where it is late.
    let turn = session == nil ? turn : nil
    if turn.map(changeTurns.isTaken) != true, let result = try await attempt(&statements) { return result }
    let started = clock.monotonicNanoseconds
    if let turn {
      guard await changeTurns.enter(turn) else { throw contended(resource).counting(statements) }
    }
    defer { if let turn { changeTurns.leave(turn) } }
    var pause = Backoff(firstMilliseconds: 2, lastMilliseconds: 64)
    while true {
      if let result = try await attempt(&statements) { return result }
      let isLate = .nanoseconds(Int64(clamping: clock.monotonicNanoseconds &- started)) >= Engine.contentionTimeMax
      guard !isLate, await clock.sleep(for: .milliseconds(pause.next(random))) else {
        throw contended(resource).counting(statements)
      }
    }
  }

  private func contended(_ resource: String) -> Failure {
    var failure = Failure(.overloaded, "Too many requests change \(resource) at once")
    failure.retryAfter = 1
    return failure
  }
}
