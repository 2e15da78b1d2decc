package import Base

/// Who asks: what a verified token (or its absence) comes down to.
///
/// Its parts stand in one object, because a caller is handed from hand to hand: a copy costs one count of references. It is
/// made once for each token.
package struct Caller: Sendable, Equatable {
  private struct Parts: Sendable, Equatable {
    var id: UUID?
    var issuer: String?
    var subject: String?
    var roles: [String] = []
    var scopes: [String] = []
    var tenant: Value = .null
    var claims: [String: Value] = [:]
  }

  private final class Holder: Sendable {
    let parts: Parts
    init(_ parts: Parts) { self.parts = parts }
  }

  private var holder: Holder
  private static let nobody = Holder(Parts())

  private mutating func change(_ change: (inout Parts) -> Void) {
    var parts = holder.parts
    change(&parts)
    holder = Holder(parts)
  }

  package init() { holder = Caller.nobody }
  package static let anonymous = Caller()

  /// The row of `users`; nil for a caller without a token.
  package var id: UUID? {
    get { holder.parts.id }
    set { change { $0.id = newValue } }
  }
  package var issuer: String? {
    get { holder.parts.issuer }
    set { change { $0.issuer = newValue } }
  }
  package var subject: String? {
    get { holder.parts.subject }
    set { change { $0.subject = newValue } }
  }
  /// Only roles of the contract, sorted.
  package var roles: [String] {
    get { holder.parts.roles }
    set { change { $0.roles = newValue } }
  }
  package var scopes: [String] {
    get { holder.parts.scopes }
    set { change { $0.scopes = newValue } }
  }
  package var tenant: Value {
    get { holder.parts.tenant }
    set { change { $0.tenant = newValue } }
  }
  /// Declared claims by name; a declared claim that the token lacks is null.
  package var claims: [String: Value] {
    get { holder.parts.claims }
    set { change { $0.claims = newValue } }
  }
  package var isAuthenticated: Bool { holder.parts.id != nil }

  package static func == (a: Caller, b: Caller) -> Bool { a.holder === b.holder || a.holder.parts == b.holder.parts }
}
