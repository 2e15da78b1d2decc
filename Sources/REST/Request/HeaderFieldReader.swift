import Base

/// Reads a header field's value byte by byte.
struct HeaderFieldReader {
  private var rest: Substring.UTF8View

  init(_ text: String) { rest = text[...].utf8 }

  var atEnd: Bool { rest.isEmpty }
  var peek: UInt8? { rest.first }

  mutating func next() -> UInt8? {
    guard let byte = rest.first else { return nil }
    rest.removeFirst()
    return byte
  }

  mutating func take(_ byte: UInt8) -> Bool {
    guard rest.first == byte else { return false }
    rest.removeFirst()
    return true
  }

  mutating func skipSpace() {
    while let byte = rest.first, byte == 0x20 || byte == 0x09 { rest.removeFirst() }
  }

  /// A token (RFC 9110 section 5.6.2), lower-cased; nil where none begins here.
  mutating func token() -> String? {
    var out: [UInt8] = []
    while let byte = rest.first, HeaderFieldReader.isTokenByte(byte) {
      out.append(byte.lowercased)
      rest.removeFirst()
    }
    return out.isEmpty ? nil : String(decoding: out, as: UTF8.self)
  }

  /// A quoted string's content (RFC 9110 section 5.6.4); nil where it is malformed.
  mutating func quotedString() -> String? {
    guard take(UInt8(ascii: "\"")) else { return nil }
    var out: [UInt8] = []
    while let byte = next() {
      if byte == UInt8(ascii: "\"") { return String(validating: out, as: UTF8.self) }
      if byte == UInt8(ascii: "\\") {
        guard let escaped = next() else { return nil }
        out.append(escaped)
      } else {
        out.append(byte)
      }
    }
    return nil
  }

  /// Whether a byte may stand in a token.
  static func isTokenByte(_ byte: UInt8) -> Bool {
    if byte.isLetter || byte.isDigit { return true }
    switch byte {
    case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "'"),
      UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"),
      UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
      return true
    default: return false
    }
  }
}
