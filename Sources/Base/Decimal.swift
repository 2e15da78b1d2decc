/// An exact decimal: `units / 10^scale`, at most 18 digits. Equal numbers of different scale are equal.
package struct Decimal: Sendable {
  package var units: Int64
  /// Digits after the point, 0 to 18.
  package var scale: Int

  @inlinable package init(units: Int64, scale: Int) {
    self.units = units
    self.scale = scale
  }

  @inlinable package static var digitsMax: Int { 18 }

  private static let powers: [Int64] = (0..<digitsMax).reduce(into: [1]) { powers, place in powers.append(powers[place] * 10) }

  /// 10 to an exponent from 0 to 18; the nearest of those for any other.
  package static func powerOfTen(_ exponent: Int) -> Int64 { powers[max(0, min(exponent, digitsMax))] }

  /// Reads `-?digits[.digits]`: no exponent, no sign `+`, at most 18 significant digits and 18 after the point. Nil for
  /// anything else.
  @inlinable package init?(_ text: some Collection<UInt8>) {
    var units: Int64 = 0
    var scale = 0
    var significant = 0
    var hasDigit = false
    var afterPoint = false
    var negative = false
    var isFirst = true
    for byte in text {
      defer { isFirst = false }
      if isFirst, byte == UInt8(ascii: "-") {
        negative = true
      } else if byte == UInt8(ascii: "."), !afterPoint, hasDigit {
        afterPoint = true
      } else if byte.isDigit {
        hasDigit = true
        guard significant < Decimal.digitsMax, scale < Decimal.digitsMax || !afterPoint else { return nil }
        units = units * 10 + Int64(byte - 0x30)
        if units > 0 { significant += 1 }
        if afterPoint { scale += 1 }
      } else {
        return nil
      }
    }
    guard hasDigit, !afterPoint || scale > 0 else { return nil }
    self.init(units: negative ? -units : units, scale: scale)
  }

  package init?(_ text: String) { self.init(text.utf8) }

  /// The same number with another scale; nil when digits would be lost or it would not fit.
  package func rescaled(to scale: Int) -> Decimal? {
    guard (0...Decimal.digitsMax).contains(scale) else { return nil }
    var units = units
    var current = self.scale
    while current < scale {
      let (product, overflow) = units.multipliedReportingOverflow(by: 10)
      guard !overflow else { return nil }
      units = product
      current += 1
    }
    while current > scale {
      guard units % 10 == 0 else { return nil }
      units /= 10
      current -= 1
    }
    return Decimal(units: units, scale: scale)
  }

  /// Appends `-12.50`, always with `scale` digits after the point.
  package func append(to out: inout [UInt8]) {
    if units < 0 { out.append(UInt8(ascii: "-")) }
    let power = Decimal.powerOfTen(scale).magnitude
    out.append(decimal: units.magnitude / power)
    if scale > 0 {
      out.append(UInt8(ascii: "."))
      out.append(padded: units.magnitude % power, width: scale)
    }
  }

  /// Trailing zeros after the point removed.
  package var normalized: Decimal {
    var result = self
    while result.scale > 0, result.units % 10 == 0 {
      result.units /= 10
      result.scale -= 1
    }
    return result
  }
}

extension Decimal: Hashable, Comparable {
  package static func == (a: Decimal, b: Decimal) -> Bool {
    let (x, y) = (a.normalized, b.normalized)
    return x.units == y.units && x.scale == y.scale
  }

  package func hash(into hasher: inout Hasher) {
    let normal = normalized
    hasher.combine(normal.units)
    hasher.combine(normal.scale)
  }

  package static func < (a: Decimal, b: Decimal) -> Bool {
    let scale = max(a.scale, b.scale)
    return a.units(at: scale) < b.units(at: scale)
  }

  /// The units at a scale that is no smaller; at most 18 more digits, which 128 bits hold.
  package func units(at scale: Int) -> Int128 { Int128(units) * Int128(Decimal.powerOfTen(scale - self.scale)) }
}

extension Decimal: CustomStringConvertible {
  package var description: String {
    var out: [UInt8] = []
    append(to: &out)
    return String(decoding: out, as: UTF8.self)
  }
}
