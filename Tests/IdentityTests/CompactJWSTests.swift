import Crypto
import JSON
import Testing

@testable import Identity

@Suite struct CompactJWSTests {
  static func token(header: String, payload: String = "{}", signature: [UInt8] = [1]) -> [UInt8] {
    Array([Array(header.utf8), Array(payload.utf8), signature].map { Base64URL.encode($0) }.joined(separator: ".").utf8)
  }

  @Test func readsWhatAHeaderSays() throws {
    let token = try CompactJWS(Self.token(header: #"{"alg":"ES256","kid":"a","typ":"JWT","jku":"https://evil.example"}"#, payload: "hi"))
    #expect(token.algorithm == "ES256" && token.keyID == "a" && token.type == "JWT")
    #expect(token.payload == Array("hi".utf8) && token.signature == [1])
  }

  @Test(arguments: [
    "", "[]", "null", "{", #"{"kid":"a"}"#, #"{"alg":1}"#, #"{"alg":"ES256","alg":"ES256"}"#, #"{"alg":"ES256","crit":["exp"]}"#,
    #"{"alg":"ES256","crit":[]}"#, #"{"alg":"ES256","b64":false}"#, #"{"alg":"ES256","kid":1}"#, #"{"alg":"ES256","typ":[]}"#,
    #"{"alg":"ES256"} x"#, #"{"alg":"ES256","a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}}"#,
    "{\"alg\":\"ES256\",\"kid\":\"\(String(repeating: "k", count: 257))\"}",
  ])
  func refusesHeaders(header: String) {
    #expect(throws: TokenError.self) { try CompactJWS(Self.token(header: header)) }
  }

  @Test(arguments: ["", ".", "..", "a", "a.b", "a.b.c.d", "e30..AQ", ".e30.AQ", "e30.e30.", "e30=.e30.AQ", "e30.e30.A+", "e30.e30.AQ\n"])
  func refusesTexts(text: String) {
    #expect(throws: TokenError.self) { try CompactJWS(Array(text.utf8)) }
  }

  @Test func aTokenIsBounded() {
    let header = Self.token(header: #"{"alg":"ES256"}"#)
    #expect(throws: Never.self) { try CompactJWS(header + [UInt8](repeating: 0x41, count: CompactJWS.bytesMax - header.count)) }
    #expect(throws: TokenError.self) { try CompactJWS(header + [UInt8](repeating: 0x41, count: CompactJWS.bytesMax + 1 - header.count)) }
  }

  @Test func noOctetMakesItTrap() {
    let good = Self.token(header: #"{"alg":"ES256","kid":"a"}"#, payload: #"{"iss":"x"}"#)
    for position in good.indices {
      for octet: UInt8 in [0, 0x2e, 0x3d, 0x7f, 0xff] {
        var bad = good
        bad[position] = octet
        _ = try? CompactJWS(bad)
        _ = try? CompactJWS(Array(bad[..<position]))
      }
    }
  }
}
