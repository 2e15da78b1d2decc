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
    } else {
      append(padded: value, width: 1)
    }
  }

  /// Appends a decimal number with at least `width` digits (1 to 20), padded with zeros.
  @usableFromInline package mutating func append(padded value: UInt64, width: Int) {
    var digits = InlineArray<20, UInt8>(repeating: 0x30)
    var place = 20
    var rest = value
    while rest > 0 {
      place -= 1
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
      digits[place] = 0x30 &+ UInt8(truncatingIfNeeded: digit)
      rest = quotient
    }
    append(digits.span.extracting(Swift.min(place, Swift.max(0, 20 - width))..<20))
  }

  // Safety: in what follows each buffer is copied while its owner lends it.

  /// Appends all bytes of a span.
  @inlinable package mutating func append(_ bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }

  // These stand before the library's general form, which counts references of its source, and does not always see that
  // the bytes can be copied as a block.

  /// Appends all bytes of an array.
  @inlinable package mutating func append(contentsOf bytes: [UInt8]) {
    unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }

  /// Appends a part of an array: without a slice, which counts references.
  @inlinable package mutating func append(_ bytes: [UInt8], in range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
    unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: UnsafeBufferPointer(rebasing: $0[range])) }
  }

  /// Appends all bytes of a slice.
  @inlinable package mutating func append(contentsOf bytes: ArraySlice<UInt8>) {
    unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }

  @inlinable package mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { unsafe append(contentsOf: $0) }
  }

  /// Disfavoured, so that a literal is taken for the constant that it is.
  @_disfavoredOverload
  @inlinable package mutating func append(_ text: String) {
    if unsafe text.utf8.withContiguousStorageIfAvailable({ unsafe append(contentsOf: $0) }) == nil {
      for byte in text.utf8 { append(byte) }
    }
  }
}
