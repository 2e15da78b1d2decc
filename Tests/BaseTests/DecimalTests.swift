import Base
import Testing

@Suite struct DecimalTests {
  @Test(
    arguments: [
      ("0", 0, 0), ("-12.50", -1250, 2), ("1.", nil, 0), ("0.1", 1, 1), ("007", 7, 0), ("999999999999999999", 999_999_999_999_999_999, 0),
      ("0.999999999999999999", 999_999_999_999_999_999, 18), ("-0", 0, 0), ("0.000000000000000000", 0, 18),
    ] as [(String, Int64?, Int)])
  func isReadFromText(text: String, units: Int64?, scale: Int) {
    let value = Decimal(text)
    #expect(value?.units == units)
    if units != nil { #expect(value?.scale == scale) }
  }

  @Test(arguments: [
    "", "-", ".", ".5", "1.2.3", "+1", "1e2", " 1", "1 ", "--1", "1-", "1000000000000000000", "9999999999999999999",
    "-9999999999999999999.9", "0.0000000000000000001",
    "1.000000000000000000", "٣", "1,5",
  ])
  func whatIsNoDecimalIsRefused(text: String) {
    #expect(Decimal(text) == nil)
  }

  @Test(arguments: ["0", "-0.05", "12.50", "-999999999999999999", "0.000000000000000001", "123456.789"])
  func isWrittenAsItWasRead(text: String) {
    #expect(Decimal(text)?.description == text)
  }

  @Test func equalityOverlooksTheScale() throws {
    let a = try #require(Decimal("1.50"))
    let b = try #require(Decimal("1.5"))
    #expect(a == b)
    #expect(a.hashValue == b.hashValue)
    #expect(a != Decimal("1.51"))
    #expect(Decimal("0.00") == Decimal("0"))
  }

  @Test func orderIsThatOfNumbers() {
    let sorted = ["-100", "-99.999999", "-0.1", "0", "0.000000000000000001", "0.1", "1", "99.9", "999999999999999999"]
    let values = sorted.compactMap { Decimal($0) }
    #expect(values.count == sorted.count)
    #expect(values.shuffled().sorted() == values)
  }

  @Test func rescalingLosesNothing() {
    #expect(Decimal("1.5")?.rescaled(to: 3)?.units == 1500)
    #expect(Decimal("1.500")?.rescaled(to: 1)?.units == 15)
    #expect(Decimal("1.501")?.rescaled(to: 1) == nil)
    #expect(Decimal("999999999999999999")?.rescaled(to: 2) == nil)
    #expect(Decimal("1")?.rescaled(to: 19) == nil)
    #expect(Decimal("1")?.rescaled(to: -1) == nil)
    #expect(Decimal("120.00")?.normalized.scale == 0)
  }
}
