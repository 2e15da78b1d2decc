/// HKDF with SHA-256 (RFC 5869).
package enum KeyDerivation {
  /// Derives a 32-octet secret from a secret of full strength; equal `purpose`s give equal secrets.
  package static func derive(from secret: [UInt8], purpose: String) -> [UInt8] {
    derive(from: secret, salt: [], purpose: Array(purpose.utf8), count: 32)
  }

  /// `count` octets, at most 255 * 32.
  package static func derive(from secret: [UInt8], salt: [UInt8], purpose: [UInt8], count: Int) -> [UInt8] {
    precondition(count >= 0 && count <= 255 * SHA256Digest.count)
    // Extract: an absent salt is a block of zeros, which HMAC's own padding makes of the empty key.
    let key = HMACKey(HMACKey(salt).code(for: secret).bytes)
    var out: [UInt8] = []
    var previous: [UInt8] = []
    var counter: UInt8 = 1
    while out.count < count {
      var code = key.begin()
      code.message.update(previous)
      code.message.update(purpose)
      code.message.update([counter])
      previous = code.finish().bytes
      out.append(contentsOf: previous)
      counter &+= 1
    }
    return Array(out.prefix(count))
  }
}
