import Base
import Contract
import JSON
import Testing

@testable import Identity

@Suite struct ClaimReaderTests {
  static let options = StringOptions(length: 0...10)

  @Test(arguments: [
    (#""pro""#, FieldType.string(options), Value.string("pro")), ("1", .string(options), .null), ("null", .string(options), .null),
    (#""Ada@X.org""#, .email, .string("ada@x.org")), (#""HTTPS://X.org/A""#, .url, .string("https://x.org/A")),
    (#"["Ada@X.org"]"#, .list(.email, length: 0...9), .list([.string("ada@x.org")])),
    (#""pro""#, .enumeration(["free", "pro"]), .string("pro")), (#""gold""#, .enumeration(["free", "pro"]), .null),
    ("7", .integer(minimum: nil, maximum: nil), .integer(7)), ("7.0", .integer(minimum: nil, maximum: nil), .integer(7)),
    ("7.5", .integer(minimum: nil, maximum: nil), .null), (#""7""#, .integer(minimum: nil, maximum: nil), .null),
    ("9223372036854775808", .integer(minimum: nil, maximum: nil), .null),
    ("7.5", .number(minimum: nil, maximum: nil), .number(7.5)), ("true", .number(minimum: nil, maximum: nil), .null),
    ("true", .boolean, .boolean(true)), ("1", .boolean, .null), (#""true""#, .boolean, .null),
    (#""12.50""#, .decimal(precision: 12, scale: 2, minimum: nil, maximum: nil), .decimal(Decimal(units: 1250, scale: 2))),
    (#""x""#, .decimal(precision: 12, scale: 2, minimum: nil, maximum: nil), .null),
    ("1000", .timestamp, .timestamp(Timestamp(microseconds: 1_000_000_000))), ("-1", .timestamp, .null),
    (#""2026-01-31T10:00:00Z""#, .timestamp, .timestamp(Timestamp(microseconds: 1_769_853_600_000_000))),
    (#""2026-02-30""#, .date, .null), (#"["a","b"]"#, .list(.string(options), length: 0...9), .list([.string("a"), .string("b")])),
    (#"["a",1]"#, .list(.string(options), length: 0...9), .null), (#""a""#, .list(.string(options), length: 0...9), .null),
    (#"{"a":1}"#, .json(JSONOptions()), .json(Array(#"{"a":1}"#.utf8))), (#""s""#, .secret(encrypted: false), .null),
  ])
  func readsAClaimAsItsTypeOrAsNull(text: String, type: FieldType, value: Value) throws {
    #expect(ClaimReader.value(of: try JSONDocument.parse(Array(text.utf8)).root, as: type) == value)
  }

  @Test func aTextThatNoStoreHoldsIsNone() throws {
    let claims = try JSONDocument.parse(Array(#"{"a": "x\u0000", "b": ["x\u0000", "y"], "c": "e\u0301"}"#.utf8)).root
    #expect(ClaimReader.value(of: claims["a"], as: .string(ClaimReaderTests.options)) == .null)
    #expect(ClaimReader.strings(claims["b"]) == ["y"])
    // Another spelling of an accented letter is another value.
    #expect(ClaimReader.value(of: claims["c"], as: .enumeration(["\u{e9}"])) == .null)
  }

  @Test func anAbsentClaimIsNull() {
    #expect(ClaimReader.value(of: nil, as: .boolean) == .null)
  }

  @Test(arguments: ["1e300", "9223372036854775807", "1e12", "-0.5", #""1""#, "[]", "253402300800"])
  func refusesWhatIsNoTime(text: String) throws {
    #expect(ClaimReader.numericDate(try JSONDocument.parse(Array(text.utf8)).root) == nil)
  }
}
