import Base

/// Percent-decoding, strict: each `%` has two hexadecimal digits after it, and the result is UTF-8 without NUL.
enum PercentDecoding {
  /// The decoded text, or nil where it cannot be.
  static func decode(_ text: ArraySlice<UInt8>, plusIsSpace: Bool) -> String? {
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
}
