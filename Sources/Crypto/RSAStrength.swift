import COpenSSL

/// Refuses RSA keys that verify but protect nothing.
enum RSAStrength {
  static func check(_ handle: KeyHandle) throws(CryptoError) {
    // Safety: the handle keeps the key alive during the call.
    let bits = unsafe Int(EVP_PKEY_get_bits(handle.pointer))
    guard PublicKey.rsaBits.contains(bits) else {
      throw CryptoError(.weakKey, "an RSA key has 2048 to 16384 bits (RFC 7518 section 3.3), this one \(bits)")
    }
    let modulus = try number(OSSL_PKEY_PARAM_RSA_N, of: handle)
    let exponent = try number(OSSL_PKEY_PARAM_RSA_E, of: handle)
    guard let lowest = modulus.last, lowest & 1 == 1 else { throw CryptoError(.weakKey, "the RSA modulus is even") }
    guard isSafe(exponent: exponent) else {
      throw CryptoError(.weakKey, "the RSA exponent is odd, at least 65537 and at most 64 bits (FIPS 186-5 section 5.1)")
    }
    guard !isROCA(modulus) else {
      throw CryptoError(.weakKey, "the RSA key comes from a generator whose keys can be factored (CVE-2017-15361)")
    }
  }

  private static func isSafe(exponent: [UInt8]) -> Bool {
    guard exponent.count <= 8 else { return false }
    let value = exponent.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return value & 1 == 1 && value >= 65537
  }

  /// Keys of the broken generator are powers of 65537 modulo every small prime (Nemec and others 2017, section 4): for all
  /// of these at once an honest key is so about once in 2^27.
  static func isROCA(_ modulus: [UInt8]) -> Bool {
    let primes: [UInt32] = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157]
    return primes.allSatisfy { prime in
      let rest = modulus.reduce(UInt32(0)) { ($0 << 8 | UInt32($1)) % prime }
      var power: UInt32 = 1
      for _ in 0..<prime {
        if power == rest { return true }
        power = power * (65537 % prime) % prime
      }
      return false
    }
  }

  private static func number(_ name: String, of handle: KeyHandle) throws(CryptoError) -> [UInt8] {
    // Safety: the number is freed on every way out, and written into an array of its own length.
    var number: OpaquePointer?
    guard unsafe EVP_PKEY_get_bn_param(handle.pointer, name, &number) == 1 else { throw ErrorQueue.failure("the RSA key is incomplete") }
    defer { unsafe BN_free(number) }
    let count = unsafe (Int(BN_num_bits(number)) + 7) / 8
    var bytes = [UInt8](repeating: 0, count: count)
    let written = unsafe BN_bn2bin(number, &bytes)
    return Array(bytes.prefix(Int(written)))
  }
}
