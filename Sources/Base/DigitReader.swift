/// Reads fixed-width decimal numbers from ASCII, for dates and times.
struct DigitReader {
  private var bytes: [UInt8]
  private var position = 0

  init(_ text: [UInt8]) { bytes = text }

  var atEnd: Bool { position == bytes.count }

  mutating func take(_ byte: UInt8) -> Bool { take { $0 == byte } }

  mutating func take(where matches: (UInt8) -> Bool) -> Bool {
    guard position < bytes.count, matches(bytes[position]) else { return false }
    position += 1
    return true
  }

  /// Exactly `digits` digits (at most 18), or nil.
  mutating func number(digits: Int) -> Int64? {
    guard position + digits <= bytes.count else { return nil }
    var value: Int64 = 0
    for _ in 0..<digits {
      guard bytes[position].isDigit else { return nil }
      value = value * 10 + Int64(bytes[position] - 0x30)
      position += 1
    }
    return value
  }

  /// One or more digits after a decimal point, scaled to `digits` places; what lies beyond is cut.
  mutating func fraction(digits: Int) -> Int64? {
    var value: Int64 = 0
    var read = 0
    while position < bytes.count, bytes[position].isDigit {
      if read < digits { value = value * 10 + Int64(bytes[position] - 0x30) }
      read += 1
      position += 1
    }
    guard read > 0 else { return nil }
    for _ in min(read, digits)..<digits { value *= 10 }
    return value
  }
}
