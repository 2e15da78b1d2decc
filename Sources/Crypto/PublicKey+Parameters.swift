import COpenSSL

/// Names and values for the library's parameter builder, which keeps the pointers it is given: these live for ever.
private enum ParameterText {
  // Safety: a StaticString is a constant of the program, closed by a zero.
  static var modulus: UnsafePointer<CChar> { unsafe pointer("n") }
  static var exponent: UnsafePointer<CChar> { unsafe pointer("e") }
  static var group: UnsafePointer<CChar> { unsafe pointer("group") }
  static var point: UnsafePointer<CChar> { unsafe pointer("pub") }
  static var p256: UnsafePointer<CChar> { unsafe pointer("prime256v1") }

  private static func pointer(_ text: StaticString) -> UnsafePointer<CChar> {
    unsafe UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
  }
}

extension PublicKey {
  /// An RSA key from its modulus and exponent, unsigned and most significant octet first (RFC 7518 section 6.3.1).
  package init(rsaModulus modulus: [UInt8], exponent: [UInt8]) throws(CryptoError) {
    guard !modulus.isEmpty, modulus.count <= PublicKey.rsaBits.upperBound / 8 + 1, (1...8).contains(exponent.count) else {
      throw CryptoError(.weakKey, "an RSA key has 2048 to 16384 bits and an exponent of at most 64")
    }
    // Safety: every object made here is freed on every way out; the numbers outlive `to_param`, which copies
    // them; the names live for ever.
    guard let builder = unsafe OSSL_PARAM_BLD_new() else { throw ErrorQueue.failure("no memory") }
    defer { unsafe OSSL_PARAM_BLD_free(builder) }
    let n = unsafe BN_bin2bn(modulus, Int32(modulus.count), nil)
    let e = unsafe BN_bin2bn(exponent, Int32(exponent.count), nil)
    defer {
      unsafe BN_free(n)
      unsafe BN_free(e)
    }
    guard unsafe OSSL_PARAM_BLD_push_BN(builder, ParameterText.modulus, n) == 1,
      unsafe OSSL_PARAM_BLD_push_BN(builder, ParameterText.exponent, e) == 1
    else { throw ErrorQueue.failure("the RSA key cannot be made") }
    try self.init(unsafe PublicKey.make("RSA", builder))
  }

  /// A key on P-256 from its two coordinates, 32 octets each (RFC 7518 section 6.2.1). A point off the curve is refused.
  package init(p256X x: [UInt8], y: [UInt8]) throws(CryptoError) {
    guard x.count == 32, y.count == 32 else {
      throw CryptoError(.malformedKey, "the coordinates of a P-256 key have 32 octets each")
    }
    // Safety: every object made here is freed on every way out; the point outlives `to_param`, which
    // copies it; the names live for ever.
    guard let builder = unsafe OSSL_PARAM_BLD_new() else { throw ErrorQueue.failure("no memory") }
    defer { unsafe OSSL_PARAM_BLD_free(builder) }
    let point = [0x04] + x + y
    let handle = try unsafe point.withUnsafeBufferPointer { (octets) throws(CryptoError) -> KeyHandle in
      guard unsafe OSSL_PARAM_BLD_push_utf8_string(builder, ParameterText.group, ParameterText.p256, 0) == 1,
        unsafe OSSL_PARAM_BLD_push_octet_string(builder, ParameterText.point, octets.baseAddress, octets.count) == 1
      else { throw ErrorQueue.failure("the EC key cannot be made") }
      return try unsafe PublicKey.make("EC", builder)
    }
    guard PublicKey.isOnCurve(handle) else { throw CryptoError(.malformedKey, "the point is not on the curve") }
    try self.init(handle)
  }

  /// An Ed25519 key from its 32 octets (RFC 8037).
  package init(ed25519 bytes: [UInt8]) throws(CryptoError) {
    // Safety: the function reads the array's octets, whose count is passed.
    guard bytes.count == 32, let handle = unsafe EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count) else {
      ErrorQueue.clear()
      throw CryptoError(.malformedKey, "an Ed25519 key has 32 octets")
    }
    try self.init(unsafe KeyHandle(owning: handle))
  }

  /// Builds a key of the named type from the parameters pushed so far.
  private static func make(_ type: String, _ builder: OpaquePointer) throws(CryptoError) -> KeyHandle {
    // Safety: the parameters and the context are freed on every way out; the key goes to its owner.
    guard let parameters = unsafe OSSL_PARAM_BLD_to_param(builder) else { throw ErrorQueue.failure("no memory") }
    defer { unsafe OSSL_PARAM_free(parameters) }
    guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, type, nil) else { throw ErrorQueue.failure("no key type \(type)") }
    defer { unsafe EVP_PKEY_CTX_free(context) }
    var handle: OpaquePointer?
    // The public part only: EVP_PKEY_PUBLIC_KEY, whose macro is too wide for an import.
    let selection = OSSL_KEYMGMT_SELECT_ALL_PARAMETERS | OSSL_KEYMGMT_SELECT_PUBLIC_KEY
    guard unsafe EVP_PKEY_fromdata_init(context) == 1,
      unsafe EVP_PKEY_fromdata(context, &handle, selection, parameters) == 1, let made = unsafe handle
    else {
      ErrorQueue.clear()
      throw CryptoError(.malformedKey, "the numbers make no \(type) key")
    }
    return unsafe KeyHandle(owning: made)
  }

  private static func isOnCurve(_ handle: KeyHandle) -> Bool {
    // Safety: the context is freed on every way out.
    guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, handle.pointer, nil) else { return false }
    defer {
      unsafe EVP_PKEY_CTX_free(context)
      ErrorQueue.clear()
    }
    return unsafe EVP_PKEY_public_check(context) == 1
  }
}
