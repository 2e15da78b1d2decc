import Base

extension JSONParser {
  /// Digits, and what they are worth together: the first 19 significant ones exactly.
  private struct Digits {
    var mantissa: UInt64 = 0
    var significant = 0
    /// The power of ten that `mantissa` is multiplied with.
    var exponent = 0
    /// A digit other than 0 did not fit into `mantissa`.
    var isCut = false

    @inline(__always) mutating func take(_ digit: UInt8, afterPoint: Bool) {
      if significant < 19 {
        mantissa = mantissa &* 10 &+ UInt64(digit)
        if mantissa != 0 { significant += 1 }
        if afterPoint { exponent -= 1 }
      } else {
        if digit != 0 { isCut = true }
        if !afterPoint { exponent += 1 }
      }
    }
  }

  /// Reads a number (RFC 8259 section 6). Without fraction and exponent, and within 64 bits, it is an exact integer.
  mutating func parseNumber() throws(JSONError) {
    let start = position
    let negative = byte(at: start) == UInt8(ascii: "-")
    if negative { position += 1 }
    var digits = Digits()
    guard byte(at: position).isDigit else { throw failure("expected a digit") }
    if byte(at: position) == 0x30 {
      position += 1
      if byte(at: position).isDigit { throw failure("a number must not begin with 0", at: start) }
    } else {
      takeDigits(into: &digits, afterPoint: false)
    }
    var isWhole = true
    if byte(at: position) == UInt8(ascii: ".") {
      isWhole = false
      position += 1
      guard byte(at: position).isDigit else { throw failure("expected a digit after the point") }
      takeDigits(into: &digits, afterPoint: true)
    }
    if byte(at: position) | 0x20 == UInt8(ascii: "e") {
      isWhole = false
      position += 1
      digits.exponent += try parseExponent()
    }
    if isWhole, let value = JSONParser.integer(digits, negative: negative) {
      nodes.append(TapeNode(.integer, start: start, length: position - start, payload: UInt64(bitPattern: value)))
      return
    }
    let magnitude: Double
    if !digits.isCut, let exact = DecimalConversion.double(digits.mantissa, exponent: digits.exponent) {
      magnitude = exact
    } else {
      magnitude = DecimalConversion.double(text: numberText(from: negative ? start + 1 : start))
    }
    guard magnitude.isFinite else { throw failure("the number is too large", at: start) }
    let value = negative ? -magnitude : magnitude
    nodes.append(TapeNode(.number, start: start, length: position - start, payload: value.bitPattern))
  }

  @inline(__always) private mutating func takeDigits(into digits: inout Digits, afterPoint: Bool) {
    while true {
      let byte = byte(at: position)
      guard byte.isDigit else { return }
      digits.take(byte &- 0x30, afterPoint: afterPoint)
      position += 1
    }
  }

  /// The position is after the `e`. Cut off past 2^32, which no number of digits can bring back.
  private mutating func parseExponent() throws(JSONError) -> Int {
    let sign = byte(at: position)
    if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { position += 1 }
    guard byte(at: position).isDigit else { throw failure("expected a digit of the exponent") }
    var value = 0
    while true {
      let byte = byte(at: position)
      guard byte.isDigit else { break }
      // A text is shorter than 2^28 bytes, so that its digits cannot bring back a larger exponent.
      if value < 1 << 32 { value = value * 10 + Int(byte &- 0x30) }
      position += 1
    }
    return sign == UInt8(ascii: "-") ? -value : value
  }

  private static func integer(_ digits: Digits, negative: Bool) -> Int64? {
    guard digits.exponent == 0 else { return nil }
    let limit = UInt64(Int64.max) + (negative ? 1 : 0)
    guard digits.mantissa <= limit else { return nil }
    return negative ? Int64(truncatingIfNeeded: 0 &- digits.mantissa) : Int64(truncatingIfNeeded: digits.mantissa)
  }

  /// The digits and exponent from there to the position, shortened to what can still change the rounding: a double's
  /// midpoints have at most 767 significant digits, and a 1 after them stands for all that follow.
  private func numberText(from start: Int) -> [UInt8] {
    var out: [UInt8] = []
    var exponent = 0
    var afterPoint = false
    var isCut = false
    var index = start
    scan: while index < position {
      let byte = byte(at: index)
      switch byte {
      case UInt8(ascii: "."): afterPoint = true
      case 0x30...0x39:
        if out.count < 800 {
          if byte != 0x30 || !out.isEmpty { out.append(byte) }
          if afterPoint { exponent -= 1 }
        } else {
          if byte != 0x30 { isCut = true }
          if !afterPoint { exponent += 1 }
        }
      default: break scan
      }
      index += 1
    }
    if isCut {
      out.append(0x31)
      exponent -= 1
    }
    var rest = self
    rest.position = index + 1
    if index < position, let written = try? rest.parseExponent() { exponent += written }
    if out.isEmpty { out.append(0x30) }
    out.append(UInt8(ascii: "e"))
    out.append(decimal: Int64(max(-100_000, min(100_000, exponent))))
    return out
  }
}
