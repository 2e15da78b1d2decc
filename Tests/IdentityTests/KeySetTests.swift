import Crypto
import JSON
import Testing

@testable import Identity

@Suite struct KeySetTests {
  static let secret = Base64URL.encode([UInt8](repeating: 7, count: 32))
  static let point = Base64URL.encode([UInt8](repeating: 9, count: 32))

  func set(_ text: String) throws(KeySet.Problem) -> KeySet { try KeySet(Array(text.utf8)) }

  @Test(arguments: [
    "", "{}", "{", "[]", #"{"keys":1}"#, #"{"keys":[]}"#, #"{"keys":[1]}"#, #"{"keys":[{"kty":"OKP"}]}"#, "-----BEGIN PUBLIC KEY-----",
    #"{"kty":"oct","k":"AAAA"}"#, #"{"kty":"oct","alg":"HS512","k":"\#(secret)"}"#, #"{"kty":"oct","alg":"RS256","k":"\#(secret)"}"#,
    #"{"kty":"oct","use":"enc","k":"\#(secret)"}"#, #"{"kty":"oct","key_ops":["sign"],"k":"\#(secret)"}"#,
    #"{"kty":"oct","key_ops":["verify","verify"],"k":"\#(secret)"}"#, #"{"kty":"oct","key_ops":"verify","k":"\#(secret)"}"#,
    #"{"kty":"oct","kid":1,"k":"\#(secret)"}"#, #"{"kty":"oct","k":"\#(secret)="}"#, #"{"kty":"oct","k":"\#(secret)","k":"\#(secret)"}"#,
    #"{"kty":"OKP","crv":"X25519","x":"\#(point)"}"#, #"{"kty":"OKP","crv":"Ed448","x":"\#(point)"}"#,
    #"{"kty":"OKP","crv":"Ed25519","alg":"ES256","x":"\#(point)"}"#, #"{"kty":"EC","crv":"secp256k1","x":"\#(point)","y":"\#(point)"}"#,
    #"{"kty":"EC","crv":"P-256","x":"\#(point)","y":"\#(point)"}"#, #"{"kty":"RSA","n":"\#(point)","e":"AQAB"}"#,
    #"{"kty":"AKP","alg":"ML-DSA-44","pub":"AAAA"}"#,
  ])
  func refusesSetsWithoutAUsableKey(text: String) {
    #expect(throws: KeySet.Problem.self) { try set(text) }
  }

  @Test func aSetThatMixesOrRepeatsIsRefusedWhole() throws {
    let oct = #"{"kty":"oct","kid":"a","k":"\#(Self.secret)"}"#
    let okp = #"{"kty":"OKP","kid":"b","crv":"Ed25519","x":"\#(Self.point)"}"#
    #expect(throws: KeySet.Problem.self) { try set(#"{"keys":[\#(oct),\#(okp)]}"#) }
    #expect(throws: KeySet.Problem.self) { try set(#"{"keys":[\#(okp),\#(okp)]}"#) }
    #expect(throws: KeySet.Problem.self) { try set(#"{"keys":[\#(repeatElement("{}", count: 65).joined(separator: ","))]}"#) }
  }

  @Test func otherKeysOfASetArePassedOverAndNamed() throws {
    let okp = #"{"kty":"OKP","kid":"b","crv":"Ed25519","x":"\#(Self.point)"}"#
    let found = try set(#"{"keys":[{"kty":"AKP"},\#(okp),{"kty":"RSA","use":"enc","kid":"b"}]}"#)
    #expect(found.keys.map(\.id) == ["b"])
    #expect(found.notices == ["key 1: its kty is not known", "key 3: its use is not sig"])
  }

  @Test func typeDecidesTheAlgorithm() throws {
    #expect(try set(#"{"kty":"oct","k":"\#(Self.secret)"}"#).keys[0].algorithm == .hs256)
    #expect(try set(#"{"kty":"OKP","crv":"Ed25519","x":"\#(Self.point)"}"#).keys[0].algorithm == .edDSA)
    let key = try SigningKey.generate(.p256)
    #expect(try KeySet(key.publicPEM()).keys[0].algorithm == .es256)
  }

  @Test func theKeyIDChoosesAndTheAlgorithmIsTheKeys() throws {
    let first = try SigningKey.generate(.ed25519)
    let second = try SigningKey.generate(.p256)
    let named = try KeySet(keys: [VerificationKey(id: "1", first.publicKey), VerificationKey(id: "2", second.publicKey)])
    let unnamed = try KeySet(keys: [VerificationKey(id: nil, first.publicKey), VerificationKey(id: nil, second.publicKey)])
    func accepted(_ set: KeySet, _ header: JSONObject, _ key: SigningKey) throws -> Bool {
      let token = try CompactJWS(Array(try CompactJWS.sign(header: header, payload: [:], with: key).utf8))
      return (try? set.verify(token)) != nil
    }
    #expect(try accepted(named, ["alg": "EdDSA", "kid": "1"], first))
    #expect(try accepted(named, ["alg": "EdDSA"], first))
    #expect(try accepted(unnamed, ["alg": "EdDSA", "kid": "any"], first))
    #expect(try accepted(unnamed, ["alg": "ES256"], second))
    #expect(try !accepted(named, ["alg": "EdDSA", "kid": "2"], first))
    #expect(try !accepted(named, ["alg": "EdDSA", "kid": "3"], first))
    #expect(try !accepted(named, ["alg": "ES256", "kid": "1"], first))
    #expect(try !accepted(unnamed, ["alg": "ES256"], first))
    for name in ["none", "None", "", "HS256", "RS256"] { #expect(try !accepted(unnamed, ["alg": .string(name)], first)) }
  }

  @Test func anUnnamedTokenIsTriedWithABoundedNumberOfKeys() throws {
    let keys = try (0...KeySet.attemptsMax).map { _ in try SigningKey.generate(.ed25519) }
    let set = try KeySet(keys: keys.map { VerificationKey(id: nil, $0.publicKey) })
    func accepted(_ key: SigningKey) throws -> Bool {
      let token = try CompactJWS(Array(try CompactJWS.sign(header: ["alg": "EdDSA"], payload: [:], with: key).utf8))
      return (try? set.verify(token)) != nil
    }
    #expect(try accepted(keys[KeySet.attemptsMax - 1]))
    #expect(try !accepted(keys[KeySet.attemptsMax]))
  }
}
