import Crypto
import JSON

/// Why a member of a key set is passed over. A set may hold keys for other uses and of kinds that others understand
/// (RFC 7517 section 5).
struct UnusableKey: Error, Equatable {
  var reason: String
  init(_ reason: String) { self.reason = reason }
}

extension VerificationKey {
  /// RFC 7518 section 3.2: a secret of at least the digest's size.
  static let secretBytesMin = 32

  /// Reads a JSON Web Key (RFC 7517). `use` must be `sig` and `key_ops` hold `verify` where they stand; `alg` must be
  /// supported and fit the key. Without `alg` the key's type decides: `oct` HS256, `RSA` RS256, `P-256` ES256, `Ed25519` EdDSA.
  init(jwk: JSONNode) throws(UnusableKey) {
    guard jwk.kind == .object else { throw UnusableKey("it is not an object") }
    guard let type = try Self.text(jwk, "kty") else { throw UnusableKey("it has no kty") }
    if let use = try Self.text(jwk, "use"), use != "sig" { throw UnusableKey("its use is not sig") }
    try Self.check(operations: jwk["key_ops"])
    let id = try Self.text(jwk, "kid")
    guard (id?.utf8.count ?? 0) <= CompactJWS.keyIDBytesMax else { throw UnusableKey("its kid is too long") }
    var named: SignatureAlgorithm?
    if let name = try Self.text(jwk, "alg") {
      guard let algorithm = SignatureAlgorithm(rawValue: name) else { throw UnusableKey("its alg is not supported") }
      named = algorithm
    }
    if type == "oct" {
      let secret = try Self.octets(jwk, "k")
      guard secret.count >= Self.secretBytesMin else { throw UnusableKey("a secret has at least \(Self.secretBytesMin) bytes") }
      guard named ?? .hs256 == .hs256 else { throw UnusableKey("its alg does not fit its kty") }
      self.init(id: id, algorithm: .hs256, material: .secret(HMACKey(secret)))
      return
    }
    let key = try Self.publicKey(jwk, type)
    let algorithm = named ?? key.defaultAlgorithm
    guard key.supports(algorithm) else { throw UnusableKey("its alg does not fit its kty") }
    self.init(id: id, algorithm: algorithm, material: .public(key))
  }

  private static func publicKey(_ jwk: JSONNode, _ type: String) throws(UnusableKey) -> PublicKey {
    do {
      switch (type, try text(jwk, "crv")) {
      case ("RSA", _): return try PublicKey(rsaModulus: octets(jwk, "n"), exponent: octets(jwk, "e"))
      case ("EC", "P-256"): return try PublicKey(p256X: octets(jwk, "x"), y: octets(jwk, "y"))
      case ("OKP", "Ed25519"): return try PublicKey(ed25519: octets(jwk, "x"))
      case ("EC", _), ("OKP", _): throw UnusableKey("its curve is not supported")
      default: throw UnusableKey("its kty is not known")
      }
    } catch let error as CryptoError {
      throw UnusableKey(error.detail)
    } catch let error as UnusableKey {
      throw error
    } catch {
      throw UnusableKey("it cannot be read")
    }
  }

  /// RFC 7517 section 4.3: no operation twice, and verifying among them.
  private static func check(operations: JSONNode?) throws(UnusableKey) {
    guard let operations else { return }
    guard operations.kind == .array else { throw UnusableKey("its key_ops is not an array") }
    var seen: Set<String> = []
    for operation in operations.elements {
      guard let name = operation.stringValue, seen.insert(name).inserted else {
        throw UnusableKey("its key_ops are not different strings")
      }
    }
    guard seen.contains("verify") else { throw UnusableKey("its key_ops do not allow verifying") }
  }

  private static func text(_ jwk: JSONNode, _ name: String) throws(UnusableKey) -> String? {
    guard let node = jwk[name] else { return nil }
    guard let text = node.stringValue else { throw UnusableKey("its \(name) is not a string") }
    return text
  }

  private static func octets(_ jwk: JSONNode, _ name: String) throws(UnusableKey) -> [UInt8] {
    guard let text = jwk[name]?.utf8, let octets = Base64URL.decode(text) else {
      throw UnusableKey("its \(name) is missing or not base64url")
    }
    return octets
  }
}
