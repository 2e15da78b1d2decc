import COpenSSL

/// Random octets fit for keys and secrets.
package enum SecureRandom {
  /// `count` octets from the library's generator, which the system seeds. Throws where it has no randomness.
  package static func bytes(_ count: Int) throws(CryptoError) -> [UInt8] {
    precondition(count >= 0 && count <= 1 << 20)
    var out = [UInt8](repeating: 0, count: count)
    // Safety: the function writes `count` octets into an array of that length.
    let done = unsafe out.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return Int32(1) }
      return unsafe RAND_bytes(base, Int32(buffer.count))
    }
    guard done == 1 else { throw ErrorQueue.failure("no random octets") }
    return out
  }
}
