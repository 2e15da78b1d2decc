import Base
import Testing

@Suite struct ExactTextTests {
  static let composed = "caf\u{e9}"
  static let decomposed = "cafe\u{301}"

  @Test func twoSpellingsAreTwoTexts() {
    #expect(ExactTextTests.composed == ExactTextTests.decomposed, "or there is nothing to tell apart")
    #expect(!ExactTextTests.composed.isExactly(ExactTextTests.decomposed))
    #expect("K".isExactly("K"))
    #expect(!"K".isExactly("\u{212a}"))
    #expect(Set([ExactText("K"), ExactText("\u{212a}"), ExactText("K")]).count == 2)
  }

  @Test func valuesAreComparedAsStoresCompareThem() {
    let (a, b) = (Value.string(ExactTextTests.composed), Value.string(ExactTextTests.decomposed))
    #expect(a != b)
    #expect(a == .string(ExactTextTests.composed))
    #expect(Set([a, b, a]).count == 2)
    #expect(Value.list([a]) != .list([b]))
  }

  @Test func valuesOfDifferentKindsDiffer() {
    let all: [Value] = [
      .null, .boolean(false), .integer(0), .number(0), .decimal(Decimal(units: 0, scale: 0)), .string(""),
      .timestamp(Timestamp(microseconds: 0)), .date(CalendarDate(days: 0)), .duration(0), .json([]), .list([]), .bytes([]),
    ]
    for (x, a) in all.enumerated() {
      for (y, b) in all.enumerated() { #expect((a == b) == (x == y), "\(a) \(b)") }
    }
    #expect(Set(all).count == all.count)
  }
}
