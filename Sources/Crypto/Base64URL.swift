/// Base64 with the URL-safe alphabet and without padding (RFC 4648 section 5, RFC 7515 section 2).
package enum Base64URL {
  /// Reads the canonical form only: no padding, no white space, no other characters, unused bits zero. Nil otherwise.
  package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
    guard text.count % 4 != 1 else { return nil }
    var out: [UInt8] = []
    out.reserveCapacity(text.count / 4 * 3 + 2)
    var bits: UInt32 = 0
    var held = 0
    for character in text {
      guard let value = value(of: character) else { return nil }
      bits = (bits << 6 | UInt32(value)) & 0xffff
      held += 6
      if held >= 8 {
        held -= 8
        out.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
      }
    }
    // Two texts for one value would make two tokens of one signature.
    guard bits & ((1 << UInt32(held)) - 1) == 0 else { return nil }
    return out
  }

  package static func decode(_ text: String) -> [UInt8]? { decode(text.utf8) }

  /// Appends the text of the octets.
  package static func encode(_ bytes: [UInt8], to out: inout [UInt8]) { encode(bytes.span, to: &out) }

  /// Appends the text of the octets.
  package static func encode(_ bytes: Span<UInt8>, to out: inout [UInt8]) {
    var bits: UInt32 = 0
    var held = 0
    for place in 0..<bytes.count {
      bits = (bits << 8 | UInt32(bytes[place])) & 0xffff
      held += 8
      while held >= 6 {
        held -= 6
        out.append(character(of: UInt8(truncatingIfNeeded: bits >> UInt32(held)) & 63))
      }
    }
    if held > 0 { out.append(character(of: UInt8(truncatingIfNeeded: bits << UInt32(6 - held)) & 63)) }
  }

  package static func encode(_ bytes: [UInt8]) -> String {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count / 3 * 4 + 4)
    encode(bytes, to: &out)
    return String(decoding: out, as: UTF8.self)
  }

  private static func value(of character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): character &- 65
    case UInt8(ascii: "a")...UInt8(ascii: "z"): character &- 97 &+ 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character &- 48 &+ 52
    case UInt8(ascii: "-"): 62
    case UInt8(ascii: "_"): 63
    default: nil
    }
  }

  private static func character(of value: UInt8) -> UInt8 {
    switch value {
    case 0..<26: value &+ 65
    case 26..<52: value &- 26 &+ 97
    case 52..<62: value &- 52 &+ 48
    case 62: UInt8(ascii: "-")
    default: UInt8(ascii: "_")
    }
  }
}
