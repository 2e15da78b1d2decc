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

  private let remembered = Mutex<Caller?>(nil)

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

  /// The caller that this token and its row of `users` make, once `remember` was told of the row; nil before.
  package var caller: Caller? { remembered.withLock { $0 } }

  /// Keeps the caller's row for as long as the token is cached.
  @discardableResult package func remember(user id: UUID) -> Caller {
    var caller = Caller()
    caller.id = id
    caller.issuer = issuer
    caller.subject = subject
    caller.roles = roles
    caller.scopes = scopes
    caller.tenant = tenant
    caller.claims = claims
    let made = caller
    remembered.withLock { $0 = made }
    return made
  }
}
