import COpenSSL

/// Whether two secrets are equal, in a time that tells their lengths and nothing else.
package func constantTimeEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
  guard a.count == b.count else { return false }
  // Safety: both buffers are valid for the call and hold the count that is passed.
  return unsafe a.withUnsafeBytes { first in
    unsafe b.withUnsafeBytes { second in
      guard let x = first.baseAddress, let y = second.baseAddress else { return true }
      return unsafe CRYPTO_memcmp(x, y, first.count) == 0
    }
  }
}
