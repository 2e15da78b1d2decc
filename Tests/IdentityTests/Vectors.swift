import JSON
import TestSupport
import Testing

/// Public test vectors beside the checkout.
enum Vectors {
  static func wycheproof(_ name: String) throws -> JSONNode {
    try JSONDocument.parse(try #require(Files.read(Files.shared + "/vectors/jose/\(name)"))).root
  }
}
