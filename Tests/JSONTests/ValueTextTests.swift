import Base
import JSON
import Testing

/// Values of fields as JSON and as texts.
@Suite struct ValueTextTests {
  private static let money = Currency("EUR").map { Value.money(Money(amount: -5, currency: $0)) }

  static let written: [(Value, json: String, text: String)] = [
    (.null, "null", ""), (.boolean(true), "true", "true"), (.integer(-7), "-7", "-7"), (.duration(9), "9", ""),
    (.number(0.5), "0.5", "0.5"), (.number(.infinity), "\"Infinity\"", "null"), (.number(-.infinity), "\"-Infinity\"", "null"),
    (.decimal(Decimal(units: 1250, scale: 2)), "\"12.50\"", "12.50"), (.string("a\"\n\u{0}ü"), #""a\"\n\u0000ü""#, "a\"\n\u{0}ü"),
    (.timestamp(Timestamp(microseconds: 0)), "\"1970-01-01T00:00:00Z\"", "1970-01-01T00:00:00Z"),
    (.date(CalendarDate(days: 1)), "\"1970-01-02\"", "1970-01-02"), (.json(Array("{\"a\":1}".utf8)), "{\"a\":1}", "{\"a\":1}"),
    (.bytes([0xff, 0xfe]), "\"//4=\"", "//4="), (.bytes([]), "\"\"", ""), (.bytes([1, 2, 3]), "\"AQID\"", "AQID"),
    (.uuid(UUID(high: 0, low: 1)), "\"00000000-0000-0000-0000-000000000001\"", "00000000-0000-0000-0000-000000000001"),
    (.list([.integer(1), .null, .list([.string("a")])]), "[1,null,[\"a\"]]", ""),
    (money ?? .null, "{\"amount\":-5,\"currency\":\"EUR\"}", ""),
  ]

  @Test(arguments: written) func everyKindHasItsForm(value: Value, json: String, text: String) throws {
    #expect(String(decoding: value.json, as: UTF8.self) == json)
    var out: [UInt8] = []
    value.appendText(to: &out)
    #expect(String(decoding: out, as: UTF8.self) == text)
    #expect(JSONValue(value) == (try JSONValue(parsing: Array(json.utf8))))
  }

  @Test func whatIsNoJSONIsNoTree() { #expect(JSONValue(.json(Array("{".utf8))) == .null) }
}
