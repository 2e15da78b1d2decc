import Base
import Contract
import Crypto
import JSON
import Synchronization
import TestSupport
import Testing

@testable import Identity

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@Suite struct TokenVerifierTests {
  static let now = Timestamp(microseconds: 1_800_000_000_000_000)
  static let seconds: Int64 = 1_800_000_000

  /// A verifier that trusts one issuer, `https://id.example`, beside the service itself.
  final class House {
    let folder: TemporaryFolder
    let key: SigningKey
    let service: ServiceKey
    let verifier: TokenVerifier

    init(audience: String? = "shop", cachedTokens: Int = 100) throws {
      folder = try TemporaryFolder()
      key = try SigningKey.generate(.ed25519)
      service = try ServiceKey.ephemeral()
      folder.write("keys.pem", try key.publicPEM(), mode: 0o644)
      var issuer = Issuer(name: "partner", issuer: "https://id.example", audience: audience, keyFile: "keys.pem")
      issuer.rolesClaim = "groups"
      issuer.roleMap = ["ops": ["support"], "boss": ["admin", "finance", "unheard_of"], "K8S": ["admin"]]
      var settings = IdentitySettings()
      settings.issuers = [issuer]
      settings.claims = [("tier", .string(StringOptions(length: 0...20))), ("level", .integer(minimum: nil, maximum: nil))]
      let sink = Sink()
      verifier = try TokenVerifier(
        settings, roles: ["support", "finance", "admin"], service: "shop", key: service, folder: folder.path,
        now: TokenVerifierTests.now, cachedTokens: cachedTokens, report: { sink.add($0) })
      self.sink = sink
    }

    deinit { folder.remove() }

    let sink: Sink
    final class Sink: Sendable {
      let texts = Mutex<[String]>([])
      func add(_ text: String) { texts.withLock { $0.append(text) } }
      var count: Int { texts.withLock { $0.count } }
    }

    static let claims: JSONObject = [
      "iss": "https://id.example", "sub": "u1", "aud": "shop", "exp": .integer(TokenVerifierTests.seconds + 60),
      "iat": .integer(TokenVerifierTests.seconds), "groups": ["ops"],
    ]

    func token(
      _ changes: [(String, JSONValue?)] = [], header: JSONObject = ["alg": "EdDSA", "typ": "JWT"], key other: SigningKey? = nil
    ) throws -> String {
      var claims = Self.claims
      for (name, value) in changes { claims[name] = value }
      return try CompactJWS.sign(header: header, payload: claims, with: other ?? key)
    }

    func code(_ token: String, at now: Timestamp = TokenVerifierTests.now) -> TokenError.Code? {
      do {
        _ = try verifier.verify(token, now: now)
        return nil
      } catch {
        return error.code
      }
    }
  }

  /// U+212A KELVIN SIGN is, to Swift's `==`, the letter K.
  @Test func namesAreComparedByTheirBytes() throws {
    let house = try House()
    func roles(_ group: String) throws -> [String] {
      try house.verifier.verify(try house.token([("groups", [.string(group)])]), now: Self.now).roles
    }
    #expect(try roles("K8S") == ["admin"])
    #expect(try roles("\u{212a}8S") == [])
  }

  static func later(_ seconds: Int64) -> Timestamp { Timestamp(microseconds: now.microseconds + seconds * 1_000_000) }

  @Test func tellsWhomATokenStandsFor() throws {
    let house = try House()
    let text = try house.token([
      ("groups", ["boss", "nobody", "ops", 1]), ("scope", "write read read"), ("tier", "pro"), ("level", "high"), ("tenant", "t1"),
      ("aud", ["other", "shop"]),
    ])
    let token = try house.verifier.verify(text, now: Self.now)
    #expect(token.issuer == "https://id.example" && token.subject == "u1")
    #expect(token.roles == ["admin", "finance", "support"], "what the contract does not declare is not granted")
    #expect(token.scopes == ["read", "write"])
    #expect(token.claims == ["tier": .string("pro"), "level": .null], "a claim of another type is null")
    #expect(token.tenant == .string("t1"))
    #expect(token.expiresAt == Self.later(60))
    #expect(token.caller(now: Self.now, generation: 0) == nil)
    token.remember(user: UUID(high: 1, low: 2), now: Self.now, generation: 0)
    #expect(try house.verifier.verify(text, now: Self.now).caller(now: Self.now, generation: 0)?.roles == token.roles)
    #expect(token.caller(now: Self.now, generation: 1) == nil, "rows have gone since")
    #expect(token.caller(now: Self.later(4), generation: 0) != nil)
    #expect(token.caller(now: Self.later(5), generation: 0) == nil, "another process may have removed it")
    #expect(token.caller(now: Self.later(-1), generation: 0) == nil, "the clock went back")
  }

  @Test(
    arguments: [
      [("iss", nil)], [("iss", "https://evil.example")], [("iss", 1)], [("iss", ["https://id.example"])], [("sub", nil)], [("sub", "")],
      [("sub", 7)], [("sub", "a\u{0}b")], [("sub", .string(String(repeating: "x", count: 256)))], [("aud", nil)], [("aud", "shop2")],
      [("aud", ["a", "b"])], [("aud", [])], [("aud", 1)], [("exp", nil)], [("exp", "1800000060")], [("exp", .integer(.max))], [("exp", -1)],
      [("exp", true)], [("nbf", .integer(seconds + 31))], [("nbf", "x")], [("iat", .integer(seconds + 31))], [("iat", [])],
    ] as [[(String, JSONValue?)]])
  func refusesClaims(changes: [(String, JSONValue?)]) throws {
    let house = try House()
    #expect(house.code(try house.token(changes)) == .invalid)
  }

  @Test(
    arguments: [
      [("exp", .integer(seconds - 30))], [("exp", .integer(0))], [("exp", .number(Double(seconds) - 30.5))],
    ] as [[(String, JSONValue?)]])
  func tellsExpiredOnesApart(changes: [(String, JSONValue?)]) throws {
    let house = try House()
    #expect(house.code(try house.token(changes)) == .expired)
    #expect(house.code(try house.token(changes, key: SigningKey.generate(.ed25519))) == .invalid, "only who signed is told so")
  }

  @Test(
    arguments: [
      [("exp", .integer(seconds - 29))], [("nbf", .integer(seconds + 30))], [("iat", .integer(seconds + 30))],
      [("iat", nil), ("nbf", nil)],
      [("exp", .number(Double(seconds) + 0.5))], [("groups", nil)], [("groups", "ops")], [("groups", 5)],
    ] as [[(String, JSONValue?)]])
  func clocksMayDifferALittle(changes: [(String, JSONValue?)]) throws {
    let house = try House()
    #expect(house.code(try house.token(changes)) == nil)
  }

  @Test(
    arguments: [
      ["alg": "none"], ["alg": "HS256"], ["alg": "ES256"], ["alg": "EdDSA", "typ": "dpop+jwt"], ["alg": "EdDSA", "typ": "logout+jwt"],
      ["alg": "EdDSA", "typ": ""], ["alg": "EdDSA", "crit": ["x"]],
    ] as [JSONObject])
  func refusesHeaders(header: JSONObject) throws {
    let house = try House()
    #expect(house.code(try house.token(header: header)) == .invalid)
  }

  @Test(arguments: ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "application/jwt"])
  func acceptsAccessTokenTypes(type: String) throws {
    let house = try House()
    #expect(house.code(try house.token(header: ["alg": "EdDSA", "typ": .string(type)])) == nil)
  }

  @Test func refusesWhatIsNoToken() throws {
    let house = try House()
    for text in ["", "x", "a.b.c", String(repeating: "a", count: 9000), "é.é.é"] { #expect(house.code(text) == .invalid) }
    let array = try CompactJWS.sign(header: ["alg": "EdDSA"], payload: [:], with: house.key)
    #expect(house.code(array) == .invalid)
  }

  @Test func anIssuersTokenIsNotTheServices() throws {
    let house = try House()
    let own = TokenMinter.issuer(of: "shop")
    #expect(house.code(try house.token([("iss", .string(own)), ("aud", .string(own))])) == .invalid)
    #expect(throws: KeyFileError.self) {
      var settings = IdentitySettings()
      settings.issuers = [Issuer(name: "x", issuer: own, audience: nil, keyFile: "keys.pem")]
      _ = try TokenVerifier(
        settings, roles: [], service: "shop", key: house.service, folder: house.folder.path, now: Self.now, report: { _ in })
    }
  }

  @Test func withoutAnAudienceInTheContractAnyIsTaken() throws {
    let house = try House(audience: nil)
    #expect(house.code(try house.token([("aud", "other")])) == nil)
    #expect(house.code(try house.token([("aud", nil)])) == nil)
  }

  @Test func aCachedTokenEndsWithItsLife() throws {
    let house = try House()
    let text = try house.token()
    let first = try house.verifier.verify(text, now: Self.now)
    #expect(try house.verifier.verify(text, now: Self.later(5)) === first)
    #expect(house.code(text, at: Self.later(89)) == nil)
    #expect(house.code(text, at: Self.later(90)) == .expired)
  }

  @Test func aTokenIsKnownOnceItWasVerifiedAndForItsLife() throws {
    let house = try House()
    let text = try house.token()
    func known(_ text: String, _ seconds: Int64) -> VerifiedToken? {
      house.verifier.known(Array(text.utf8)[...], now: Self.later(seconds))
    }
    #expect(known(text, 0) == nil)
    let verified = try house.verifier.verify(text, now: Self.now)
    #expect(known(text, 0) === verified)
    #expect(known(text, 89) === verified)
    #expect(known(text, 90) == nil)
    // Nothing but the same bytes.
    #expect(known(text + " ", 0) == nil)
    #expect(known(String(text.dropLast()), 0) == nil)
    #expect(known("", 0) == nil)
    #expect(known(String(repeating: text, count: 30), 0) == nil)
  }

  @Test func aTokenOfAKeyThatIsGoneIsKnownNoMore() throws {
    let house = try House()
    let text = try house.token()
    #expect(house.code(text) == nil)
    house.folder.write("keys.pem", try SigningKey.generate(.p256).publicPEM())
    #expect(house.verifier.known(Array(text.utf8)[...], now: Self.later(9)) != nil, "not looked at yet")
    #expect(house.verifier.known(Array(text.utf8)[...], now: Self.later(10)) == nil)
  }

  @Test func newKeysAreReadAndOldTokensEnd() throws {
    let house = try House()
    let text = try house.token()
    #expect(house.code(text) == nil)
    let next = try SigningKey.generate(.p256)
    house.folder.write("keys.pem", try next.publicPEM())
    #expect(house.code(text, at: Self.later(9)) == nil, "not looked at yet")
    #expect(house.code(text, at: Self.later(10)) == .invalid)
    #expect(house.code(try house.token(header: ["alg": "ES256"], key: next), at: Self.later(10)) == nil)
    #expect(house.sink.count == 1)
  }

  @Test func brokenKeyFilesLeaveTheOldKeysAndAreReportedOnce() throws {
    let house = try House()
    let text = try house.token()
    house.folder.write("keys.pem", Array("broken".utf8))
    for step in 1...5 { #expect(house.code(text, at: Self.later(Int64(step) * 10)) == nil) }
    #expect(house.sink.count == 1)
    house.folder.write("keys.pem", try house.key.publicPEM())
    #expect(house.code(text, at: Self.later(60)) == nil)
    #expect(house.sink.count == 2)
  }

  @Test func aKeyFileThatCannotBeReadIsTriedAgain() throws {
    let house = try House()
    let text = try house.token()
    let path = house.folder.path + "/keys.pem"
    unlink(path)
    mkdir(path, 0o700)
    // What is mended may be its mode or our number of descriptors, which leave no trace in the file.
    for step in 1...3 { #expect(house.code(text, at: Self.later(Int64(step) * 10)) == nil) }
    #expect(house.sink.count == 3)
    rmdir(path)
    house.folder.write("keys.pem", try SigningKey.generate(.ed25519).publicPEM())
    #expect(house.code(text, at: Self.later(40)) == .invalid)
  }

  @Test func aMissingKeyFileStopsTheStart() throws {
    var settings = IdentitySettings()
    settings.issuers = [Issuer(name: "x", issuer: "y", audience: nil, keyFile: "missing.json")]
    let service = try ServiceKey.ephemeral()
    #expect(throws: KeyFileError.self) {
      _ = try TokenVerifier(settings, roles: [], service: "shop", key: service, folder: "/nonexistent", now: Self.now, report: { _ in })
    }
  }

  @Test func theServicesOwnTokensAreTakenWithTheirRoles() throws {
    let house = try House()
    let minter = TokenMinter(service: "shop", key: house.service)
    let text = try minter.mint(
      subject: "ada", roles: ["admin", "ghost"], scopes: ["read", "write"], lifetime: .seconds(60),
      claims: ["tier": "pro", "sub": "eve", "exp": 9_999_999_999], now: Self.now)
    let token = try house.verifier.verify(text, now: Self.now)
    #expect(token.subject == "ada" && token.issuer == "martlet:shop")
    #expect(token.roles == ["admin"] && token.scopes == ["read", "write"] && token.claims["tier"] == .string("pro"))
    #expect(house.code(text, at: Self.later(90)) == .expired)
    #expect(try minter.mint(subject: "ada", roles: [], scopes: [], lifetime: .seconds(60), now: Self.now) != text)
    let stranger = TokenMinter(service: "shop", key: try ServiceKey.ephemeral())
    #expect(house.code(try stranger.mint(subject: "ada", roles: [], scopes: [], lifetime: .seconds(60), now: Self.now)) == .invalid)
    let neighbour = TokenMinter(service: "other", key: house.service)
    #expect(house.code(try neighbour.mint(subject: "ada", roles: [], scopes: [], lifetime: .seconds(60), now: Self.now)) == .invalid)
  }

  @Test func manyTasksMayVerifyAtOnce() async throws {
    let house = try House(cachedTokens: 8)
    let texts = try (0..<32).map { try house.token([("sub", .string("u\($0)"))]) }
    let verifier = house.verifier
    await withTaskGroup(of: Int.self) { group in
      for task in 0..<8 {
        group.addTask {
          var good = 0
          for round in 0..<200 {
            let number = (round + task * 7) % texts.count
            if (try? verifier.verify(texts[number], now: Self.now))?.subject == "u\(number)" { good += 1 }
          }
          return good
        }
      }
      for await good in group { #expect(good == 200) }
    }
  }
}
