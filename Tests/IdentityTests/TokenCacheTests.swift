import Base
import Crypto
import Testing

@testable import Identity

@Suite struct TokenCacheTests {
  func token(_ subject: String) -> VerifiedToken {
    VerifiedToken(
      issuer: "i", subject: subject, roles: [], scopes: [], tenant: .null, claims: [:], expiresAt: Timestamp(microseconds: 0))
  }

  @Test func holdsNoMoreThanItsBoundAndKeepsWhatIsUsed() {
    let cache = TokenCache(capacity: 4)
    let digests = (0..<100).map { SHA256.hash("\($0)") }
    for (number, digest) in digests.enumerated() {
      cache.insert(token("\(number)"), digest, generation: 0)
      #expect(cache.count == min(number + 1, 4))
      #expect(cache.find(digests[0]) != nil, "used all the time, so it stays")
    }
    #expect(digests.count { cache.find($0) != nil } == 4)
  }

  @Test func whatWasVerifiedWithOldKeysIsNotKept() {
    let cache = TokenCache(capacity: 4)
    let generation = cache.generation
    cache.insert(token("a"), SHA256.hash("a"), generation: generation)
    cache.removeAll()
    #expect(cache.find(SHA256.hash("a")) == nil)
    cache.insert(token("b"), SHA256.hash("b"), generation: generation)
    #expect(cache.find(SHA256.hash("b")) == nil)
    cache.insert(token("c"), SHA256.hash("c"), generation: cache.generation)
    #expect(cache.find(SHA256.hash("c")) != nil)
  }
}
