import COpenSSL

/// Encrypts short values (cursors) so that only this key's holder reads them, and shows every change of them.
///
/// AES-256-GCM under a key and nonce that are both derived from an HMAC over the value itself (a synthetic nonce, as
/// RFC 5297 and RFC 8452 do): equal values seal to equal octets, so that a list's body, and with it its ETag, stays the same
/// from one request to the next; and no counter or random nonce can ever repeat for two different values, which with plain
/// random 96-bit nonces limits a key to 2^32 messages. Safe from any thread.
///
/// Sealed form: 24 octets of the HMAC, the ciphertext, 16 octets of GCM's tag.
package final class SealingKey: Sendable {
  package static let overhead = syntheticLength + tagLength
  private static let syntheticLength = 24
  private static let nonceLength = 12
  private static let tagLength = 16

  private let synthesis: HMACKey
  private let derivation: HMACKey

  /// A secret of full strength, 32 octets or more.
  package init(_ secret: [UInt8]) {
    precondition(secret.count >= 32)
    synthesis = HMACKey(KeyDerivation.derive(from: secret, purpose: "sealing: synthetic nonce"))
    derivation = HMACKey(KeyDerivation.derive(from: secret, purpose: "sealing: message key"))
  }

  /// Seals `plain`; only `open` with the same `context` reads it again.
  package func seal(_ plain: [UInt8], context: [UInt8]) throws(CryptoError) -> [UInt8] {
    let synthetic = Array(synthetic(of: plain, context: context).bytes.prefix(Self.syntheticLength))
    guard let (ciphertext, tag) = run(.encrypt, plain[...], synthetic: synthetic, context: context, tag: nil) else {
      throw ErrorQueue.failure("sealing failed")
    }
    return synthetic + ciphertext + tag
  }

  /// The plain octets, or nil for anything that `seal` with this key and context did not make.
  package func open(_ sealed: [UInt8], context: [UInt8]) -> [UInt8]? {
    guard sealed.count >= Self.overhead else { return nil }
    let synthetic = Array(sealed.prefix(Self.syntheticLength))
    let ciphertext = sealed[Self.syntheticLength..<(sealed.count - Self.tagLength)]
    let tag = Array(sealed.suffix(Self.tagLength))
    guard let (plain, _) = run(.decrypt, ciphertext, synthetic: synthetic, context: context, tag: tag) else {
      ErrorQueue.clear()
      return nil
    }
    let expected = Array(self.synthetic(of: plain, context: context).bytes.prefix(Self.syntheticLength))
    return constantTimeEqual(expected, synthetic) ? plain : nil
  }

  private func synthetic(of plain: [UInt8], context: [UInt8]) -> SHA256Digest {
    var code = synthesis.begin()
    code.message.update(UInt64(context.count))
    code.message.update(context)
    code.message.update(plain)
    return code.finish()
  }

  private enum Direction: Int32 {
    case encrypt = 1
    case decrypt = 0
  }

  /// One GCM pass. Nil when the library fails or, decrypting, when the tag does not match.
  private func run(
    _ direction: Direction, _ input: ArraySlice<UInt8>, synthetic: [UInt8], context: [UInt8], tag: [UInt8]?
  ) -> (output: [UInt8], tag: [UInt8])? {
    // Safety: the context is freed on every way out; each buffer is an array that outlives its call, and its length is
    // passed with it: the output as long as the input (GCM is a stream), the nonce 12, the key 32, the tag 16 octets.
    guard input.count <= Int(Int32.max), context.count <= Int(Int32.max), let cipher = unsafe EVP_CIPHER_CTX_new() else { return nil }
    defer { unsafe EVP_CIPHER_CTX_free(cipher) }
    let key = derivation.code(for: synthetic[..<(synthetic.count - Self.nonceLength)]).bytes
    let nonce = Array(synthetic.suffix(Self.nonceLength))
    guard unsafe EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), nil, key, nonce, direction.rawValue) == 1 else { return nil }
    var tag = tag ?? []
    if direction == .decrypt {
      guard unsafe EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, Int32(tag.count), &tag) == 1 else { return nil }
    }
    var written: Int32 = 0
    if !context.isEmpty {
      guard unsafe EVP_CipherUpdate(cipher, nil, &written, context, Int32(context.count)) == 1 else { return nil }
    }
    var output = [UInt8](repeating: 0, count: input.count + Self.tagLength)
    var length = 0
    if !input.isEmpty {
      guard unsafe EVP_CipherUpdate(cipher, &output, &written, Array(input), Int32(input.count)) == 1 else { return nil }
      length = Int(written)
    }
    var rest = [UInt8](repeating: 0, count: Self.tagLength)
    guard unsafe EVP_CipherFinal_ex(cipher, &rest, &written) == 1, written == 0, length == input.count else { return nil }
    output.removeLast(output.count - length)
    if direction == .encrypt {
      tag = [UInt8](repeating: 0, count: Self.tagLength)
      guard unsafe EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, Int32(tag.count), &tag) == 1 else { return nil }
    }
    return (output, tag)
  }
}
