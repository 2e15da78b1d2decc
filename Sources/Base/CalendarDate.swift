/// A day of the proleptic Gregorian calendar: days since 1970-01-01. Years 0001 to 9999 where read from text.
package struct CalendarDate: Sendable, Hashable, Comparable {
  package var days: Int32

  package init(days: Int32) { self.days = days }

  /// Nil when the calendar has no such day.
  package init?(year: Int64, month: Int64, day: Int64) {
    guard (1...9999).contains(year), (1...12).contains(month), day >= 1,
      day <= CalendarDate.length(ofMonth: month, year: year)
    else { return nil }
    // Days from civil, counted in eras of 400 years that begin in March.
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted.dividedFloor(by: 400)
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    days = Int32(era * 146_097 + dayOfEra - 719_468)
  }

  /// Reads `YYYY-MM-DD` (RFC 3339 full-date). Nil for anything else.
  @inlinable package init?(_ text: some Collection<UInt8>) {
    guard let date = CalendarDate.read(Array(text.prefix(64))) else { return nil }
    self = date
  }

  @usableFromInline static func read(_ text: [UInt8]) -> CalendarDate? {
    var reader = DigitReader(text)
    guard let date = CalendarDate(reading: &reader), reader.atEnd else { return nil }
    return date
  }

  package init?(_ text: String) { self.init(text.utf8) }

  init?(reading reader: inout DigitReader) {
    guard let year = reader.number(digits: 4), reader.take(UInt8(ascii: "-")), let month = reader.number(digits: 2),
      reader.take(UInt8(ascii: "-")), let day = reader.number(digits: 2)
    else { return nil }
    self.init(year: year, month: month, day: day)
  }

  /// The year, the month (1 to 12) and the day (1 to 31).
  package var parts: (year: Int64, month: Int64, day: Int64) {
    let shifted = Int64(days) + 719_468
    let era = shifted.dividedFloor(by: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
  }

  /// Midnight UTC at its start; the nearest moment there is for days some 292,000 years away.
  package var start: Timestamp {
    let (product, overflow) = Int64(days).multipliedReportingOverflow(by: 86_400_000_000)
    return Timestamp(microseconds: overflow ? (days < 0 ? .min : .max) : product)
  }

  /// Appends `YYYY-MM-DD`.
  package func append(to out: inout [UInt8]) {
    let (year, month, day) = parts
    if year < 0 { out.append(UInt8(ascii: "-")) }
    out.append(padded: year.magnitude, width: 4)
    out.append(UInt8(ascii: "-"))
    out.append(padded: UInt64(month), width: 2)
    out.append(UInt8(ascii: "-"))
    out.append(padded: UInt64(day), width: 2)
  }

  package static func < (a: CalendarDate, b: CalendarDate) -> Bool { a.days < b.days }

  static func length(ofMonth month: Int64, year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}

extension CalendarDate: CustomStringConvertible {
  package var description: String {
    var out: [UInt8] = []
    append(to: &out)
    return String(decoding: out, as: UTF8.self)
  }
}
