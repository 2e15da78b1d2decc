import Base
import JSON

/// One text for all spellings of a JSON value: values are equal, as JSON Schema has it, where their texts are.
enum CanonicalJSON {
  static func text(_ node: JSONNode) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(node.rawText.count)
    append(node, to: &out)
    return out
  }

  /// As deep as the document, whose depth its reader has bounded.
  private static func append(_ node: JSONNode, to out: inout [UInt8]) {
    switch node.kind {
    case .null: out.appendJSON(null: ())
    case .boolean: out.appendJSON(bool: node.bool ?? false)
    case .integer, .number: ExactNumber(text: node.rawText).appendCanonical(to: &out)
    case .string: out.appendJSON(utf8: node.utf8 ?? [])
    case .array:
      out.append(UInt8(ascii: "["))
      for element in node.elements {
        append(element, to: &out)
        out.append(UInt8(ascii: ","))
      }
      out.append(UInt8(ascii: "]"))
    case .object:
      out.append(UInt8(ascii: "{"))
      let members = node.members.map { (name: Array($0.key.utf8 ?? []), value: $0.value) }
      for member in members.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
        out.appendJSON(utf8: member.name[...])
        out.append(UInt8(ascii: ":"))
        append(member.value, to: &out)
        out.append(UInt8(ascii: ","))
      }
      out.append(UInt8(ascii: "}"))
    }
  }
}
