import Base
import Testing

@Suite struct CalendarDateTests {
  @Test(
    arguments: [
      ("1970-01-01", 0), ("1969-12-31", -1), ("2000-02-29", 11016), ("2000-03-01", 11017), ("1900-03-01", -25508), ("0001-01-01", -719_162),
      ("9999-12-31", 2_932_896),
    ] as [(String, Int32)])
  func daysAreCountedFrom1970(text: String, days: Int32) {
    #expect(CalendarDate(text)?.days == days)
    #expect(CalendarDate(days: days).description == text)
    #expect(CalendarDate(days: days).start.date == CalendarDate(days: days))
  }

  @Test(arguments: [
    "", "1900-02-29", "2026-04-31", "2026-00-01", "2026-01-00", "0000-01-01", "2026-1-1", "2026-01-01Z", "2026/01/01", "+026-01-01",
  ])
  func whatIsNoDayIsRefused(text: String) {
    #expect(CalendarDate(text) == nil)
  }

  @Test func everyDayOfFourCenturiesFollowsTheOneBefore() {
    var date = CalendarDate(days: -25_567)
    var parts = date.parts
    for _ in 0..<146_097 {
      let next = CalendarDate(days: date.days + 1)
      let now = next.parts
      let isNextDay = now.year == parts.year && now.month == parts.month && now.day == parts.day + 1
      let isNextMonth = now.day == 1 && parts.day >= 28 && (now.month == parts.month + 1 || now.month == 1 && now.year == parts.year + 1)
      if !isNextDay && !isNextMonth || CalendarDate(year: now.year, month: now.month, day: now.day) != next {
        Issue.record("\(date) is followed by \(next)")
      }
      (date, parts) = (next, now)
    }
    #expect(parts == (2300, 1, 1))
  }

  @Test func extremesAreWritten() {
    #expect(!CalendarDate(days: .min).description.isEmpty)
    #expect(!CalendarDate(days: .max).description.isEmpty)
    #expect(CalendarDate(days: .max).start.microseconds == .max)
    #expect(CalendarDate(days: .min).start.microseconds == .min)
    #expect(CalendarDate(year: .max, month: 1, day: 1) == nil)
    #expect(CalendarDate(year: 2026, month: .min, day: 1) == nil)
    #expect(CalendarDate(year: 2026, month: 1, day: .max) == nil)
  }
}
