import JSON
import Testing

@testable import Identity

/// C2SP's Wycheproof vectors: what is `invalid` must be refused, what is `valid` accepted.
@Suite struct WycheproofTests {
  /// Valid vectors that are refused all the same, each with its reason.
  static let refused: [String: [Int64: String]] = [
    "json_web_signature_test.json": [
      264: "RS384", 265: "RS384", 266: "RS384", 267: "RS384", 268: "RS512", 269: "RS512", 270: "RS512", 271: "RS512", 320: "PS384",
      321: "PS384", 322: "PS384", 323: "PS384", 325: "PS512", 326: "PS512", 327: "PS512", 328: "PS512",
      346: "the token says PS384 and its key PS256", 347: "ES512 on P-521", 350: "the token says PS384 and its key PS256",
      351: "ES512 on P-521", 372: "a question mark inside base64url (RFC 7515 section 2)",
      373: "a question mark inside base64url (RFC 7515 section 2)",
    ],
    "json_web_key_test.json": [14: "HS384", 15: "HS512"],
  ]

  /// Invalid vectors whose text is, octet for octet, that of a valid one with the same key: the padding they are about was
  /// lost when they were written down. They cannot be told apart from it, by anyone.
  static let indistinguishable: [String: [Int64: Int64]] = ["json_web_signature_test.json": [367: 357, 370: 357]]

  struct Vector {
    var id: Int64
    var token: [UInt8]
    var isValid: Bool
    var key: [UInt8]
  }

  static func vectors(_ name: String) throws -> [Vector] {
    var out: [Vector] = []
    for group in try #require(try Vectors.wycheproof(name)["testGroups"]).elements {
      // The public key where there is one, as an issuer would publish it; else the secret.
      let key = try #require(group["public"] ?? group["private"])
      for test in try #require(group["tests"]).elements {
        let token = try #require(test["jws"]?.utf8)
        let result = try #require(test["result"]?.stringValue)
        out.append(
          Vector(id: try #require(test["tcId"]?.int64), token: Array(token), isValid: result == "valid", key: Array(key.rawText)))
      }
    }
    return out
  }

  static func accepts(_ vector: Vector) -> Bool {
    guard let set = try? KeySet(vector.key), let token = try? CompactJWS(vector.token) else { return false }
    return (try? set.verify(token)) != nil
  }

  @Test(arguments: [("json_web_signature_test.json", 401), ("json_web_key_test.json", 26)])
  func everyVectorHasItsAnswer(name: String, count: Int) throws {
    let vectors = try Self.vectors(name)
    #expect(vectors.count == count)
    let refused = Self.refused[name] ?? [:]
    let same = Self.indistinguishable[name] ?? [:]
    for vector in vectors where same[vector.id] == nil {
      let expected = vector.isValid && refused[vector.id] == nil
      #expect(Self.accepts(vector) == expected, "vector \(vector.id)")
    }
    for (id, twin) in same {
      let first = try #require(vectors.first { $0.id == id })
      let second = try #require(vectors.first { $0.id == twin })
      #expect(first.token == second.token && first.key == second.key && !first.isValid && second.isValid)
    }
    #expect(refused.keys.allSatisfy { id in vectors.contains { $0.id == id && $0.isValid } })
  }
}
