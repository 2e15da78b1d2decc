package import Crypto
import JSON

/// The service's own secret, kept in `MARTLET_DATA/signing.key` (PKCS #8 PEM, Ed25519, mode 0600): signs its tokens, and is
/// what the other secrets of the service come from. Losing it ends tokens and cursors; nothing stored depends on it.
package struct ServiceKey: Sendable {
  /// Secrets that come from the key, each its own.
  package enum Purpose: String, Sendable {
    case etag = "martlet: etag"
    case cursor = "martlet: cursor"
    case idempotency = "martlet: idempotency"
    case position = "martlet: position"
  }

  package static let fileName = "signing.key"
  private static let bytesMax = 16_384

  let signing: SigningKey
  private let root: [UInt8]
  /// The public key's thumbprint (RFC 7638), which is its `kid`.
  package let id: String

  private init(_ signing: SigningKey) throws(CryptoError) {
    guard let root = signing.ed25519Secret, let point = signing.publicKey.rawEd25519 else {
      throw CryptoError(.unsupportedKey, "the service's key must be Ed25519")
    }
    self.signing = signing
    self.root = root
    let thumbprint: JSONObject = ["crv": "Ed25519", "kty": "OKP", "x": .string(Base64URL.encode(point))]
    id = Base64URL.encode(SHA256.hash(JSONValue.object(thumbprint).bytes).bytes)
  }

  /// A key of this process alone: for tests, and for what ends with the process.
  package static func ephemeral() throws(CryptoError) -> ServiceKey { try ServiceKey(SigningKey.generate(.ed25519)) }

  /// Where a key comes from.
  package enum Source: Sendable, Equatable {
    /// The service's own folder; made there at the first start.
    case folder(String)
    /// A file that somebody put there, for several machines of one service. It may be a link, and its group may read it, as
    /// containers mount secrets.
    case file(String)
    /// PEM, from the environment.
    case text(String)
  }

  /// Reads a key. Only that of a folder is made where there is none.
  package static func load(_ source: Source) throws(KeyFileError) -> ServiceKey {
    switch source {
    case .folder(let folder): return try load(in: folder)
    case .file(let path):
      guard let content = try KeyFile.read(path, bytesMax: bytesMax) else { throw KeyFileError(path: path, reason: "is not there") }
      guard content.mode & 0o027 == 0 else {
        throw KeyFileError(
          path: path,
          reason: "others may read it, or its group may change it (mode \(String(content.mode, radix: 8))): mount it with mode 0440 or 0400"
        )
      }
      return try parse(content.bytes, path: path, remedy: "put one there that `martlet serve` made")
    case .text(let text):
      guard text.utf8.count <= bytesMax else { throw KeyFileError(path: "MARTLET_SIGNING_KEY", reason: "is larger than \(bytesMax) bytes") }
      return try parse(Array(text.utf8), path: "MARTLET_SIGNING_KEY", remedy: "give it the text of a signing.key")
    }
  }

  private static func parse(_ pem: [UInt8], path: String, remedy: String) throws(KeyFileError) -> ServiceKey {
    do {
      return try ServiceKey(SigningKey(pem: pem))
    } catch {
      throw KeyFileError(path: path, reason: "holds no Ed25519 key that can be read (\(error.detail)); \(remedy)")
    }
  }

  /// Reads the folder's key, or makes one where there is none (and the folder, where only that is missing). Throws where the
  /// file cannot be used: others may read it, or it is no such key.
  package static func load(in folder: String) throws(KeyFileError) -> ServiceKey {
    let path = "\(folder)/\(fileName)"
    if let found = try read(path) { return found }
    try KeyFile.createFolder(folder)
    do {
      let mark = Base64URL.encode(try SecureRandom.bytes(9))
      try KeyFile.create(path, content: SigningKey.generate(.ed25519).pem(), mark: mark)
    } catch let error as CryptoError {
      throw KeyFileError(path: path, reason: error.detail)
    } catch {
      throw (error as? KeyFileError) ?? KeyFileError(path: path, reason: "cannot be created")
    }
    // What is there now, made by us or in the same moment by another process.
    guard let made = try read(path) else { throw KeyFileError(path: path, reason: "is gone again") }
    return made
  }

  private static func read(_ path: String) throws(KeyFileError) -> ServiceKey? {
    guard let content = try KeyFile.read(path, bytesMax: bytesMax, followsLinks: false) else { return nil }
    if let exposure = KeyFile.exposure(of: content) { throw KeyFileError(path: path, reason: exposure) }
    return try parse(content.bytes, path: path, remedy: "restore it, or remove it for a new one")
  }

  /// 32 octets for one purpose.
  package func secret(_ purpose: Purpose) -> [UInt8] { KeyDerivation.derive(from: root, purpose: purpose.rawValue) }

  /// The key set that verifies the service's own tokens.
  package var verificationKey: VerificationKey { VerificationKey(id: id, signing.publicKey) }
}
