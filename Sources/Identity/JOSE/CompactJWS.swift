import Crypto
import JSON

/// A JSON Web Signature in its compact form (RFC 7515 section 7.1), taken apart and not yet verified.
///
/// Read strictly: exactly three parts of canonical base64url without padding, a header that is a JSON object without
/// duplicate members. Nothing in the header but `alg`, `kid` and `typ` is looked at: no key and no address comes from it.
package struct CompactJWS: Sendable {
  /// Bound of a whole token, in bytes.
  package static let bytesMax = 8192
  static let keyIDBytesMax = 256

  /// As the token says it; the key's own algorithm must be the same (RFC 8725 section 3.1).
  package let algorithm: String
  package let keyID: String?
  package let type: String?
  package let payload: [UInt8]
  let signature: [UInt8]
  /// What is signed: the first two parts and the dot between them.
  let signedText: [UInt8]

  package init(_ token: [UInt8]) throws(TokenError) {
    guard token.count <= Self.bytesMax else { throw .invalid("the token is longer than \(Self.bytesMax) bytes") }
    let dot = UInt8(ascii: ".")
    guard let first = token.firstIndex(of: dot), let second = token[(first + 1)...].firstIndex(of: dot),
      !token[(second + 1)...].contains(dot)
    else { throw .invalid("the token does not have three parts") }
    guard first > 0, second + 1 < token.count else { throw .invalid("a part of the token is empty") }
    guard let header = Base64URL.decode(token[..<first]), let payload = Base64URL.decode(token[(first + 1)..<second]),
      let signature = Base64URL.decode(token[(second + 1)...])
    else { throw .invalid("a part of the token is not canonical base64url") }
    (algorithm, keyID, type) = try Self.read(header: header)
    self.payload = payload
    self.signature = signature
    signedText = Array(token[..<second])
  }

  /// Joins header and payload, signs them, and gives the whole token.
  static func sign(header: JSONObject, payload: JSONObject, with key: SigningKey) throws(CryptoError) -> String {
    var text: [UInt8] = []
    Base64URL.encode(JSONValue.object(header).bytes, to: &text)
    text.append(UInt8(ascii: "."))
    Base64URL.encode(JSONValue.object(payload).bytes, to: &text)
    let signature = try key.sign(text)
    text.append(UInt8(ascii: "."))
    Base64URL.encode(signature, to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  private static func read(header: [UInt8]) throws(TokenError) -> (algorithm: String, keyID: String?, type: String?) {
    guard let root = try? JSONDocument.parse(header, limits: JSONLimits(bytesMax: bytesMax, depthMax: 8)).root, root.kind == .object else {
      throw .invalid("the token's header is not a JSON object")
    }
    // No extension is understood, so a token that depends on one must be refused (section 4.1.11); `b64` is one.
    guard root["crit"] == nil, root["b64"] == nil else { throw .invalid("the token demands an extension") }
    guard let algorithm = root["alg"]?.stringValue else { throw .invalid("the token's header has no algorithm") }
    let keyID = try text(root, "kid")
    guard (keyID?.utf8.count ?? 0) <= keyIDBytesMax else { throw .invalid("the token's key id is too long") }
    return (algorithm, keyID, try text(root, "typ"))
  }

  private static func text(_ header: JSONNode, _ name: String) throws(TokenError) -> String? {
    guard let node = header[name] else { return nil }
    guard let text = node.stringValue else { throw .invalid("the header's \(name) is not a string") }
    return text
  }
}
