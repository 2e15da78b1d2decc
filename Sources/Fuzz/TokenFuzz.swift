import Base
import Contract
import Identity
import JSON

/// Tokens, key files and claims as a peer or a file may have them: they are refused or read, nothing traps.
enum TokenFuzz {
  // Made anew each time: the leak checker does not see through the marked pointers of an indirect enum that lives for ever.
  private static var types: [FieldType] {
    [
      .integer(minimum: nil, maximum: nil), .decimal(precision: 12, scale: 2, minimum: nil, maximum: nil), .timestamp, .date, .uuid,
      .list(.timestamp, length: 0...9), .json(JSONOptions()),
    ]
  }

  static func run(_ bytes: [UInt8]) {
    if let token = try? CompactJWS(bytes), let keys = try? KeySet(token.payload) { _ = try? keys.verify(token) }
    _ = try? KeySet(bytes)
    guard let root = try? JSONDocument.parse(bytes).root else { return }
    for type in types {
      let value = ClaimReader.value(of: root, as: type)
      if case .timestamp(let time) = value { precondition(time >= .minimum && time <= .maximum, "a time out of range") }
    }
  }
}
