/// Percent-encoding of texts in URLs (RFC 3986 section 2.1).
package enum PercentEncoding {
  /// A name or value of a query: everything but unreserved characters is encoded.
  package static func query(_ text: String) -> String { encode(text, but: []) }

  /// A segment of a path. The commas of a composite key stay.
  package static func path(_ text: String) -> String { encode(text, but: [UInt8(ascii: ",")]) }

  /// A part of a fragment.
  package static func fragment(_ text: String) -> String { encode(text, but: Array("!$&'()*+,;=:@/?".utf8)) }

  /// The text that was encoded. Strict: nil where a `%` has no two hexadecimal digits after it, and where the result holds
  /// NUL or is not UTF-8.
  ///
  /// - Parameter plusIsSpace: as forms write queries; in a path `+` is itself.
  package static func decode(_ text: ArraySlice<UInt8>, plusIsSpace: Bool) -> String? {
    var out: [UInt8] = []
    out.reserveCapacity(text.count)
    var position = text.startIndex
    while position != text.endIndex {
      let byte = text[position]
      position += 1
      if byte == UInt8(ascii: "%") {
        guard position != text.endIndex, let high = text[position].hexadecimalValue else { return nil }
        position += 1
        guard position != text.endIndex, let low = text[position].hexadecimalValue else { return nil }
        position += 1
        out.append(high << 4 | low)
        guard out.last != 0 else { return nil }
      } else {
        guard byte != 0 else { return nil }
        out.append(byte == UInt8(ascii: "+") && plusIsSpace ? UInt8(ascii: " ") : byte)
      }
    }
    return String(validating: out, as: UTF8.self)
  }

  private static func encode(_ text: String, but kept: [UInt8]) -> String {
    var out: [UInt8] = []
    out.reserveCapacity(text.utf8.count)
    for byte in text.utf8 {
      if isUnreserved(byte) || kept.contains(byte) {
        out.append(byte)
      } else {
        out.append(UInt8(ascii: "%"))
        out.append(digit(byte >> 4))
        out.append(digit(byte & 15))
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// Section 2.3.
  private static func isUnreserved(_ byte: UInt8) -> Bool {
    byte.isLetter || byte.isDigit || byte == 0x2d || byte == 0x2e || byte == 0x5f || byte == 0x7e
  }

  private static func digit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x41 + nibble - 10 }
}
