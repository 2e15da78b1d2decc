import Base

/// `60/minute`: so many in a second, minute, hour or day.
package enum RateForm {
  package static let units: [(name: String, seconds: Int64)] = [("second", 1), ("minute", 60), ("hour", 3600), ("day", 86_400)]

  package static func parse(_ text: String) -> (count: Int64, seconds: Int64)? {
    guard let (count, unit) = TextForm.split(text, at: "/"), let number = Digits.integer(count), (1...1_000_000_000).contains(number),
      let found = units.first(where: { $0.name == unit })
    else { return nil }
    return (number, found.seconds)
  }
}

/// `1..200`, or `32` for exactly that many.
package enum RangeForm {
  /// Both bounds, not negative, as they are written: the first may be above the second.
  package static func parse(_ text: String) -> (Int, Int)? {
    if let exact = Digits.integer(text) { return (Int(clamping: exact), Int(clamping: exact)) }
    guard let (low, high) = TextForm.split(text, at: ".."), let a = Digits.integer(low), let b = Digits.integer(high) else {
      return nil
    }
    return (Int(clamping: a), Int(clamping: b))
  }
}

/// `512`, `64KiB`, `10MiB`, `1GiB`: bytes.
package enum SizeForm {
  private static let units: [(name: String, bytes: Int64)] = [
    ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("kB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("B", 1), ("", 1),
  ]

  package static func bytes(_ text: String) -> Int64? {
    let digits = String(decoding: text.utf8.prefix { $0.isDigit }, as: UTF8.self)
    let unit = String(decoding: text.utf8.dropFirst(digits.utf8.count), as: UTF8.self)
    guard let count = Digits.integer(digits), let factor = units.first(where: { $0.name == unit })?.bytes else { return nil }
    let (product, overflow) = count.multipliedReportingOverflow(by: factor)
    return overflow ? nil : product
  }
}

/// `70%`
package enum PercentForm {
  package static func parse(_ text: String) -> Int64? {
    guard text.utf8.last == UInt8(ascii: "%"), let number = Digits.integer(String(text.dropLast())), (0...100).contains(number) else {
      return nil
    }
    return number
  }
}

/// `12,2`: digits in all and digits after the point.
package enum PrecisionForm {
  package static func parse(_ text: String) -> (precision: Int, scale: Int)? {
    guard let (all, after) = TextForm.split(text, at: ","), let precision = Digits.integer(all),
      let scale = Digits.integer(after.first == " " ? String(after.dropFirst()) : after), (1...18).contains(precision), scale <= precision
    else { return nil }
    return (Int(precision), Int(scale))
  }
}

enum Digits {
  /// One to 18 digits, nothing else.
  static func integer(_ text: String) -> Int64? {
    guard (1...18).contains(text.utf8.count), text.utf8.allSatisfy(\.isDigit) else { return nil }
    return Int64(text)
  }
}
