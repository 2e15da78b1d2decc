/// A moment in UTC to the microsecond: microseconds since 1970-01-01T00:00:00Z.
///
/// Bounds: years 0001 to 9999 where it is read from text (RFC 3339).
package struct Timestamp: Sendable, Hashable, Comparable {
  package var microseconds: Int64

  package init(microseconds: Int64) { self.microseconds = microseconds }

  package static let minimum = Timestamp(microseconds: -62_135_596_800_000_000)
  package static let maximum = Timestamp(microseconds: 253_402_300_799_999_999)

  package static func < (a: Timestamp, b: Timestamp) -> Bool { a.microseconds < b.microseconds }

  /// The civil date it falls on, in UTC.
  package var date: CalendarDate { CalendarDate(days: Int32(clamping: microseconds.dividedFloor(by: 86_400_000_000))) }

  /// Reads RFC 3339 section 5.6 (`2026-01-31T10:00:00.123456+02:00`); digits past the microsecond are cut.
  /// A leap second is read as the second after it. Nil for anything else.
  @inlinable package init?(_ text: some Collection<UInt8>) {
    guard let time = Timestamp.read(Array(text.prefix(64))) else { return nil }
    self = time
  }

  @usableFromInline static func read(_ text: [UInt8]) -> Timestamp? {
    var reader = DigitReader(text)
    guard let date = CalendarDate(reading: &reader), reader.take(where: { $0 | 0x20 == UInt8(ascii: "t") || $0 == 0x20 }),
      let hour = reader.number(digits: 2), hour < 24, reader.take(UInt8(ascii: ":")),
      let minute = reader.number(digits: 2), minute < 60, reader.take(UInt8(ascii: ":")),
      let second = reader.number(digits: 2), second <= 60
    else { return nil }
    var fraction: Int64 = 0
    if reader.take(UInt8(ascii: ".")) {
      guard let value = reader.fraction(digits: 6) else { return nil }
      fraction = value
    }
    var offset: Int64 = 0
    if !reader.take(where: { $0 | 0x20 == UInt8(ascii: "z") }) {
      let negative = reader.take(UInt8(ascii: "-"))
      guard negative || reader.take(UInt8(ascii: "+")), let hours = reader.number(digits: 2), hours < 24,
        reader.take(UInt8(ascii: ":")), let minutes = reader.number(digits: 2), minutes < 60
      else { return nil }
      offset = (hours * 60 + minutes) * 60 * (negative ? -1 : 1)
    }
    guard reader.atEnd else { return nil }
    let seconds = Int64(date.days) * 86_400 + hour * 3600 + minute * 60 + second - offset
    let time = Timestamp(microseconds: seconds * 1_000_000 + fraction)
    return time >= .minimum && time <= .maximum ? time : nil
  }

  package init?(_ text: String) { self.init(text.utf8) }

  /// Appends RFC 3339 in UTC: `2026-01-31T10:00:00Z`, with a fraction of 6 digits where it has one.
  package func append(to out: inout [UInt8]) {
    let days = microseconds.dividedFloor(by: 86_400_000_000)
    // The difference is always below a day; only the product can leave 64 bits, and it comes back.
    let rest = UInt64(truncatingIfNeeded: microseconds &- days &* 86_400_000_000)
    let (year, month, day) = CalendarDate(days: Int32(clamping: days)).parts
    let seconds = rest / 1_000_000
    let fraction = rest % 1_000_000
    var text = InlineArray<27, UInt8>(repeating: UInt8(ascii: ":"))
    /// Two digits, and what stands behind them.
    func put(_ value: UInt64, at place: Int, before mark: Unicode.Scalar? = nil) {
      text[place] = 0x30 &+ UInt8(truncatingIfNeeded: value / 10 % 10)
      text[place + 1] = 0x30 &+ UInt8(truncatingIfNeeded: value % 10)
      if let mark { text[place + 2] = UInt8(ascii: mark) }
    }
    // No other years have a moment that is read; they are written with as many digits as they need.
    let isUsual = (0...9999).contains(year)
    let usualYear = isUsual ? year.magnitude : 0
    put(usualYear / 100, at: 0)
    put(usualYear % 100, at: 2, before: "-")
    put(UInt64(month), at: 5, before: "-")
    put(UInt64(day), at: 8, before: "T")
    put(seconds / 3600, at: 11)
    put(seconds / 60 % 60, at: 14)
    put(seconds % 60, at: 17, before: fraction == 0 ? "Z" : ".")
    put(fraction / 10_000, at: 20)
    put(fraction / 100 % 100, at: 22)
    put(fraction % 100, at: 24, before: "Z")
    if !isUsual {
      if year < 0 { out.append(UInt8(ascii: "-")) }
      out.append(padded: year.magnitude, width: 4)
    }
    out.append(text.span.extracting((isUsual ? 0 : 4)..<(fraction == 0 ? 20 : 27)))
  }
}

extension Timestamp: CustomStringConvertible {
  package var description: String {
    var out: [UInt8] = []
    append(to: &out)
    return String(decoding: out, as: UTF8.self)
  }
}
