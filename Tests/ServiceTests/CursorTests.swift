import Base
import Crypto
import Testing

@testable import Service

@Suite struct CursorTests {
  private let key = SealingKey(Array(repeating: 7, count: 32))
  private let values: [Value] = [
    .null, .boolean(true), .integer(.min), .number(-0.5), .timestamp(.maximum), .date(CalendarDate(days: -3)),
    .uuid(UUID(high: 1, low: 2)), .decimal(Decimal(units: -1250, scale: 2)), .string("Zoë\u{0}"),
  ]

  @Test func comesBackAsItWas() throws {
    let text = try #require(Cursor(values: values).sealed(with: key, context: [1]))
    #expect(Cursor(text, with: key, context: [1])?.values == values)
  }

  @Test func isWorthNothingElsewhere() throws {
    let text = try #require(Cursor(values: values).sealed(with: key, context: [1]))
    #expect(Cursor(text, with: key, context: [2]) == nil)
    #expect(Cursor(text, with: SealingKey(Array(repeating: 8, count: 32)), context: [1]) == nil)
  }

  @Test func everyChangedByteIsNoticed() throws {
    let text = try #require(Cursor(values: [.integer(5)]).sealed(with: key, context: []))
    for place in text.utf8.indices {
      var bytes = Array(text.utf8)
      let offset = text.utf8.distance(from: text.utf8.startIndex, to: place)
      bytes[offset] = bytes[offset] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      #expect(Cursor(String(decoding: bytes, as: UTF8.self), with: key, context: []) == nil)
    }
    #expect(Cursor("", with: key, context: []) == nil)
    #expect(Cursor(String(repeating: "A", count: 5000), with: key, context: []) == nil)
  }
}
