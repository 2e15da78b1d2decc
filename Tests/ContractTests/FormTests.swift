import Contract
import Testing

/// The forms of texts in a contract.
@Suite struct FormTests {
  @Test(
    arguments: [
      ("0s", 0), ("500ms", 500), ("30s", 30_000), ("15m", 900_000), ("1h30m", 5_400_000), ("7d", 604_800_000), ("2w", 1_209_600_000),
      ("1y", 31_536_000_000), ("1d12h30m15s250ms", 131_415_250), ("100y", 3_153_600_000_000), ("30", nil), ("", nil), ("s", nil),
      ("1.5s", nil), ("-1s", nil), ("1s1m", nil), ("1m1m", nil), ("1 s", nil), ("1S", nil), ("100y1ms", nil), ("999999999999y", nil),
      ("9999999999999s", nil), ("1sec", nil),
    ] as [(String, Int64?)])
  func durations(text: String, milliseconds: Int64?) {
    #expect(DurationForm.milliseconds(text) == milliseconds)
  }

  @Test(arguments: [
    ("100ms..2s", true), ("2s..2s", true), ("2s..1s", false), ("1s", false), ("..1s", false), ("1s..", false), ("1s...2s", false),
  ])
  func `ranges of durations`(text: String, isValid: Bool) {
    #expect((DurationForm.range(text) != nil) == isValid)
  }

  @Test(arguments: [
    ("60/minute", true), ("1/second", true), ("1000000000/day", true), ("0/second", false), ("1000000001/day", false), ("60", false),
    ("60/min", false), ("/minute", false), ("-1/hour", false), ("6e1/hour", false),
  ])
  func rates(text: String, isValid: Bool) {
    #expect((RateForm.parse(text) != nil) == isValid)
  }

  @Test func `ranges, sizes, percentages and precisions`() {
    #expect(RangeForm.parse("1..200").map { [$0.0, $0.1] } == [1, 200])
    #expect(RangeForm.parse("32").map { [$0.0, $0.1] } == [32, 32])
    for text in ["", "1..", "..2", "1-2", "a..b", "1..2..3", "-1..2"] { #expect(RangeForm.parse(text) == nil, "\(text)") }
    #expect(SizeForm.bytes("64KiB") == 65_536)
    #expect(SizeForm.bytes("2MB") == 2_000_000)
    #expect(SizeForm.bytes("7") == 7)
    for text in ["", "KiB", "1 KiB", "1kib", "999999999999999999GiB"] { #expect(SizeForm.bytes(text) == nil, "\(text)") }
    #expect(PercentForm.parse("70%") == 70)
    for text in ["70", "101%", "%", "-1%", "1.5%"] { #expect(PercentForm.parse(text) == nil, "\(text)") }
    #expect(PrecisionForm.parse("12, 2").map { [$0.precision, $0.scale] } == [12, 2])
    for text in ["12", "0,0", "19,2", "2,3", "a,b", ","] { #expect(PrecisionForm.parse(text) == nil, "\(text)") }
  }

  @Test(arguments: [
    "* * * * *", "0 3 * * *", "*/15 0-6,22 1,15 jan-mar mon", "0 0 1 1 7", "59 23 31 12 0", "@daily", "5/10 * * * *", "0 0 * * SUN",
  ])
  func schedules(text: String) {
    #expect(CronForm.problem(text) == nil)
  }

  @Test(arguments: [
    "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "*/0 * * * *", "1- * * * *",
    "5-1 * * * *", "a * * * *", "1,,2 * * * *", "@sometimes", "*/99 * * * *",
  ])
  func `what is no schedule`(text: String) {
    #expect(CronForm.problem(text) != nil)
  }

  @Test func `the parts of a URL`() throws {
    let url = try #require(URLForm("Postgres://app:p:w@[::1]:5432/shop?sslmode=require"))
    #expect(url.scheme == "postgres" && url.user == "app" && url.password == "p:w" && url.host == "[::1]" && url.port == "5432")
    #expect(url.rest == "/shop?sslmode=require")
    #expect(URLForm("sqlite:data/shop.db")?.rest == "data/shop.db")
    #expect(URLForm("http://h/a@b:c")?.password == nil)
    for text in ["", "shop.db", "://x", "1a://x", "http://a b", "http://a:99999", "http://a:b", "a\u{7F}:x"] {
      #expect(URLForm(text) == nil, "\(text)")
    }
  }

  @Test(arguments: [
    ("sqlite:x.db", true), ("postgres://h/d", true), ("postgres:///d", false), ("postgres:h", false), ("redis://h", false), ("h", false),
  ])
  func `a URL of certain schemes`(text: String, isValid: Bool) {
    #expect((URLForm.problem(text, schemes: ["sqlite:", "postgres"]) == nil) == isValid)
  }

  @Test(arguments: [
    ("orders", true), ("order_items", true), ("a1_b2", true), ("a", true), ("", false), ("_a", false), ("a_", false), ("a__b", false),
    ("1a", false), ("Orders", false), ("a-b", false), ("grüße", false), (String(repeating: "a", count: 48), true),
    (String(repeating: "a", count: 49), false),
  ])
  func `snake case`(text: String, isValid: Bool) {
    #expect(Name.isSnakeCase(text) == isValid)
  }

  @Test(arguments: [("TrackId", true), ("_x1", true), ("", false), ("1a", false), ("a b", false), ("é", false)])
  func identifiers(text: String, isValid: Bool) {
    #expect(Name.isIdentifier(text) == isValid)
  }
}
