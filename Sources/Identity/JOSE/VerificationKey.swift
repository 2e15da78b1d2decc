package import Crypto

/// A key that verifies tokens: with exactly one algorithm, which is the key's and never the token's.
package struct VerificationKey: Sendable {
  enum Material: Sendable {
    case secret(HMACKey)
    case `public`(PublicKey)
  }

  package let id: String?
  package let algorithm: SignatureAlgorithm
  let material: Material

  init(id: String?, algorithm: SignatureAlgorithm, material: Material) {
    self.id = id
    self.algorithm = algorithm
    self.material = material
  }

  /// A public key with the algorithm that its type stands for: RS256 for plain RSA, PS256 for RSASSA-PSS, ES256, EdDSA.
  package init(id: String?, _ key: PublicKey) { self.init(id: id, algorithm: key.defaultAlgorithm, material: .public(key)) }

  func isValid(_ token: CompactJWS) -> Bool {
    guard token.algorithm == algorithm.rawValue else { return false }
    return switch material {
    case .secret(let key): key.isValid(token.signature, for: token.signedText[...])
    case .public(let key): key.isValid(token.signature, for: token.signedText[...], algorithm: algorithm)
    }
  }
}
