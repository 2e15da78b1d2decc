extension UInt8 {
  /// The value of a hexadecimal digit of either case, or nil.
  @inlinable package var hexadecimalValue: UInt8? {
    switch self {
    case 0x30...0x39: self &- 0x30
    case 0x61...0x66: self &- 0x61 &+ 10
    case 0x41...0x46: self &- 0x41 &+ 10
    default: nil
    }
  }

  /// The lower-case digit of a value below 16.
  @inlinable package static func hexadecimalDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? 0x30 &+ value : 0x61 &+ value &- 10
  }

  @inlinable package var isDigit: Bool { self >= 0x30 && self <= 0x39 }
  @inlinable package var isLetter: Bool { (self | 0x20) >= 0x61 && (self | 0x20) <= 0x7a }
  /// The lower-case form of an ASCII letter; every other byte as it is.
  @inlinable package var lowercased: UInt8 { self >= 0x41 && self <= 0x5a ? self | 0x20 : self }
}

extension FixedWidthInteger where Self: SignedInteger {
  /// Division rounded toward negative infinity; the divisor is positive.
  @inlinable package func dividedFloor(by divisor: Self) -> Self {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}

extension Array where Element == UInt8 {
  /// Appends a decimal integer.
  @inlinable package mutating func append(decimal value: Int64) {
    if value < 0 { append(UInt8(ascii: "-")) }
    append(decimal: value.magnitude)
  }

  /// Appends a decimal integer.
  @inlinable package mutating func append(decimal value: UInt64) {
    if value < 10 {
      append(0x30 &+ UInt8(truncatingIfNeeded: value))
      return
    }
    var rest = value
    let start = count
    while rest > 0 {
      append(0x30 &+ UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    }
    // By hand: a slice's reverse() copies the array for every swap.
    var low = start
    var high = count - 1
    while low < high {
      swapAt(low, high)
      low += 1
      high -= 1
    }
  }

  /// Appends a decimal number with at least `width` digits, padded with zeros.
  @inlinable package mutating func append(padded value: UInt64, width: Int) {
    var limit: UInt64 = 10
    var digits = 1
    while digits < width {
      if value < limit { append(0x30) }
      limit = limit &* 10
      digits += 1
    }
    append(decimal: value)
  }

  @inlinable package mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { append(contentsOf: $0) }
  }

  @inlinable package mutating func append(_ text: String) { append(contentsOf: text.utf8) }
}
