import Base
import Contract
import JSON

extension FieldReader {
  /// The value that a member of a merge patch makes of the stored one (RFC 7396 section 2): an object goes into what a `json` or
  /// `money` field holds, member by member, and null takes a member away. Everything else takes its place. The result is bound
  /// by the field's own rules, as if it had been sent whole.
  func value(merging node: JSONNode, into stored: Value) throws(Violation) -> Value {
    guard node.kind == .object else { return try value(of: node) }
    switch type {
    case .json: break
    case .money: try FieldReader.checkMoneyMembers(node)
    default: return try value(of: node)
    }
    var target: JSONNode?
    if !stored.isNull {
      // An adopted table may hold anything.
      guard let document = try? JSONDocument.parse(stored.json) else {
        throw Violation("format", "cannot be merged into what is stored; replace it with PUT")
      }
      target = document.root
    }
    guard let merged = JSONMergePatch.merged(node, into: target) else { return stored }
    // It is no deeper than both were, and both have been read.
    guard let document = try? JSONDocument.parse(merged) else { throw Violation("format", "is not JSON once it is merged") }
    return try value(of: document.root)
  }
}
