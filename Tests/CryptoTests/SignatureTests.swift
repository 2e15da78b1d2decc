import Testing

@testable import Crypto

@Suite struct SignatureTests {
  @Test(arguments: [SigningKey.Kind.ed25519, .p256])
  func verifiesWhatItSignedAndNothingElse(kind: SigningKey.Kind) throws {
    let key = try SigningKey.generate(kind)
    let message = Array("a message".utf8)
    for text in [message, []] {
      let signature = try key.sign(text)
      #expect(signature.count == 64)
      #expect(key.publicKey.isValid(signature, for: text[...], algorithm: key.algorithm))
      #expect(!key.publicKey.isValid(signature, for: (text + [0])[...], algorithm: key.algorithm))
      #expect(!(try SigningKey.generate(kind).publicKey.isValid(signature, for: text[...], algorithm: key.algorithm)))
    }
    let signature = try key.sign(message)
    for position in signature.indices {
      var forged = signature
      forged[position] ^= 0x10
      #expect(!key.publicKey.isValid(forged, for: message[...], algorithm: key.algorithm))
    }
    for count in [0, 1, 63] { #expect(!key.publicKey.isValid(Array(signature.prefix(count)), for: message[...], algorithm: key.algorithm)) }
    #expect(!key.publicKey.isValid(signature + [0], for: message[...], algorithm: key.algorithm))
  }

  @Test(arguments: [SigningKey.Kind.ed25519, .p256])
  func aKeyServesItsOwnAlgorithmOnly(kind: SigningKey.Kind) throws {
    let key = try SigningKey.generate(kind)
    let signature = try key.sign([1])
    for algorithm in SignatureAlgorithm.allCases where algorithm != key.algorithm {
      #expect(!key.publicKey.supports(algorithm))
      #expect(!key.publicKey.isValid(signature, for: [1], algorithm: algorithm))
    }
  }

  @Test(arguments: [SigningKey.Kind.ed25519, .p256])
  func goesThroughPEMAndBack(kind: SigningKey.Kind) throws {
    let key = try SigningKey.generate(kind)
    let again = try SigningKey(pem: key.pem())
    let signature = try again.sign([1, 2])
    #expect(key.publicKey.isValid(signature, for: [1, 2], algorithm: key.algorithm))
    #expect(again.ed25519Secret == key.ed25519Secret)
    #expect(again.publicKey.rawEd25519 == key.publicKey.rawEd25519)
    let read = try PublicKey.keys(pem: key.publicPEM())
    #expect(read.count == 1 && read[0].kind == key.publicKey.kind)
    #expect(read[0].isValid(signature, for: [1, 2], algorithm: key.algorithm))
    #expect(try PublicKey.keys(pem: key.publicPEM() + key.publicPEM()).count == 2)
  }

  // RFC 8032 section 7.1, test 2.
  @Test func ed25519GivesTheStandardsAnswer() throws {
    let key = try PublicKey(ed25519: hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"))
    let signature = hex(
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")
    #expect(key.isValid(signature, for: [0x72], algorithm: .edDSA))
    #expect(!key.isValid(signature, for: [0x73], algorithm: .edDSA))
  }

  @Test func joinedAndEncodedFormsOfECDSAAgree() {
    let raw = [UInt8](repeating: 0, count: 31) + [1, 0x80] + [UInt8](repeating: 0xff, count: 31)
    let der = ECDSASignature.encode(raw: raw)
    #expect(der == [0x30, 38, 2, 1, 1, 2, 33, 0, 0x80] + [UInt8](repeating: 0xff, count: 31))
    #expect(der.flatMap { ECDSASignature.decode(der: $0) } == raw)
    #expect(ECDSASignature.encode(raw: Array(raw.dropLast())) == nil)
    for text: [UInt8] in [[], [0x30], [0x30, 1, 0], [0x30, 3, 2, 1, 1], [0x30, 2, 2, 9], [0x31, 6, 2, 1, 1, 2, 1, 1]] {
      #expect(ECDSASignature.decode(der: text) == nil)
    }
  }
}
