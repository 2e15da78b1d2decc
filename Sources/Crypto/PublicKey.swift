import COpenSSL

/// A public key that verifies signatures: RSA of 2048 to 16384 bits, EC on P-256, Ed25519. Safe from any thread.
package struct PublicKey: Sendable {
  package enum Kind: Sendable, Equatable {
    case rsa
    /// RSA whose own type allows nothing but PSS (id-RSASSA-PSS).
    case rsaPSS
    case p256
    case ed25519
  }

  package static let rsaBits = 2048...16384

  package let kind: Kind
  private let handle: KeyHandle

  /// Refuses keys of other kinds and weak ones.
  init(_ handle: KeyHandle) throws(CryptoError) {
    kind = try Self.kind(of: handle)
    if kind == .rsa || kind == .rsaPSS { try RSAStrength.check(handle) }
    self.handle = handle
  }

  /// The algorithm a key of this kind stands for where nothing beside it says so. A plain RSA key means RS256: one key, one
  /// algorithm (RFC 8725 section 3.1), and RS256 is what issuers mean who say nothing.
  package var defaultAlgorithm: SignatureAlgorithm {
    switch kind {
    case .rsa: .rs256
    case .rsaPSS: .ps256
    case .p256: .es256
    case .ed25519: .edDSA
    }
  }

  /// Whether a key of this kind can serve the algorithm at all.
  package func supports(_ algorithm: SignatureAlgorithm) -> Bool {
    switch (kind, algorithm) {
    case (.rsa, .rs256), (.rsa, .ps256), (.rsaPSS, .ps256), (.p256, .es256), (.ed25519, .edDSA): true
    default: false
    }
  }

  /// Whether `signature`, in the form that JWS gives it (ES256: r and s, 32 octets each), is this key's over `message`.
  package func isValid(_ signature: [UInt8], for message: ArraySlice<UInt8>, algorithm: SignatureAlgorithm) -> Bool {
    guard supports(algorithm) else { return false }
    defer { ErrorQueue.clear() }
    guard algorithm == .es256 else { return verify(signature, message, algorithm) }
    guard let encoded = ECDSASignature.encode(raw: signature) else { return false }
    return verify(encoded, message, algorithm)
  }

  private func verify(_ signature: [UInt8], _ message: ArraySlice<UInt8>, _ algorithm: SignatureAlgorithm) -> Bool {
    // Safety: the digest context is freed on every way out (it owns the key context); the arrays outlive their calls and
    // their counts are passed with them.
    guard !signature.isEmpty, let context = unsafe EVP_MD_CTX_new() else { return false }
    defer { unsafe EVP_MD_CTX_free(context) }
    var keyContext: OpaquePointer?
    let digest = algorithm == .edDSA ? nil : unsafe EVP_sha256()
    guard unsafe EVP_DigestVerifyInit(context, &keyContext, digest, nil, handle.pointer) == 1 else { return false }
    if algorithm == .ps256 {
      // RFC 7518 section 3.5: MGF1 with SHA-256 and a salt as long as the digest.
      guard unsafe EVP_PKEY_CTX_set_rsa_padding(keyContext, RSA_PKCS1_PSS_PADDING) == 1,
        unsafe EVP_PKEY_CTX_set_rsa_mgf1_md(keyContext, EVP_sha256()) == 1,
        unsafe EVP_PKEY_CTX_set_rsa_pss_saltlen(keyContext, RSA_PSS_SALTLEN_DIGEST) == 1
      else { return false }
    }
    return unsafe message.withUnsafeBytes { text in
      // An empty message is a message; it only has no address of its own.
      unsafe withUnsafeBytes(of: UInt8(0)) { none in
        let base = unsafe (text.baseAddress ?? none.baseAddress)?.assumingMemoryBound(to: UInt8.self)
        return unsafe EVP_DigestVerify(context, signature, signature.count, base, text.count) == 1
      }
    }
  }

  private static func kind(of handle: KeyHandle) throws(CryptoError) -> Kind {
    // Safety: the handle is valid for the call; the name's buffer is passed with its size.
    if unsafe EVP_PKEY_is_a(handle.pointer, "RSA") == 1 { return .rsa }
    if unsafe EVP_PKEY_is_a(handle.pointer, "RSA-PSS") == 1 { return .rsaPSS }
    if unsafe EVP_PKEY_is_a(handle.pointer, "ED25519") == 1 { return .ed25519 }
    if unsafe EVP_PKEY_is_a(handle.pointer, "EC") == 1 {
      var name = [CChar](repeating: 0, count: 64)
      var length = 0
      let known = unsafe EVP_PKEY_get_group_name(handle.pointer, &name, name.count, &length) == 1
      ErrorQueue.clear()
      let group = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if known, group == "prime256v1" || group == "P-256" { return .p256 }
      throw CryptoError(.unsupportedKey, "an EC key must be on the curve P-256")
    }
    throw CryptoError(.unsupportedKey, "the key must be RSA, EC on P-256, or Ed25519")
  }

  /// The 32 octets of an Ed25519 key; nil for other kinds.
  package var rawEd25519: [UInt8]? {
    guard kind == .ed25519 else { return nil }
    var bytes = [UInt8](repeating: 0, count: 32)
    var length = bytes.count
    // Safety: the function writes at most `length` octets.
    guard unsafe EVP_PKEY_get_raw_public_key(handle.pointer, &bytes, &length) == 1, length == 32 else { return nil }
    return bytes
  }
}
