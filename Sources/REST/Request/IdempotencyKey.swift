import Base
import Service

/// `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07): an RFC 9651 string, or the bare token that many
/// clients send.
enum IdempotencyKey {
  static let bytesMax = 255

  /// The key: 1 to 255 visible ASCII characters. Throws `bad_request` for anything else.
  static func parse(_ text: String) throws(Failure) -> String {
    var reader = HeaderFieldReader(text)
    reader.skipSpace()
    var out: [UInt8] = []
    let isQuoted = reader.take(UInt8(ascii: "\""))
    var isClosed = false
    while let byte = reader.next() {
      if isQuoted, byte == UInt8(ascii: "\"") {
        isClosed = true
        break
      }
      if !isQuoted, byte == 0x20 || byte == 0x09 { break }
      if isQuoted, byte == UInt8(ascii: "\\") {
        // RFC 9651 section 4.2.5: only a quote and a backslash are escaped.
        guard let escaped = reader.next(), escaped == UInt8(ascii: "\"") || escaped == UInt8(ascii: "\\") else {
          throw malformed
        }
        out.append(escaped)
        continue
      }
      guard byte > 0x20, byte < 0x7f, isQuoted || (byte != UInt8(ascii: "\"") && byte != UInt8(ascii: ",")),
        out.count < bytesMax
      else { throw malformed }
      out.append(byte)
    }
    reader.skipSpace()
    guard isClosed == isQuoted, reader.atEnd, !out.isEmpty, out.count <= bytesMax else { throw malformed }
    return String(decoding: out, as: UTF8.self)
  }

  private static var malformed: Failure {
    Failure(
      .badRequest, "Idempotency-Key must be one string in quotes (or a bare token) of 1 to \(bytesMax) visible ASCII characters")
  }
}
