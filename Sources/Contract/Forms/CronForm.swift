import Base

/// The five fields of cron: minute, hour, day of the month, month, day of the week (0 or 7 is Sunday).
package enum CronForm {
  private static let fields: [(name: String, range: ClosedRange<Int64>, words: [String])] = [
    ("minute", 0...59, []), ("hour", 0...23, []), ("day of the month", 1...31, []),
    ("month", 1...12, ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
    ("day of the week", 0...7, ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
  ]
  private static let nicknames = ["@hourly", "@daily", "@weekly", "@monthly", "@yearly"]

  /// What is wrong with it; nil where it is a schedule.
  package static func problem(_ text: String) -> String? {
    if text.hasPrefix("@") {
      return nicknames.contains(text) ? nil : "is none of \(nicknames.joined(separator: ", "))"
    }
    let parts = text.split(separator: " ").map(String.init)
    guard parts.count == fields.count else { return "has \(parts.count) fields where cron has 5 (such as \"0 3 * * *\")" }
    for (part, field) in zip(parts, fields) where !isValid(part, field.range, field.words) {
      return "has a \(field.name) \"\(part)\" that is not in \(field.range.lowerBound) to \(field.range.upperBound)"
    }
    return nil
  }

  private static func isValid(_ text: String, _ range: ClosedRange<Int64>, _ words: [String]) -> Bool {
    let items = text.split(separator: ",", omittingEmptySubsequences: false)
    return items.allSatisfy { item in
      var base = String(item)
      if let (front, step) = TextForm.split(base, at: "/") {
        guard let step = Digits.integer(step), step >= 1, step <= range.upperBound else { return false }
        base = front
      }
      if base == "*" { return true }
      func number(_ text: String) -> Int64? {
        if let word = words.firstIndex(of: text.lowercased()) { return range.lowerBound + Int64(word) }
        return Digits.integer(text).flatMap { range.contains($0) ? $0 : nil }
      }
      if let (low, high) = TextForm.split(base, at: "-") {
        guard let a = number(low), let b = number(high) else { return false }
        return a <= b
      }
      return number(base) != nil
    }
  }
}
