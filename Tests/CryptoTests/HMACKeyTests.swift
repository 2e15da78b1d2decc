import Testing

@testable import Crypto

@Suite struct HMACKeyTests {
  // RFC 4231, test cases 1, 2, 3, 6 and 7.
  @Test(arguments: [
    ([UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (Array("Jefe".utf8), Array("what do ya want for nothing?".utf8), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    (
      [UInt8](repeating: 0xaa, count: 20), [UInt8](repeating: 0xdd, count: 50),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
    ),
    (
      [UInt8](repeating: 0xaa, count: 131), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
    (
      [UInt8](repeating: 0xaa, count: 131),
      Array(
        "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm."
          .utf8),
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
    ),
  ])
  func knownAnswers(key: [UInt8], message: [UInt8], code: String) {
    let hmac = HMACKey(key)
    #expect(hmac.code(for: message).bytes == hex(code))
    #expect(hmac.code(for: message).bytes == hex(code), "the key can be used again")
    #expect(hmac.isValid(hex(code), for: message[...]))
    #expect(!hmac.isValid(Array(hex(code).dropLast()), for: message[...]))
    #expect(!hmac.isValid(hex(code), for: message[...].dropLast()))
    #expect(!hmac.isValid([], for: message[...]))
  }

  // RFC 5869, test cases 1 and 3.
  @Test func derivationGivesTheStandardsAnswers() {
    let secret = [UInt8](repeating: 0x0b, count: 22)
    #expect(
      KeyDerivation.derive(from: secret, salt: hex("000102030405060708090a0b0c"), purpose: hex("f0f1f2f3f4f5f6f7f8f9"), count: 42)
        == hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"))
    #expect(
      KeyDerivation.derive(from: secret, salt: [], purpose: [], count: 42)
        == hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"))
    #expect(KeyDerivation.derive(from: secret, purpose: "a") != KeyDerivation.derive(from: secret, purpose: "b"))
  }

  @Test func equalityLooksAtEveryOctet() {
    #expect(constantTimeEqual([], []))
    #expect(constantTimeEqual([1, 2], [1, 2]))
    #expect(!constantTimeEqual([1, 2], [1, 3]))
    #expect(!constantTimeEqual([1, 2], [1, 2, 3]))
  }

  @Test func randomOctetsAreAsManyAsAskedAndDiffer() throws {
    #expect(try SecureRandom.bytes(0).isEmpty)
    let first = try SecureRandom.bytes(32)
    #expect(first.count == 32)
    #expect(try SecureRandom.bytes(32) != first)
  }
}
