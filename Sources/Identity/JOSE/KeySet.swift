import Crypto
import JSON

/// The keys of one issuer: a JWK Set, a single JWK, or a PEM file of public keys.
package struct KeySet: Sendable {
  package struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
    package var description: String
    init(_ description: String) { self.description = description }
  }

  package static let bytesMax = 1 << 20
  package static let keysMax = 64
  /// How many keys a token without a `kid` is tried with.
  static let attemptsMax = 8

  package let keys: [VerificationKey]
  /// Keys of the set that are passed over, and why: for the log.
  package let notices: [String]

  init(keys: [VerificationKey], notices: [String] = []) throws(Problem) {
    guard !keys.isEmpty else {
      throw Problem(notices.isEmpty ? "there is no key" : "there is no usable key: " + notices.joined(separator: "; "))
    }
    guard keys.count <= Self.keysMax else { throw Problem("there are more than \(Self.keysMax) keys") }
    self.keys = keys
    self.notices = notices
  }

  /// Reads a key file's text.
  package init(_ text: [UInt8]) throws(Problem) {
    guard text.count <= Self.bytesMax else { throw Problem("a key file has at most \(Self.bytesMax) bytes") }
    if text.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") {
      try self.init(json: text)
      return
    }
    do {
      try self.init(keys: PublicKey.keys(pem: text).map { VerificationKey(id: nil, $0) })
    } catch {
      throw (error as? Problem) ?? Problem("\(error)")
    }
  }

  private init(json text: [UInt8]) throws(Problem) {
    let root: JSONNode
    do {
      root = try JSONDocument.parse(text, limits: JSONLimits(bytesMax: Self.bytesMax, depthMax: 16)).root
    } catch {
      throw Problem("it is not JSON: \(error)")
    }
    var nodes = [root]
    if let set = root["keys"] {
      guard set.kind == .array else { throw Problem("keys is not an array") }
      guard set.count <= Self.keysMax else { throw Problem("there are more than \(Self.keysMax) keys") }
      nodes = Array(set.elements)
    }
    try Self.checkAmbiguity(of: nodes)
    var keys: [VerificationKey] = []
    var notices: [String] = []
    for (place, node) in nodes.enumerated() {
      do throws(UnusableKey) {
        keys.append(try VerificationKey(jwk: node))
      } catch {
        notices.append("key \(place + 1): \(error.reason)")
      }
    }
    try self.init(keys: keys, notices: notices)
  }

  /// What makes a whole set doubtful, whether or not each key in it could be used.
  private static func checkAmbiguity(of nodes: [JSONNode]) throws(Problem) {
    let signing = nodes.filter { !($0["use"]?.equals("enc") ?? false) }
    // A set is either published or secret. Both in one is how a public key comes to be taken for a secret.
    let secrets = signing.count { $0["kty"]?.equals("oct") ?? false }
    guard secrets == 0 || secrets == signing.count else { throw Problem("the set mixes secrets and public keys") }
    let ids = signing.compactMap { $0["kid"]?.stringValue }
    guard Set(ids).count == ids.count else { throw Problem("two keys have the same kid") }
  }

  /// Checks the token's signature with the key its `kid` names; where no key has that id, or it has none, with those of the
  /// token's algorithm that have none themselves, or all. At most `attemptsMax` keys are tried.
  package func verify(_ token: CompactJWS) throws(TokenError) {
    let fitting = keys.filter { $0.algorithm.rawValue == token.algorithm }
    var candidates = fitting
    if let id = token.keyID {
      let named = keys.filter { $0.id == id }
      candidates = named.isEmpty ? fitting.filter { $0.id == nil } : named
    }
    guard !candidates.isEmpty else { throw .invalid("the issuer has no key for the token's key id and algorithm") }
    guard candidates.prefix(Self.attemptsMax).contains(where: { $0.isValid(token) }) else {
      throw .invalid("the token's signature is not its issuer's")
    }
  }
}
