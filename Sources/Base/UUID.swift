/// A 128-bit identifier, RFC 9562. Every record's `id` is a version 7 one (time-ordered).
package struct UUID: Sendable, Hashable, Comparable {
  package var high: UInt64
  package var low: UInt64

  @inlinable package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// A version 7 identifier (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then random bits.
  ///
  /// - Parameters:
  ///   - time: the moment it carries, truncated to the millisecond.
  ///   - random: 74 of its bits are used.
  package static func version7(at time: Timestamp, random: (UInt64, UInt64)) -> UUID {
    let milliseconds = UInt64(bitPattern: time.microseconds.dividedFloor(by: 1000)) & 0xffff_ffff_ffff
    return UUID(
      high: milliseconds << 16 | 0x7000 | (random.0 & 0x0fff),
      low: 0x8000_0000_0000_0000 | (random.1 & 0x3fff_ffff_ffff_ffff))
  }

  /// Reads the 36-character form, either case. Nil for anything else (no braces, no `urn:uuid:`).
  package init?(_ text: Span<UInt8>) {
    guard text.count == 36 else { return nil }
    var high: UInt64 = 0
    var low: UInt64 = 0
    for position in 0..<36 {
      let byte = text[position]
      if position == 8 || position == 13 || position == 18 || position == 23 {
        guard byte == UInt8(ascii: "-") else { return nil }
        continue
      }
      guard let nibble = byte.hexadecimalValue else { return nil }
      // The first sixteen digits stand before the third dash, at 18.
      if position < 18 { high = high << 4 | UInt64(nibble) } else { low = low << 4 | UInt64(nibble) }
    }
    self.init(high: high, low: low)
  }

  package init?(_ text: String) { self.init(text.utf8Span.span) }
  package init?(_ text: [UInt8]) { self.init(text.span) }

  /// From its 16 bytes, most significant first. Nil for another length.
  @inlinable package init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 16 else { return nil }
    var high: UInt64 = 0
    var low: UInt64 = 0
    var place = bytes.startIndex
    for _ in 0..<8 {
      high = high << 8 | UInt64(bytes[place])
      bytes.formIndex(after: &place)
    }
    for _ in 0..<8 {
      low = low << 8 | UInt64(bytes[place])
      bytes.formIndex(after: &place)
    }
    self.init(high: high, low: low)
  }

  /// Its 16 bytes, most significant first.
  package var bytes: [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(16)
    for shift in stride(from: 56, through: 0, by: -8) { out.append(UInt8(truncatingIfNeeded: high >> UInt64(shift))) }
    for shift in stride(from: 56, through: 0, by: -8) { out.append(UInt8(truncatingIfNeeded: low >> UInt64(shift))) }
    return out
  }

  /// The 36-character lower-case form.
  private var text: InlineArray<36, UInt8> {
    var text = InlineArray<36, UInt8>(repeating: UInt8(ascii: "-"))
    let digits = (
      UUID.digits(of: high >> 32), UUID.digits(of: high), UUID.digits(of: low >> 32), UUID.digits(of: low)
    )
    for place in 0..<8 {
      let shift = UInt64(56 - place * 8)
      // The two groups of four that a word holds stand a dash apart.
      let dash = place < 4 ? 0 : 1
      text[place] = UInt8(truncatingIfNeeded: digits.0 >> shift)
      text[9 + place + dash] = UInt8(truncatingIfNeeded: digits.1 >> shift)
      text[19 + place + dash] = UInt8(truncatingIfNeeded: digits.2 >> shift)
      text[28 + place] = UInt8(truncatingIfNeeded: digits.3 >> shift)
    }
    return text
  }

  /// The eight hexadecimal digits of a word's lower half, the first one in the highest byte; all at once.
  private static func digits(of word: UInt64) -> UInt64 {
    var nibbles = (word & 0xffff_0000) << 16 | word & 0xffff
    nibbles = (nibbles << 8 | nibbles) & 0x00ff_00ff_00ff_00ff
    nibbles = (nibbles << 4 | nibbles) & 0x0f0f_0f0f_0f0f_0f0f
    // 1 in each byte that is a letter's: those stand 39 behind the digits.
    let letters = (nibbles + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
    return nibbles + 0x3030_3030_3030_3030 + letters * 39
  }

  /// Appends the 36-character lower-case form.
  package func append(to out: inout [UInt8]) {
    let text = text
    out.append(text.span)
  }

  package static func < (a: UUID, b: UUID) -> Bool { a.high == b.high ? a.low < b.low : a.high < b.high }
}

extension UUID: CustomStringConvertible {
  /// Safety: the 36 bytes that are written fit the buffer and are ASCII.
  package var description: String {
    let text = text
    return unsafe String(unsafeUninitializedCapacity: 36) { buffer in
      for place in 0..<36 { unsafe buffer[place] = text[place] }
      return 36
    }
  }
}
