import Base

/// The `Date` line (RFC 9110 section 5.6.7), made once a second.
struct DateLine {
  private var second: Int64 = .min
  private var bytes: [UInt8] = []

  /// `Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n`.
  mutating func line(at time: Timestamp) -> [UInt8] {
    let second = time.microseconds.dividedFloor(by: 1_000_000)
    if second != self.second {
      self.second = second
      bytes.removeAll(keepingCapacity: true)
      bytes.append("Date: ")
      DateLine.append(second, to: &bytes)
      bytes.append("\r\n")
    }
    return bytes
  }

  private static let days: [StaticString] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months: [StaticString] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// Appends an IMF-fixdate of seconds since 1970.
  static func append(_ second: Int64, to out: inout [UInt8]) {
    let day = second.dividedFloor(by: 86_400)
    let rest = UInt64(second - day * 86_400)
    let date = CalendarDate(days: Int32(clamping: day)).parts
    // 1970-01-01 was a Thursday.
    out.append(days[Int(day - day.dividedFloor(by: 7) * 7)])
    out.append(", ")
    out.append(padded: UInt64(date.day), width: 2)
    out.append(" ")
    out.append(months[Int(date.month) - 1])
    out.append(" ")
    out.append(padded: date.year.magnitude, width: 4)
    out.append(" ")
    out.append(padded: rest / 3600, width: 2)
    out.append(":")
    out.append(padded: rest / 60 % 60, width: 2)
    out.append(":")
    out.append(padded: rest % 60, width: 2)
    out.append(" GMT")
  }
}
