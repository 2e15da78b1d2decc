import Base
import Testing

@Suite struct TimestampTests {
  @Test(
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00.000001Z", 1), ("1969-12-31T23:59:59.999999Z", -1),
      ("2026-01-31T10:00:00.123456+02:00", 1_769_846_400_123_456), ("2026-01-31t08:00:00z", 1_769_846_400_000_000),
      ("2026-01-31 08:00:00-00:00", 1_769_846_400_000_000), ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),
      ("2000-02-29T00:00:00.1234567891Z", 951_782_400_123_456), ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
      ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999), ("1970-01-01T00:00:00.5Z", 500_000),
    ] as [(String, Int64)])
  func isReadFromRFC3339(text: String, microseconds: Int64) {
    #expect(Timestamp(text)?.microseconds == microseconds)
  }

  @Test(arguments: [
    "", "2026-01-31", "2026-01-31T10:00:00", "2026-02-29T00:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T10:60:00Z", "2026-01-31T10:00:61Z",
    "2026-01-31T10:00:00.Z", "2026-01-31T10:00:00+24:00", "2026-01-31T10:00:00+0200", "2026-01-31T10:00:00ZZ", "2026-1-31T10:00:00Z",
    "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-31T10:00:00 Z",
    "2026-01-31T1०:00:00Z", "20260131T100000Z", "2026-01-31T10:00:00.000000000000000000000000000000000000000000000000000000000000Z",
  ])
  func whatIsNoMomentIsRefused(text: String) {
    #expect(Timestamp(text) == nil)
  }

  @Test func isWrittenInUTCWithSixDigitsOrNone() {
    #expect(Timestamp(microseconds: 0).description == "1970-01-01T00:00:00Z")
    #expect(Timestamp(microseconds: -1).description == "1969-12-31T23:59:59.999999Z")
    #expect(Timestamp(microseconds: 1_769_846_400_120_000).description == "2026-01-31T08:00:00.120000Z")
    #expect(Timestamp.minimum.description == "0001-01-01T00:00:00Z")
    #expect(Timestamp.maximum.description == "9999-12-31T23:59:59.999999Z")
  }

  @Test func everyMomentSurvivesItsText() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<5000 {
      let time = Timestamp(
        microseconds: Int64.random(in: Timestamp.minimum.microseconds...Timestamp.maximum.microseconds, using: &random))
      #expect(Timestamp(time.description) == time)
    }
  }

  @Test func extremesOf64BitsAreWritten() {
    #expect(!Timestamp(microseconds: .min).description.isEmpty)
    #expect(!Timestamp(microseconds: .max).description.isEmpty)
    #expect(Timestamp(microseconds: .min) < Timestamp(microseconds: .max))
  }

  @Test func itsDateIsTheDayItFallsOn() {
    #expect(Timestamp("2026-01-31T23:59:59Z")?.date.description == "2026-01-31")
    #expect(Timestamp(microseconds: -1).date.days == -1)
  }
}
