import COpenSSL

/// A private key that signs. Safe from any thread.
package struct SigningKey: Sendable {
  package enum Kind: Sendable {
    case p256
    case ed25519
  }

  package let algorithm: SignatureAlgorithm
  /// The key that verifies what this one signs.
  package let publicKey: PublicKey
  private let handle: KeyHandle

  /// Makes a new key from the library's randomness.
  package static func generate(_ kind: Kind) throws(CryptoError) -> SigningKey {
    // Safety: the context is freed on every way out; the new key goes to its owner.
    guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, kind == .p256 ? "EC" : "ED25519", nil) else {
      throw ErrorQueue.failure("no such key type")
    }
    defer { unsafe EVP_PKEY_CTX_free(context) }
    guard unsafe EVP_PKEY_keygen_init(context) == 1 else { throw ErrorQueue.failure("no key can be made") }
    if kind == .p256 {
      guard unsafe EVP_PKEY_CTX_set_group_name(context, "prime256v1") == 1 else { throw ErrorQueue.failure("no P-256") }
    }
    var handle: OpaquePointer?
    guard unsafe EVP_PKEY_generate(context, &handle) == 1, let made = unsafe handle else {
      throw ErrorQueue.failure("no key can be made")
    }
    return try SigningKey(unsafe KeyHandle(owning: made))
  }

  /// Reads the one private key (PKCS #8, not encrypted) of a PEM text.
  package init(pem text: [UInt8]) throws(CryptoError) {
    // Safety: the stream is valid for the call.
    let handles = try unsafe PEM.keys(in: text) { unsafe PEM_read_bio_PrivateKey($0, nil, PEM.noPassword, nil) }
    guard handles.count == 1, let handle = handles.first else {
      throw CryptoError(.malformedKey, "the text is not one unencrypted private key in PEM")
    }
    try self.init(handle)
  }

  private init(_ handle: KeyHandle) throws(CryptoError) {
    publicKey = try PublicKey(handle)
    guard publicKey.kind == .ed25519 || publicKey.kind == .p256 else {
      throw CryptoError(.unsupportedKey, "a signing key is Ed25519 or EC on P-256")
    }
    algorithm = publicKey.defaultAlgorithm
    self.handle = handle
  }

  /// The signature in the form that JWS gives it.
  package func sign(_ message: [UInt8]) throws(CryptoError) -> [UInt8] {
    // Safety: the context is freed on every way out; the signature's buffer is as long as the library says it must be.
    guard let context = unsafe EVP_MD_CTX_new() else { throw ErrorQueue.failure("no memory") }
    defer { unsafe EVP_MD_CTX_free(context) }
    let digest = algorithm == .edDSA ? nil : unsafe EVP_sha256()
    var length = 0
    guard unsafe EVP_DigestSignInit(context, nil, digest, nil, handle.pointer) == 1,
      unsafe EVP_DigestSign(context, nil, &length, message, message.count) == 1
    else { throw ErrorQueue.failure("signing failed") }
    var signature = [UInt8](repeating: 0, count: length)
    guard unsafe EVP_DigestSign(context, &signature, &length, message, message.count) == 1 else {
      throw ErrorQueue.failure("signing failed")
    }
    signature.removeLast(signature.count - length)
    guard algorithm == .es256 else { return signature }
    guard let raw = ECDSASignature.decode(der: signature) else { throw CryptoError(.failed, "signing failed") }
    return raw
  }

  /// PKCS #8 in PEM, not encrypted: for a file that only its owner reads.
  package func pem() throws(CryptoError) -> [UInt8] {
    try unsafe SigningKey.text { stream in
      unsafe PEM_write_bio_PKCS8PrivateKey(stream, handle.pointer, nil, nil, 0, PEM.noPassword, nil)
    }
  }

  /// The public key alone in PEM.
  package func publicPEM() throws(CryptoError) -> [UInt8] {
    try unsafe SigningKey.text { stream in unsafe PEM_write_bio_PUBKEY(stream, handle.pointer) }
  }

  /// What `write` puts into a stream in memory.
  private static func text(_ write: (OpaquePointer) -> Int32) throws(CryptoError) -> [UInt8] {
    // Safety: the stream is freed on every way out; the read is bounded by what it says it holds.
    guard let stream = unsafe BIO_new(BIO_s_mem()) else { throw ErrorQueue.failure("no memory") }
    defer { unsafe BIO_free(stream) }
    guard unsafe write(stream) == 1 else { throw ErrorQueue.failure("the key cannot be written") }
    var out = [UInt8](repeating: 0, count: unsafe BIO_ctrl_pending(stream))
    guard unsafe BIO_read(stream, &out, Int32(out.count)) == Int32(out.count) else {
      throw ErrorQueue.failure("the key cannot be written")
    }
    return out
  }

  /// The 32 secret octets of an Ed25519 key, from which other secrets may be derived; nil for other kinds.
  package var ed25519Secret: [UInt8]? {
    guard algorithm == .edDSA else { return nil }
    var bytes = [UInt8](repeating: 0, count: 32)
    var length = bytes.count
    // Safety: the function writes at most `length` octets.
    guard unsafe EVP_PKEY_get_raw_private_key(handle.pointer, &bytes, &length) == 1, length == 32 else { return nil }
    return bytes
  }
}
