package import Base

/// Who asks: what a verified token (or its absence) comes down to.
package struct Caller: Sendable, Equatable {
  /// The row of `users`; nil for a caller without a token.
  package var id: UUID?
  package var issuer: String?
  package var subject: String?
  /// Only roles of the contract, sorted.
  package var roles: [String] = []
  package var scopes: [String] = []
  package var tenant: Value = .null
  /// Declared claims by name; a declared claim that the token lacks is null.
  package var claims: [String: Value] = [:]

  package init() {}
  package static let anonymous = Caller()
  package var isAuthenticated: Bool { id != nil }
}
