/// One entry of a document's tape: 16 bytes, no references.
///
/// `head` is the start in the source (32 bits), the length (28 bits) and the kind (4 bits). `payload` depends on the kind:
/// an integer's or double's bits; a key's hash; for arrays and objects how many entries lie inside (low half, the
/// container's own included) and how many elements or members it has (high half).
struct TapeNode {
  enum Kind: UInt8 {
    case null, `false`, `true`, integer, number, string, escapedString, key, escapedKey, array, object
  }

  private var head: UInt64
  private(set) var payload: UInt64

  init(_ kind: Kind, start: Int, length: Int, payload: UInt64 = 0) {
    head =
      UInt64(truncatingIfNeeded: start) << 32 | UInt64(truncatingIfNeeded: length & 0xfff_ffff) << 4 | UInt64(kind.rawValue)
    self.payload = payload
  }

  // A kind is only ever written by the initialiser, so the fallback is never taken.
  var kind: Kind { Kind(rawValue: UInt8(truncatingIfNeeded: head & 15)) ?? .null }
  var start: Int { Int(head >> 32) }
  var length: Int { Int(head >> 4 & 0xfff_ffff) }
  var end: Int { start + length }

  /// Entries from this one to the one after it on the same level.
  var span: Int {
    switch kind {
    case .array, .object: Int(payload & 0xffff_ffff)
    default: 1
    }
  }

  /// Elements of an array, members of an object.
  var count: Int { Int(payload >> 32) }

  mutating func close(end: Int, span: Int, count: Int) {
    self = TapeNode(
      kind, start: start, length: end - start,
      payload: UInt64(truncatingIfNeeded: count) << 32 | UInt64(truncatingIfNeeded: span) & 0xffff_ffff)
  }
}
