package import Base
package import Crypto
package import JSON

/// Makes bearer tokens signed with the service's own key.
package struct TokenMinter: Sendable {
  /// What `iss` and `aud` say in a service's own tokens.
  package static func issuer(of service: String) -> String { "martlet:\(service)" }

  private static let reserved: Set<String> = ["iss", "sub", "aud", "iat", "nbf", "exp", "jti", "roles", "scope"]

  private let issuer: String
  private let key: ServiceKey

  package init(service: String, key: ServiceKey) {
    issuer = Self.issuer(of: service)
    self.key = key
  }

  /// A token for `subject`, good from `now` for `lifetime`. `claims` are added as they are; none of them replaces one of the
  /// token's own.
  package func mint(
    subject: String, roles: [String], scopes: [String], lifetime: Duration, claims: JSONObject = JSONObject(), now: Timestamp
  ) throws(CryptoError) -> String {
    let issued = now.microseconds.dividedFloor(by: 1_000_000)
    let (expires, overflow) = issued.addingReportingOverflow(max(lifetime.components.seconds, 0))
    var payload: JSONObject = [
      "iss": .string(issuer), "sub": .string(subject), "aud": .string(issuer), "iat": .integer(issued), "nbf": .integer(issued),
      "exp": .integer(overflow ? .max : expires), "jti": .string(Base64URL.encode(try SecureRandom.bytes(16))),
    ]
    if !roles.isEmpty { payload.append("roles", .array(roles.map { .string($0) })) }
    if !scopes.isEmpty { payload.append("scope", .string(scopes.joined(separator: " "))) }
    for member in claims.members where !Self.reserved.contains(member.name) { payload[member.name] = member.value }
    let header: JSONObject = ["alg": .string(key.signing.algorithm.rawValue), "typ": "JWT", "kid": .string(key.id)]
    return try CompactJWS.sign(header: header, payload: payload, with: key.signing)
  }
}
