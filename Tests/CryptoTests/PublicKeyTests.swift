import Testing

@testable import Crypto

@Suite struct PublicKeyTests {
  func code(of body: () throws -> Void) -> CryptoError.Code? {
    do {
      try body()
      return nil
    } catch {
      return (error as? CryptoError)?.code
    }
  }

  @Test(arguments: [
    (KeyFiles.rsa1024, CryptoError.Code.weakKey), (KeyFiles.rsaExponent3, .weakKey), (KeyFiles.p384, .unsupportedKey),
    (KeyFiles.ed448, .unsupportedKey), ("", .malformedKey), ("hello", .malformedKey), (KeyFiles.encryptedEd25519, .unsupportedKey),
    (KeyFiles.rsa2048 + "\n-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", .malformedKey),
    (String(KeyFiles.rsa2048.dropLast(200)), .malformedKey),
  ])
  func refusesKeyFilesThatAreNoGood(text: String, expected: CryptoError.Code) {
    #expect(code { _ = try PublicKey.keys(pem: Array(text.utf8)) } == expected)
  }

  @Test func aKeysTypeDecidesItsAlgorithm() throws {
    let rsa = try PublicKey.keys(pem: Array(KeyFiles.rsa2048.utf8))[0]
    #expect(rsa.kind == .rsa && rsa.defaultAlgorithm == .rs256 && rsa.supports(.ps256))
    let pss = try PublicKey.keys(pem: Array(KeyFiles.rsaPSS.utf8))[0]
    #expect(pss.kind == .rsaPSS && pss.defaultAlgorithm == .ps256 && !pss.supports(.rs256))
  }

  @Test func aPrivateKeyIsNoPublicKeyAndAnEncryptedOneIsNotAskedFor() throws {
    let pem = try SigningKey.generate(.ed25519).pem()
    #expect(code { _ = try PublicKey.keys(pem: pem) } == .unsupportedKey)
    #expect(code { _ = try SigningKey(pem: Array(KeyFiles.encryptedEd25519.utf8)) } == .malformedKey)
    #expect(code { _ = try SigningKey(pem: pem + pem) } == .malformedKey)
    #expect(code { _ = try SigningKey(pem: []) } == .malformedKey)
    #expect(code { _ = try SigningKey(pem: Array(KeyFiles.rsa2048.utf8)) } == .malformedKey)
  }

  @Test func aFileHasABoundedNumberOfKeys() throws {
    let pem = try SigningKey.generate(.ed25519).publicPEM()
    #expect(try PublicKey.keys(pem: Array(repeatElement(pem, count: 64).joined())).count == 64)
    #expect(code { _ = try PublicKey.keys(pem: Array(repeatElement(pem, count: 65).joined())) } == .malformedKey)
    #expect(code { _ = try PublicKey.keys(pem: [UInt8](repeating: 0x20, count: 1 << 21)) } == .malformedKey)
  }

  @Test func weakRSANumbersAreRefused() {
    let odd = [UInt8](repeating: 0xff, count: 256)
    for exponent: [UInt8] in [[], [1], [3], [0, 1, 0, 0], [1, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 1]] {
      #expect(code { _ = try PublicKey(rsaModulus: odd, exponent: exponent) } != nil, "\(exponent)")
    }
    #expect(code { _ = try PublicKey(rsaModulus: [], exponent: [1, 0, 1]) } == .weakKey)
    #expect(code { _ = try PublicKey(rsaModulus: [UInt8](repeating: 0xff, count: 128), exponent: [1, 0, 1]) } == .weakKey)
    #expect(code { _ = try PublicKey(rsaModulus: [UInt8](repeating: 0xff, count: 4096), exponent: [1, 0, 1]) } == .weakKey)
    #expect(code { _ = try PublicKey(rsaModulus: odd.dropLast() + [0xfe], exponent: [1, 0, 1]) } == .weakKey)
  }

  @Test func pointsOffTheCurveAreRefused() {
    // The base point of P-256, which is on it.
    let x = hex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")
    let y = hex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
    #expect(code { _ = try PublicKey(p256X: x, y: y) } == nil)
    #expect(code { _ = try PublicKey(p256X: y, y: x) } == .malformedKey)
    #expect(code { _ = try PublicKey(p256X: [UInt8](repeating: 0, count: 32), y: [UInt8](repeating: 0, count: 32)) } == .malformedKey)
    #expect(code { _ = try PublicKey(p256X: Array(x.dropLast()), y: y) } == .malformedKey)
    #expect(code { _ = try PublicKey(p256X: x, y: []) } == .malformedKey)
    #expect(code { _ = try PublicKey(ed25519: x.dropLast()) } == .malformedKey)
  }
}
