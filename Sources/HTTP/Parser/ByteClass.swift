import Base

/// Sets of bytes that the grammar names, as a table of bits.
struct ByteClass {
  /// RFC 9110 section 5.6.2: `tchar`.
  static let token: UInt8 = 1
  /// RFC 9110 section 5.5: visible ASCII, space, tab and obs-text.
  static let fieldValue: UInt8 = 2
  /// Visible ASCII without `#`: what a request target may hold on the wire.
  static let target: UInt8 = 4
  /// RFC 3986 section 2.3: unreserved characters, and the percent sign of encoded ones.
  static let host: UInt8 = 8

  private static let table: [UInt8] = (0...255).map { (byte: UInt8) in
    var bits: UInt8 = 0
    if byte.isDigit || byte.isLetter || "!#$%&'*+-.^_`|~".utf8.contains(byte) { bits |= token }
    if byte == 0x09 || (byte >= 0x20 && byte != 0x7f) { bits |= fieldValue }
    if byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "#") { bits |= target }
    if byte.isDigit || byte.isLetter || "-._~%".utf8.contains(byte) { bits |= host }
    return bits
  }

  /// Whether every byte of a range is in a class.
  static func contains(_ bytes: Span<UInt8>, _ range: Range<Int>, _ bits: UInt8) -> Bool {
    let table = table.span
    for index in range where table[Int(bytes[index])] & bits == 0 { return false }
    return true
  }

  /// The first position at or after `start` whose byte is not in the class, or `end`.
  static func end(_ bytes: Span<UInt8>, from start: Int, to end: Int, _ bits: UInt8) -> Int {
    let table = table.span
    var index = start
    while index < end && table[Int(bytes[index])] & bits != 0 { index &+= 1 }
    return index
  }

  /// Whether a range holds no control character but tabs, eight bytes at a time.
  ///
  /// Safety: the range was checked against the span, and no word reaches past it.
  static func isFieldValue(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    let value = bytes.extracting(range)
    let ones: UInt64 = 0x0101_0101_0101_0101
    var place = 0
    while place + 8 <= value.count {
      let word = unsafe value.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: place, as: UInt64.self) }
      // The classical test for a byte below 0x20, and for one that is 0x7f; it may see too much, never too little.
      let deletes = word ^ (ones &* 0x7f)
      let marks = ((word &- ones &* 0x20) & ~word) | ((deletes &- ones) & ~deletes)
      if marks & (ones &* 0x80) != 0, !contains(value, place..<place + 8, fieldValue) { return false }
      place += 8
    }
    return contains(value, place..<value.count, fieldValue)
  }

  static func isFieldValue(_ byte: UInt8) -> Bool { table.span[Int(byte)] & fieldValue != 0 }
  static func isHost(_ byte: UInt8) -> Bool { table.span[Int(byte)] & host != 0 }
  static func isToken(_ byte: UInt8) -> Bool { table.span[Int(byte)] & token != 0 }
}
