import Base

/// `100ms`, `30s`, `15m`, `1h30m`, `7d`, `2w`, `7y`: numbers and their units, largest unit first. A year is 365 days.
package enum DurationForm {
  /// 100 years.
  package static let maximum: Int64 = 100 * 365 * 86_400_000
  private static let units: [(name: String, milliseconds: Int64)] = [
    ("y", 365 * 86_400_000), ("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
  ]

  /// Milliseconds; nil where it is no duration or longer than 100 years.
  package static func milliseconds(_ text: String) -> Int64? {
    var total: Int64 = 0
    var lastUnit = -1
    var rest = text.utf8[...]
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isDigit }
      guard (1...12).contains(digits.count), let count = Int64(String(decoding: digits, as: UTF8.self)) else { return nil }
      rest = rest.dropFirst(digits.count)
      let name = String(decoding: rest.prefix { !$0.isDigit }, as: UTF8.self)
      rest = rest.dropFirst(name.utf8.count)
      guard let unit = units.firstIndex(where: { $0.name == name }), unit > lastUnit else { return nil }
      lastUnit = unit
      let (product, overflow) = count.multipliedReportingOverflow(by: units[unit].milliseconds)
      guard !overflow, product <= maximum else { return nil }
      total += product
    }
    return total <= maximum ? total : nil
  }

  package static func duration(_ text: String) -> Duration? { milliseconds(text).map { .milliseconds($0) } }

  /// `100ms..2s`; the first is not longer than the second.
  package static func range(_ text: String) -> (Int64, Int64)? {
    guard let (low, high) = TextForm.split(text, at: ".."), let a = milliseconds(low), let b = milliseconds(high), a <= b else {
      return nil
    }
    return (a, b)
  }
}
