import Testing

@testable import Crypto

@Suite struct SHA256Tests {
  // FIPS 180-4 examples.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
  ])
  func knownAnswers(text: String, digest: String) {
    #expect(SHA256.hash(text).bytes == hex(digest))
    #expect(SHA256.hash(Array(text.utf8)).bytes == hex(digest))
    var out: [UInt8] = []
    SHA256.hash(text).appendHexadecimal(to: &out)
    #expect(String(decoding: out, as: UTF8.self) == digest)
  }

  @Test func piecesGiveTheSameAsTheWhole() {
    let text = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    for size in [1, 3, 63, 64, 65, 128, 999] {
      var hasher = SHA256()
      var start = 0
      while start < text.count {
        hasher.update(text[start..<min(start + size, text.count)])
        start += size
      }
      #expect(hasher.finish() == SHA256.hash(text))
    }
  }

  @Test func aCopyAndAFinishLeaveTheOriginalAsItWas() {
    var hasher = SHA256()
    hasher.update("ab")
    var copy = hasher
    copy.update("x")
    _ = hasher.finish()
    hasher.update("c")
    #expect(hasher.finish() == SHA256.hash("abc"))
    #expect(copy.finish() == SHA256.hash("abx"))
  }

  @Test func aNumberIsEightOctetsInNetworkOrder() {
    var hasher = SHA256()
    hasher.update(UInt64(0x0102_0304_0506_0708))
    #expect(hasher.finish() == SHA256.hash([1, 2, 3, 4, 5, 6, 7, 8] as [UInt8]))
  }
}
