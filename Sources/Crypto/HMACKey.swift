/// A key for HMAC-SHA-256 (RFC 2104), its two padded blocks hashed once: a code then costs two compressions of the
/// message's end and no allocation. Safe from any thread.
package final class HMACKey: Sendable {
  private let inner: SHA256
  private let outer: SHA256

  private static let blockLength = 64

  /// Any length; longer than 64 octets is hashed first, as the standard says.
  package init(_ secret: [UInt8]) {
    var block = secret.count > Self.blockLength ? SHA256.hash(secret).bytes : secret
    block.append(contentsOf: repeatElement(0, count: Self.blockLength - block.count))
    var inner = SHA256()
    inner.update(block.map { $0 ^ 0x36 })
    var outer = SHA256()
    outer.update(block.map { $0 ^ 0x5c })
    self.inner = inner
    self.outer = outer
  }

  /// A code in the making.
  package struct Code: Sendable {
    /// Feed it the message.
    package var message: SHA256
    fileprivate let outer: SHA256

    package func finish() -> SHA256Digest {
      var last = outer
      last.update(message.finish())
      return last.finish()
    }
  }

  package func begin() -> Code { Code(message: inner, outer: outer) }

  package func code(for message: [UInt8]) -> SHA256Digest { code(for: message[...]) }

  package func code(for message: ArraySlice<UInt8>) -> SHA256Digest {
    var code = begin()
    code.message.update(message)
    return code.finish()
  }

  /// Whether the octets are the message's code; in equal time whatever differs.
  package func isValid(_ code: [UInt8], for message: ArraySlice<UInt8>) -> Bool {
    constantTimeEqual(code, self.code(for: message).bytes)
  }
}
