import Base
import Contract
import Crypto
import Identity

/// What a caller's token and a request's secrets cost, in nanoseconds each; `openssl speed` is the peer for the signatures.
enum TokenBenchmark {
  static func run() {
    do {
      try measureAll()
    } catch {
      print("failed: \(error)")
    }
  }

  private static func measureAll() throws {
    let clock = SystemClock()
    let key = try ServiceKey.ephemeral()
    let minter = TokenMinter(service: "bench", key: key)
    let now = clock.now
    let tokens = try (0..<2000).map { number in
      try minter.mint(subject: "user-\(number)", roles: ["admin"], scopes: ["read"], lifetime: .seconds(3600), now: now)
    }
    func verifier(_ cached: Int) throws -> TokenVerifier {
      try TokenVerifier(
        IdentitySettings(), roles: ["admin"], service: "bench", key: key, folder: ".", now: now, cachedTokens: cached, report: { print($0) }
      )
    }
    let warm = try verifier(TokenVerifier.cachedTokensMax)
    let cold = try verifier(1)
    for token in tokens { _ = try warm.verify(token, now: now) }
    measure("verify EdDSA, not cached (\(tokens[0].utf8.count) bytes)", 2000) { _ = try? cold.verify(tokens[$0 % 2000], now: now) }
    measure("look up a cached token", 1_000_000) { _ = try? warm.verify(tokens[$0 % 2000], now: now) }
    let hmac = HMACKey(key.secret(.etag))
    let short = [UInt8](repeating: 7, count: 64)
    measure("SHA-256 of 64 bytes", 1_000_000) { _ in _ = SHA256.hash(short) }
    measure("HMAC-SHA-256 of 64 bytes", 1_000_000) { _ in _ = hmac.code(for: short) }
    let sealing = SealingKey(key.secret(.cursor))
    let sealed = try sealing.seal(short, context: short)
    measure("seal a cursor of 64 bytes", 100_000) { _ in _ = try? sealing.seal(short, context: short) }
    measure("open it", 100_000) { _ in _ = sealing.open(sealed, context: short) }
  }

  /// The best of five runs.
  private static func measure(_ name: String, _ count: Int, _ body: (Int) -> Void) {
    let clock = SystemClock()
    var best = UInt64.max
    for _ in 0..<5 {
      let start = clock.monotonicNanoseconds
      for number in 0..<count { body(number) }
      best = min(best, clock.monotonicNanoseconds - start)
    }
    print("\(name): \(best / UInt64(count)) ns")
  }
}
