import Testing

@testable import Crypto

@Suite struct Base64URLTests {
  // RFC 4648 section 10, without the padding; and both characters of the URL's alphabet.
  @Test(
    arguments: [
      ("", []), ("Zg", [0x66]), ("Zm8", [0x66, 0x6f]), ("Zm9v", [0x66, 0x6f, 0x6f]), ("Zm9vYg", [0x66, 0x6f, 0x6f, 0x62]),
      ("-_-_", [0xfb, 0xff, 0xbf]), ("_w", [0xff]),
    ] as [(String, [UInt8])])
  func readsAndWritesTheCanonicalForm(text: String, bytes: [UInt8]) {
    #expect(Base64URL.decode(text) == bytes)
    #expect(Base64URL.encode(bytes) == text)
  }

  @Test(arguments: [
    "Z", "Zm9vY", "Zg==", "Zm8=", "Zm9v ", " Zm9v", "Zm\n9v", "Zm+v", "Zm/v", "Zm?v", "Zh", "Zm9", "Zm9vYh", "Z\u{0}", "Zmé",
  ])
  func refusesEverythingElse(text: String) {
    #expect(Base64URL.decode(text) == nil)
  }

  @Test func everyLengthGoesThereAndBack() {
    for count in 0..<70 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
      #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
    }
  }
}
