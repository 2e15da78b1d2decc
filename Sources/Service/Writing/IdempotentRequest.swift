import Base
import Crypto
import Identity
package import Store

extension Engine {
  /// Answers are kept this long.
  static let answerLifetimeMicroseconds: Int64 = 24 * 3600 * 1_000_000

  /// Runs a change so that its `Idempotency-Key`, if it has one, takes effect once: a repeated request gets the first
  /// answer again, whatever has become of the record since.
  func idempotently(
    _ operation: Operation, _ run: (Operation) async throws(Failure) -> (answer: Answer, keyTaken: Bool)
  ) async throws(Failure) -> Answer {
    guard let idempotency = operation.idempotency else { return try await run(operation).answer }
    let scope = scope(of: idempotency, operation)
    guard await keyTurns.enter(scope) else {
      var failure = Failure(.idempotencyInFlight, "A request with this Idempotency-Key is still being carried out")
      failure.retryAfter = 1
      throw failure
    }
    defer { keyTurns.leave(scope) }
    for _ in 0..<3 {
      do throws(Failure) {
        let result = try await run(operation)
        if !result.keyTaken { return result.answer }
      } catch {
        // Whatever a repeated request would be refused for now, it was carried out when it came first.
        if error.code.status < 500, let kept = try await keptAnswer(idempotency, scope: scope) { return kept }
        throw error
      }
      if let kept = try await keptAnswer(idempotency, scope: scope) { return kept }
      // The kept answer is out of date: make room and carry the request out.
      try await dropAnswer(scope)
    }
    throw Failure(.conflict, "Too many requests with this Idempotency-Key at once")
  }

  /// A digest of the caller and the key; of the body as well where nobody is known.
  func scope(of idempotency: Idempotency, _ operation: Operation) -> [UInt8] {
    var message: [UInt8] = []
    if let id = operation.caller.id {
      message.append(1)
      message.append(contentsOf: id.bytes)
    } else {
      message.append(0)
      message.append(contentsOf: idempotency.fingerprint)
    }
    message.append(idempotency.key)
    var out: [UInt8] = []
    scopeKey.code(for: message).append(to: &out)
    return out
  }

  private var oldest: Value { .timestamp(Timestamp(microseconds: clock.now.microseconds - Engine.answerLifetimeMicroseconds)) }

  /// The answer that the operation's key has already; nil where it has none, or no key.
  func keptAnswer(_ operation: Operation) async throws(Failure) -> Answer? {
    guard let idempotency = operation.idempotency else { return nil }
    return try await keptAnswer(idempotency, scope: scope(of: idempotency, operation))
  }

  private func keptAnswer(_ idempotency: Idempotency, scope: [UInt8]) async throws(Failure) -> Answer? {
    let rows: Rows
    do {
      rows = try await store.read(engineStatements.findAnswer.query([.bytes(scope)]))
    } catch {
      throw Failure(error, statements: 1)
    }
    guard rows.count == 1, rows.captured.count == 6, case .bytes(let fingerprint) = rows.captured[0],
      case .integer(let status) = rows.captured[1], case .bytes(let body) = rows.captured[4],
      case .timestamp(let time) = rows.captured[5]
    else { return nil }
    guard time.microseconds > clock.now.microseconds - Engine.answerLifetimeMicroseconds else { return nil }
    guard fingerprint == idempotency.fingerprint else {
      throw Failure(.idempotencyMismatch, "This Idempotency-Key was used for another request; take a new key for a new request")
    }
    var answer = Answer(Answer.Status(rawValue: Int(status)) ?? .ok)
    if case .string(let etag) = rows.captured[2] { answer.etag = etag }
    if case .string(let location) = rows.captured[3] { answer.location = location }
    answer.body = body
    answer.lease = rows.lease
    answer.isReplayed = true
    answer.statements = 1
    return answer
  }

  func dropAnswer(_ scope: [UInt8]) async throws(Failure) {
    let prepared = engineStatements.dropAnswer
    do {
      _ = try await store.write(WriteBatch([.run(prepared.statement, prepared.values([.bytes(scope), oldest]), rows: nil)]))
    } catch {
      throw Failure(error, statements: 1)
    }
  }

  /// Drops kept answers that are out of date, at most 1,000.
  ///
  /// - Returns: whether there are more.
  package func expireAnswers() async throws(StoreError) -> Bool {
    let prepared = engineStatements.expireAnswers
    guard try await store.read(engineStatements.hasExpired.query([oldest])).count > 0 else { return false }
    _ = try await store.write(WriteBatch([.run(prepared.statement, prepared.values([oldest]), rows: nil)]))
    return try await store.read(engineStatements.hasExpired.query([oldest])).count > 0
  }
}
