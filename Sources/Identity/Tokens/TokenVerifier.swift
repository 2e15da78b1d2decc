package import Base
package import Contract
import Crypto
import JSON
import Synchronization

/// Tells whom a bearer token stands for: a JWT of a configured issuer or of the service itself. Safe from any thread.
///
/// A token that was verified is kept within its life, so that a request costs one SHA-256 and one look-up.
package final class TokenVerifier: Sendable {
  package static let cachedTokensMax = 10_000
  static let subjectBytesMax = 255
  /// How far clocks may differ.
  private static let leewayMicroseconds: Int64 = 30_000_000
  /// How often key files are looked at.
  private static let keyCheckMicroseconds: Int64 = 10_000_000

  private let issuers: [ExactText: [TrustedIssuer]]
  private let declaredRoles: Set<String>
  private let declaredClaims: [(name: String, type: FieldType)]
  private let cache: TokenCache
  private let checkedAt: Atomic<Int64>
  private let report: @Sendable (String) -> Void

  /// Reads every issuer's key file; `folder` is what their paths are relative to. `report` gets sentences for the log: keys
  /// that are passed over, key files that changed, and those that could not be read again.
  package init(
    _ settings: IdentitySettings, roles: [String], service: String, key: ServiceKey, folder: String, now: Timestamp,
    cachedTokens: Int = TokenVerifier.cachedTokensMax, report: @escaping @Sendable (String) -> Void
  ) throws(KeyFileError) {
    let own = TokenMinter.issuer(of: service)
    var issuers: [ExactText: [TrustedIssuer]] = [:]
    do throws(KeySet.Problem) {
      issuers[ExactText(own)] = [TrustedIssuer(issuer: own, audience: own, keys: try KeySet(keys: [key.verificationKey]))]
    } catch {
      throw KeyFileError(path: ServiceKey.fileName, reason: error.description)
    }
    for issuer in settings.issuers {
      // Nobody else speaks in the service's own name.
      guard issuer.issuer != own else { throw KeyFileError(path: issuer.keyFile, reason: "the issuer \(own) is the service itself") }
      let trusted = try TrustedIssuer(issuer, folder: folder)
      for notice in trusted.set.notices { report("key file of issuer \(issuer.name): \(notice)") }
      issuers[ExactText(issuer.issuer), default: []].append(trusted)
    }
    self.issuers = issuers
    declaredRoles = Set(roles)
    declaredClaims = settings.claims
    cache = TokenCache(capacity: cachedTokens)
    checkedAt = Atomic(now.microseconds)
    self.report = report
  }

  package func verify(_ token: String, now: Timestamp) throws(TokenError) -> VerifiedToken {
    try verify(Array(token.utf8)[...], now: now)
  }

  /// What a token says that was verified before and is still good; nil for any other.
  package func known(_ token: ArraySlice<UInt8>, now: Timestamp) -> VerifiedToken? {
    checkKeyFiles(now)
    guard token.count <= CompactJWS.bytesMax, let known = cache.find(SHA256.hash(token)), Self.isAlive(known.expiresAt, now) else {
      return nil
    }
    return known
  }

  /// Checks the token (the bytes after `Bearer `) and tells what it says.
  package func verify(_ token: ArraySlice<UInt8>, now: Timestamp) throws(TokenError) -> VerifiedToken {
    checkKeyFiles(now)
    guard token.count <= CompactJWS.bytesMax else { throw .invalid("the token is longer than \(CompactJWS.bytesMax) bytes") }
    let digest = SHA256.hash(token)
    if let known = cache.find(digest) {
      guard Self.isAlive(known.expiresAt, now) else { throw TokenError(.expired, "the token has expired") }
      return known
    }
    let generation = cache.generation
    let verified = try verifyAfresh(CompactJWS(Array(token)), now)
    cache.insert(verified, digest, generation: generation)
    return verified
  }

  private func verifyAfresh(_ token: CompactJWS, _ now: Timestamp) throws(TokenError) -> VerifiedToken {
    try Self.check(type: token.type)
    let limits = JSONLimits(bytesMax: CompactJWS.bytesMax, depthMax: 16)
    guard let claims = try? JSONDocument.parse(token.payload, limits: limits).root, claims.kind == .object else {
      throw .invalid("the token's claims are not a JSON object")
    }
    guard let name = claims["iss"]?.stringValue, let candidates = issuers[ExactText(name)] else {
      throw .invalid("the token's issuer is not trusted")
    }
    var problem = TokenError.invalid("the token's issuer is not trusted")
    for issuer in candidates {
      do throws(TokenError) {
        try issuer.set.verify(token)
        return try read(claims, issuer, now)
      } catch {
        problem = error
      }
    }
    throw problem
  }

  /// Only what is an access token or says nothing about itself (RFC 8725 section 3.11, RFC 9068 section 4).
  private static func check(type: String?) throws(TokenError) {
    guard var type = type?.lowercased() else { return }
    if type.hasPrefix("application/") { type.removeFirst("application/".count) }
    guard type == "jwt" || type == "at+jwt" else { throw .invalid("the token is of another type") }
  }

  private func read(_ claims: JSONNode, _ issuer: TrustedIssuer, _ now: Timestamp) throws(TokenError) -> VerifiedToken {
    if let audience = issuer.audience {
      guard ClaimReader.strings(claims["aud"]).contains(where: audience.isExactly) else {
        throw .invalid("the token is meant for another audience")
      }
    }
    guard let subject = claims["sub"]?.stringValue, !subject.isEmpty, subject.utf8.count <= Self.subjectBytesMax,
      subject.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
    else { throw .invalid("the token's subject is missing, longer than \(Self.subjectBytesMax) bytes or has control characters") }
    let expiresAt = try checkTimes(claims, now)
    let values = declaredClaims.map { ($0.name, ClaimReader.value(of: claims[$0.name], as: $0.type)) }
    return VerifiedToken(
      issuer: issuer.issuer, subject: subject, roles: issuer.granted(claims, declared: declaredRoles), scopes: Self.scopes(claims),
      tenant: claims["tenant"].flatMap(ClaimReader.text).map { .string($0) } ?? .null,
      claims: Dictionary(values) { first, _ in first }, expiresAt: expiresAt)
  }

  /// The end of the token's life. `exp` is required; `nbf` and `iat` must not lie in the future where they stand.
  private func checkTimes(_ claims: JSONNode, _ now: Timestamp) throws(TokenError) -> Timestamp {
    let soon = now.microseconds + Self.leewayMicroseconds
    for name in ["nbf", "iat"] {
      guard let node = claims[name] else { continue }
      guard let time = ClaimReader.numericDate(node) else { throw .invalid("the token's \(name) is not a time") }
      guard time.microseconds <= soon else { throw .invalid("the token's \(name) lies in the future") }
    }
    guard let node = claims["exp"], let expiresAt = ClaimReader.numericDate(node) else {
      throw .invalid("the token's exp is missing or not a time")
    }
    guard Self.isAlive(expiresAt, now) else { throw TokenError(.expired, "the token has expired") }
    return expiresAt
  }

  private static func isAlive(_ expiresAt: Timestamp, _ now: Timestamp) -> Bool {
    now.microseconds < expiresAt.microseconds + leewayMicroseconds
  }

  /// `scope`, words in one string (RFC 8693 section 4.2), or `scp`, which some issuers write instead.
  private static func scopes(_ claims: JSONNode) -> [String] {
    let texts = ClaimReader.strings(claims["scope"] ?? claims["scp"])
    return Set(texts.flatMap { $0.split(separator: " ").map(String.init) }).sorted()
  }

  /// Looks at the key files when it is time to; one caller does, the others go on.
  private func checkKeyFiles(_ now: Timestamp) {
    let last = checkedAt.load(ordering: .relaxed)
    // A clock that was set back must not stop the checks.
    guard now.microseconds &- last >= Self.keyCheckMicroseconds || now.microseconds < last,
      checkedAt.compareExchange(expected: last, desired: now.microseconds, ordering: .relaxed).exchanged
    else { return }
    for issuer in issuers.values.joined() {
      do throws(KeyFileError) {
        guard try issuer.refresh() else { continue }
        cache.removeAll()
        report("key file of issuer \(issuer.issuer) was read again")
        for notice in issuer.set.notices { report("key file of issuer \(issuer.issuer): \(notice)") }
      } catch {
        report("\(error); the keys read before stay in use")
      }
    }
  }
}
