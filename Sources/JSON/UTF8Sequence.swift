/// One multi-byte sequence of UTF-8, checked by Unicode table 3-7 (no overlong form, no surrogate, nothing past U+10FFFF).
enum UTF8Sequence {
  /// The length of the well-formed sequence that begins with these bytes, or minus the length of its maximal well-formed
  /// beginning (at least 1), which is what a decoder replaces by one U+FFFD.
  ///
  /// Bytes past the end of the text are passed as 0, which is no continuation.
  @inline(__always) static func length(_ first: UInt8, _ second: UInt8, _ third: UInt8, _ fourth: UInt8) -> Int {
    switch first {
    case 0..<0x80: return 1
    case 0xc2...0xdf: return isContinuation(second) ? 2 : -1
    case 0xe0...0xef:
      let low: UInt8 = first == 0xe0 ? 0xa0 : 0x80
      let high: UInt8 = first == 0xed ? 0x9f : 0xbf
      guard second >= low, second <= high else { return -1 }
      return isContinuation(third) ? 3 : -2
    case 0xf0...0xf4:
      let low: UInt8 = first == 0xf0 ? 0x90 : 0x80
      let high: UInt8 = first == 0xf4 ? 0x8f : 0xbf
      guard second >= low, second <= high else { return -1 }
      guard isContinuation(third) else { return -2 }
      return isContinuation(fourth) ? 4 : -3
    default: return -1
    }
  }

  @inline(__always) private static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xc0 == 0x80 }
}
