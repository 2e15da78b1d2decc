import Base

/// Escapes of a text that the parser has checked.
package enum JSONEscape {
  /// Whether a JSON text holds the escape `\u0000`.
  package static func holdsNull(_ raw: [UInt8]) -> Bool {
    var place = 0
    while place < raw.count {
      if raw[place] == UInt8(ascii: "\\") {
        if place + 5 < raw.count, raw[place + 1] == UInt8(ascii: "u"), raw[(place + 2)...(place + 5)].allSatisfy({ $0 == 0x30 }) {
          return true
        }
        place += 2
      } else {
        place += 1
      }
    }
    return false
  }

  /// The bytes that the text between the quotes stands for.
  static func decoded(_ text: some Sequence<UInt8>) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(text.underestimatedCount)
    var iterator = text.makeIterator()
    var high: UInt32 = 0
    while let byte = iterator.next() {
      guard byte == UInt8(ascii: "\\"), let escape = iterator.next() else {
        out.append(byte)
        continue
      }
      switch escape {
      case UInt8(ascii: "b"): out.append(0x08)
      case UInt8(ascii: "f"): out.append(0x0c)
      case UInt8(ascii: "n"): out.append(0x0a)
      case UInt8(ascii: "r"): out.append(0x0d)
      case UInt8(ascii: "t"): out.append(0x09)
      case UInt8(ascii: "u"):
        var unit: UInt32 = 0
        for _ in 0..<4 { unit = unit << 4 | UInt32(iterator.next()?.hexadecimalValue ?? 0) }
        if unit & 0xfc00 == 0xd800 {
          high = unit
        } else if unit & 0xfc00 == 0xdc00 {
          append(0x10000 + (high & 0x3ff) << 10 + (unit & 0x3ff), to: &out)
        } else {
          append(unit, to: &out)
        }
      default: out.append(escape)
      }
    }
    return out
  }

  private static func append(_ scalar: UInt32, to out: inout [UInt8]) {
    guard let scalar = Unicode.Scalar(scalar) else { return }
    out.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
  }
}
