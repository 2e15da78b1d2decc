import Testing

@testable import HTTP

@Suite struct HTTPHeadersTests {
  @Test(
    "Vary is asked for one field",
    arguments: [
      ("Vary: Accept-Encoding\r\n", true), ("A: b\r\nvary:accept-encoding\r\n", true), ("Vary: a, ACCEPT-ENCODING ,b\r\n", true),
      ("Vary: Origin\r\nVary: Accept-Encoding\r\n", true), ("", false), ("Vary: Accept\r\n", false), ("Vary: \r\n", false),
      ("Vary: X-Accept-Encoding, Accept-Encoding-X\r\n", false), ("X-Vary: Accept-Encoding\r\n", false),
      ("Expose: Accept-Encoding\r\n", false),
    ] as [(StaticString, Bool)])
  func vary(lines: StaticString, isNamed: Bool) { #expect(HTTPHeaders(lines).vary(by: "accept-encoding") == isNamed) }
}
