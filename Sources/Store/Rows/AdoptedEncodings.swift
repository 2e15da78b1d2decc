package import Base

extension Decimal {
  /// The nearest floating point number.
  package var approximation: Double { Double(units) / Double(Decimal.powerOfTen(scale)) }

  /// A floating point number with `scale` digits after the point, rounded; nil past 18 digits.
  package init?(rounding number: Double, scale: Int) {
    let units = (number * Double(Decimal.powerOfTen(scale))).rounded()
    guard units.isFinite, abs(units) < 1e18 else { return nil }
    self.init(units: Int64(units), scale: scale)
  }
}

extension Timestamp {
  /// `2009-01-01 00:00:00`, with a fraction where it has one: what SQLite's own functions write and compare.
  package var plainText: String {
    var text: [UInt8] = []
    append(to: &text)
    text[10] = UInt8(ascii: " ")
    text.removeLast()
    return String(decoding: text, as: UTF8.self)
  }

  /// Reads what databases keep as text: `2009-01-01`, `2009-01-01 00:00:00`, `2009-01-01T00:00:00.5`, with or without a
  /// zone (without one it is UTC). Nil for anything else.
  package init?(plainText bytes: [UInt8]) {
    if let date = CalendarDate(bytes) {
      self = date.start
    } else if let time = Timestamp(bytes) ?? Timestamp(bytes + [UInt8(ascii: "Z")]) {
      self = time
    } else if let time = Timestamp(bytes + Array(":00Z".utf8)) {
      self = time
    } else {
      return nil
    }
  }
}

extension CalendarDate {
  /// The day of `2009-01-01` or `2009-01-01 00:00:00`. Nil for anything else.
  package init?(plainText bytes: [UInt8]) {
    if let date = CalendarDate(bytes) {
      self = date
    } else if bytes.count > 10, bytes[10] == UInt8(ascii: " ") || bytes[10] == UInt8(ascii: "T"),
      let date = CalendarDate(bytes[..<10])
    {
      self = date
    } else {
      return nil
    }
  }
}
