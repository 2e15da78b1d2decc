import Base
import Identity
import Store
import Synchronization

/// Finds the row of `users` behind a verified token, and makes it at the first use.
final class CallerDirectory: Sendable {
  private let verifier: TokenVerifier?
  private let users: ResourcePlan?
  private let find: ReadStatement?
  /// Counts the times that rows of `users` went.
  private let generation = Atomic<Int>(0)

  init(verifier: TokenVerifier?, users: ResourcePlan?) {
    self.verifier = verifier
    self.users = users
    find = users.flatMap { plan in
      guard let issuer = plan.table.field("issuer"), let subject = plan.table.field("subject") else { return nil }
      return plan.reads.key(where: [issuer.columns[0], subject.columns[0]])
    }
  }

  /// - Parameter authorization: the header's value: `Bearer TOKEN` (RFC 6750 section 2.1).
  func caller(authorization: String?, engine: Engine) async throws(Failure) -> Caller {
    guard let authorization else { return .anonymous }
    guard let token = CallerDirectory.token(Array(authorization.utf8)[...]) else {
      throw Failure(.tokenInvalid, "Authorization must be: Bearer TOKEN")
    }
    guard let verifier else { throw Failure(.tokenInvalid, "No issuer of tokens is configured") }
    let verified: VerifiedToken
    do {
      verified = try verifier.verify(token, now: engine.clock.now)
    } catch {
      throw error.code == .expired
        ? Failure(.tokenExpired, "The token has expired") : Failure(.tokenInvalid, "The token is not accepted: \(error.reason)")
    }
    // Before the row is looked for: one that goes meanwhile is not remembered.
    let generation = generation.load(ordering: .acquiring)
    if let known = verified.caller(now: engine.clock.now, generation: generation) { return known }
    let id = try await user(of: verified, engine: engine)
    return verified.remember(user: id, now: engine.clock.now, generation: generation)
  }

  /// A row of `users` has gone: who stands behind a token is looked up again.
  func forget() { generation.add(1, ordering: .acquiringAndReleasing) }

  /// The caller of a token that was verified before and whose row is known.
  ///
  /// - Parameter authorization: the bytes of the header's value.
  func knownCaller(authorization: ArraySlice<UInt8>, now: Timestamp) -> Caller? {
    CallerDirectory.token(authorization).flatMap { verifier?.known($0, now: now) }?
      .caller(now: now, generation: generation.load(ordering: .acquiring))
  }

  /// What stands behind `Bearer `, in any case; nil where something else does.
  private static func token(_ authorization: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    let scheme: StaticString = "bearer "
    guard authorization.count > scheme.utf8CodeUnitCount else { return nil }
    var place = authorization.startIndex
    // Safety: a constant's bytes; the index stays below their count.
    for number in 0..<scheme.utf8CodeUnitCount {
      guard authorization[place].lowercased == scheme.utf8Start[number] else { return nil }
      place += 1
    }
    while place < authorization.endIndex, authorization[place] == 0x20 { place += 1 }
    return authorization[place...]
  }

  /// The row's id. Two requests may come first at once: the unique index lets one of them make it.
  private func user(of token: VerifiedToken, engine: Engine) async throws(Failure) -> UUID {
    guard let users, let find else { throw Failure(.internal, "Something went wrong on our side") }
    let identity: [Value] = [.string(token.issuer), .string(token.subject)]
    do throws(StoreError) {
      for _ in 0..<3 {
        let rows = try await engine.store.read(find.query(identity))
        if case .uuid(let id)? = rows.captured.first { return id }
        var record = Record(users.table)
        let id = engine.newID()
        record.values[0] = .uuid(id)
        record["issuer"] = identity[0]
        record["subject"] = identity[1]
        record["revision"] = .integer(1)
        record["created_at"] = .timestamp(engine.clock.now)
        record["updated_at"] = record["created_at"]
        let insert = users.writes.insert(users.table.allColumns, returningKey: false)
        var batch = ChangeBatch()
        batch.add(.row, .run(insert.statement, insert.values(record.columnValues), rows: 1))
        engine.addEvent(users, nil, record, Change.Action.create.rawValue, actor: id, requestID: "", to: &batch)
        if case .committed = try await engine.store.write(WriteBatch(batch.steps)) { return id }
      }
    } catch {
      throw Failure(error, statements: 2)
    }
    throw Failure(.unavailable, "The caller's record could not be made; try again")
  }
}
