/// Decimal digits to the nearest double, ties to even (IEEE 754).
enum DecimalConversion {
  /// `mantissa * 10^exponent`, correctly rounded, for exponents from -27 to 27 (and any where the mantissa is 0).
  ///
  /// 10^n = 2^n 5^n, and 5^27 fits 63 bits: the product or quotient is exact in 128 bits but for a sticky bit, so one
  /// rounding to 53 bits is the right one. Nil for other exponents.
  static func double(_ mantissa: UInt64, exponent: Int) -> Double? {
    if mantissa == 0 { return 0 }
    guard exponent >= -27, exponent <= 27 else { return nil }
    if mantissa <= 1 << 53 {
      // Both factors are exact doubles, so that the one operation rounds right (Clinger 1990).
      if exponent >= 0, exponent <= 22 { return Double(mantissa) * tens[exponent] }
      if exponent < 0, exponent >= -22 { return Double(mantissa) / tens[-exponent] }
    }
    if exponent >= 0 {
      return rounded(UInt128(mantissa) * UInt128(fives[exponent]), sticky: false, power: exponent)
    }
    let shift = mantissa.leadingZeroBitCount
    let dividend = UInt128(mantissa << UInt64(shift)) << 64
    let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: UInt128(fives[-exponent]))
    return rounded(quotient, sticky: remainder != 0, power: exponent - 64 - shift)
  }

  /// `value * 2^power`, a sticky bit beneath it; the result is a normal double. `value` has at least 1 bit.
  private static func rounded(_ value: UInt128, sticky: Bool, power: Int) -> Double {
    let bits = 128 - value.leadingZeroBitCount
    guard bits > 53 else { return Double(UInt64(value)) * twoToThe(power) }
    let cut = bits - 53
    var kept = UInt64(truncatingIfNeeded: value >> UInt128(cut))
    let rest = value & ((1 << UInt128(cut)) - 1)
    let half: UInt128 = 1 << UInt128(cut - 1)
    if rest > half || (rest == half && (sticky || kept & 1 == 1)) { kept += 1 }
    return Double(kept) * twoToThe(power + cut)
  }

  private static func twoToThe(_ power: Int) -> Double { Double(sign: .plus, exponent: power, significand: 1) }

  /// Any decimal text, by the standard library: right, and slower.
  static func double(text: [UInt8]) -> Double { Double(String(decoding: text, as: UTF8.self)) ?? .infinity }

  private static let tens: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
  ]

  private static let fives: [UInt64] = {
    var powers: [UInt64] = [1]
    for _ in 0..<27 { powers.append(powers[powers.count - 1] * 5) }
    return powers
  }()
}
