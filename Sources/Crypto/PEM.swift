import COpenSSL

/// Reading and writing keys as PEM (RFC 7468).
enum PEM {
  static let bytesMax = 1 << 20

  /// Calls `read` with the text as the library's stream until it gives no further key.
  static func keys(in text: [UInt8], _ read: (OpaquePointer) -> OpaquePointer?) throws(CryptoError) -> [KeyHandle] {
    guard text.count <= bytesMax else { throw CryptoError(.malformedKey, "a key file has at most 1 MiB") }
    // Safety: the stream only borrows the array, is used within the closure and freed on every way out of it; each new key
    // goes to its owner at once.
    return unsafe text.withUnsafeBytes { octets -> [KeyHandle] in
      guard let base = octets.baseAddress, let stream = unsafe BIO_new_mem_buf(base, Int32(octets.count)) else { return [] }
      defer {
        unsafe BIO_free(stream)
        ErrorQueue.clear()
      }
      var found: [KeyHandle] = []
      while found.count <= PublicKey.keysInFileMax, let key = unsafe read(stream) { unsafe found.append(KeyHandle(owning: key)) }
      return found
    }
  }

  /// Answers the library's question for a password: there is none, and no terminal is asked.
  static let noPassword: @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?) -> Int32 = { _, _, _, _ in -1
  }
}

extension PublicKey {
  /// How many keys a PEM file holds at most.
  package static let keysInFileMax = 64

  /// The public keys of a PEM text (`BEGIN PUBLIC KEY`), in order. Throws where there is none, or where one is broken, weak, or
  /// a private key, which has no business with who only verifies.
  package static func keys(pem text: [UInt8]) throws(CryptoError) -> [PublicKey] {
    let words = String(decoding: text, as: UTF8.self)
    guard !words.contains("PRIVATE KEY-----") else {
      throw CryptoError(.unsupportedKey, "the file holds a private key; give the public one")
    }
    // Safety: the stream is valid for the call.
    let handles = try unsafe PEM.keys(in: text) { unsafe PEM_read_bio_PUBKEY($0, nil, PEM.noPassword, nil) }
    let blocks = words.split(separator: "-----BEGIN ", omittingEmptySubsequences: false).count - 1
    guard !handles.isEmpty, handles.count == blocks, handles.count <= keysInFileMax else {
      throw CryptoError(.malformedKey, "the file is no PEM text of 1 to \(keysInFileMax) public keys (BEGIN PUBLIC KEY)")
    }
    var keys: [PublicKey] = []
    for handle in handles { keys.append(try PublicKey(handle)) }
    return keys
  }
}
