package import Base
import Synchronization

/// What a token says, after all of it was checked. Shared by everyone who brings the same token.
package final class VerifiedToken: Sendable {
  package let issuer: String
  package let subject: String
  /// Only roles of the contract, sorted.
  package let roles: [String]
  package let scopes: [String]
  package let tenant: Value
  /// Every declared claim; null where the token lacks it or it has another type.
  package let claims: [String: Value]
  package let expiresAt: Timestamp

  private struct Remembered {
    let caller: Caller
    let since: Timestamp
    let generation: Int
  }
  private let remembered = Mutex<Remembered?>(nil)

  /// For how long the row is taken to be there, in microseconds: another process may have removed it meanwhile.
  package static let rememberedMicroseconds: Int64 = 5_000_000

  init(
    issuer: String, subject: String, roles: [String], scopes: [String], tenant: Value, claims: [String: Value], expiresAt: Timestamp
  ) {
    self.issuer = issuer
    self.subject = subject
    self.roles = roles
    self.scopes = scopes
    self.tenant = tenant
    self.claims = claims
    self.expiresAt = expiresAt
  }

  /// The caller that this token and its row of `users` make, once `remember` was told of the row; nil before, where that was long ago,
  /// and where rows have been removed since (another generation).
  package func caller(now: Timestamp, generation: Int) -> Caller? {
    remembered.withLock { remembered in
      guard let remembered, remembered.generation == generation, now >= remembered.since,
        now.microseconds - remembered.since.microseconds < VerifiedToken.rememberedMicroseconds
      else { return nil }
      return remembered.caller
    }
  }

  /// Keeps the caller's row for a few seconds.
  ///
  /// - Parameter generation: what `caller(now:generation:)` compares.
  @discardableResult package func remember(user id: UUID, now: Timestamp, generation: Int) -> Caller {
    var caller = Caller()
    caller.id = id
    caller.issuer = issuer
    caller.subject = subject
    caller.roles = roles
    caller.scopes = scopes
    caller.tenant = tenant
    caller.claims = claims
    let made = caller
    remembered.withLock { $0 = Remembered(caller: made, since: now, generation: generation) }
    return made
  }
}
