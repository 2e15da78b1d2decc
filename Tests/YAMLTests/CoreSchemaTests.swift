import Testing
import YAML

@Suite struct CoreSchemaTests {
  @Test(
    arguments: [
      ("null", .null), ("~", .null), ("", .null), ("Null", .null), ("nULL", .string("nULL")),
      ("true", .boolean(true)), ("FALSE", .boolean(false)), ("tRue", .string("tRue")),
      ("yes", .string("yes")), ("no", .string("no")), ("on", .string("on")), ("off", .string("off")), ("y", .string("y")),
      ("0", .integer(0)), ("-0", .integer(0)), ("+7", .integer(7)), ("012", .integer(12)), ("0o17", .integer(15)),
      ("0xfF", .integer(255)), ("0b1", .string("0b1")), ("0x", .string("0x")), ("0o8", .string("0o8")), ("1_000", .string("1_000")),
      ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
      ("1.5", .number(1.5)), (".5", .number(0.5)), ("1.", .number(1)), ("-1e3", .number(-1000)), ("+1E-2", .number(0.01)),
      ("1e", .string("1e")), (".", .string(".")), ("-", .string("-")), ("1.2.3", .string("1.2.3")), ("12:30", .string("12:30")),
      (".inf", .number(.infinity)), ("-.INF", .number(-.infinity)), ("2026-01-01", .string("2026-01-01")),
      ("1..200", .string("1..200")), ("12,2", .string("12,2")), ("70%", .string("70%")), ("+", .string("+")), ("e5", .string("e5")),
    ] as [(String, YAMLNode.Content)])
  func `plain scalars resolve by the core schema`(text: String, content: YAMLNode.Content) {
    #expect(YAMLNode.resolve(text) == content)
  }

  @Test(arguments: ["9223372036854775808", "-9223372036854775809", "0xffffffffffffffff", "99999999999999999999999999"])
  func `an integer past 64 bits is an error, not another number`(text: String) {
    let document = YAMLDocument("a: \(text)")
    #expect(document.errors.map(\.message) == ["the integer \(text) does not fit 64 bits; quote it to make it a string"])
    #expect(document.errors.map(\.mark) == [YAMLMark(line: 1, column: 4)])
    #expect(YAMLNode.resolve(text) == .string(text))
  }

  @Test func `not a number is a number that is none`() {
    guard case .number(let value) = YAMLNode.resolve(".nan") else {
      Issue.record("not a number")
      return
    }
    #expect(value.isNaN)
  }

  @Test func `quotes make strings`() {
    let root = YAMLDocument("[1, '1', \"true\", null, 'null', !!str 1, ! 2, !!int '3', !!float 4]").root
    let contents: [YAMLNode.Content]? = root?.items.map(\.content)
    #expect(
      contents == [
        .integer(1), .string("1"), .string("true"), .null, .string("null"), .string("1"), .string("2"), .integer(3), .number(4),
      ])
  }
}
