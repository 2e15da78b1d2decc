import Base
package import JSON

/// A JSON number exactly as it is written, whatever its size: `digits * 10^exponent`.
package struct ExactNumber: Sendable, Hashable {
  package let isNegative: Bool
  /// Values from 0 to 9, neither with a zero in front nor behind; none for zero.
  let digits: [UInt8]
  let exponent: Int

  /// Exponents past this, which only numbers nearer to zero than any double have, count as this.
  static let exponentMax = 1 << 40

  /// Nil where the node is no number.
  package init?(_ node: JSONNode) {
    guard node.kind == .integer || node.kind == .number else { return nil }
    self.init(text: node.rawText)
  }

  /// A number as JSON writes it.
  init(text: ArraySlice<UInt8>) {
    var digits: [UInt8] = []
    digits.reserveCapacity(text.count)
    var exponent = 0
    var isAfterPoint = false
    var rest = text
    var isNegative = false
    if rest.first == UInt8(ascii: "-") {
      isNegative = true
      rest.removeFirst()
    }
    while let byte = rest.first, byte | 0x20 != UInt8(ascii: "e") {
      rest.removeFirst()
      if byte == UInt8(ascii: ".") {
        isAfterPoint = true
      } else {
        if byte != 0x30 || !digits.isEmpty { digits.append(byte &- 0x30) }
        if isAfterPoint { exponent -= 1 }
      }
    }
    exponent += ExactNumber.written(rest.dropFirst())
    while digits.last == 0 {
      digits.removeLast()
      exponent += 1
    }
    self.digits = digits
    self.isNegative = isNegative && !digits.isEmpty
    self.exponent = digits.isEmpty ? 0 : Swift.max(-ExactNumber.exponentMax, Swift.min(exponent, ExactNumber.exponentMax))
  }

  /// The exponent after the `e`; 0 where there is none.
  private static func written(_ text: ArraySlice<UInt8>) -> Int {
    var value = 0
    for byte in text where byte.isDigit && value < exponentMax { value = value * 10 + Int(byte - 0x30) }
    return text.first == UInt8(ascii: "-") ? -value : value
  }

  /// JSON Schema's integer: `1.0` and `1e2` are.
  package var isInteger: Bool { exponent >= 0 }

  /// Whether it is a multiple of a number above zero with at most 18 digits. Linear in its own digits.
  func isMultiple(of divisor: Divisor) -> Bool {
    if digits.isEmpty { return true }
    // Without zeros at its end it is no multiple of ten.
    let shift = exponent - divisor.exponent
    guard shift >= 0 else { return false }
    var remainder: UInt64 = 0
    for digit in digits { remainder = UInt64((UInt128(remainder) * 10 + UInt128(digit)) % UInt128(divisor.units)) }
    var power = UInt64(10) % divisor.units
    var left = shift
    while left > 0 {
      if left & 1 == 1 { remainder = UInt64(UInt128(remainder) * UInt128(power) % UInt128(divisor.units)) }
      power = UInt64(UInt128(power) * UInt128(power) % UInt128(divisor.units))
      left >>= 1
    }
    return remainder == 0
  }

  /// What `multipleOf` names: `units * 10^exponent`.
  struct Divisor: Sendable {
    let units: UInt64
    let exponent: Int

    /// Nil unless the number is above zero and has at most 18 digits.
    init?(_ number: ExactNumber) {
      guard !number.isNegative, !number.digits.isEmpty, number.digits.count <= 18 else { return nil }
      units = number.digits.reduce(0) { $0 * 10 + UInt64($1) }
      exponent = number.exponent
    }
  }

  /// One text for all spellings of a number.
  func appendCanonical(to out: inout [UInt8]) {
    if isNegative { out.append(UInt8(ascii: "-")) }
    for digit in digits { out.append(digit + 0x30) }
    out.append(UInt8(ascii: "e"))
    out.append(decimal: Int64(exponent))
  }
}

extension ExactNumber: Comparable {
  package static func < (a: ExactNumber, b: ExactNumber) -> Bool {
    if a.isNegative != b.isNegative { return a.isNegative }
    return a.isNegative ? precedes(b, a) : precedes(a, b)
  }

  /// Signs left aside.
  private static func precedes(_ a: ExactNumber, _ b: ExactNumber) -> Bool {
    if a.digits.isEmpty || b.digits.isEmpty { return a.digits.isEmpty && !b.digits.isEmpty }
    let (x, y) = (a.digits.count + a.exponent, b.digits.count + b.exponent)
    return x != y ? x < y : a.digits.lexicographicallyPrecedes(b.digits)
  }
}
