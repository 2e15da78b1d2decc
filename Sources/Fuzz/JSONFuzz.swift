import JSON

/// Whatever is read can be written, and reads back as the same; nothing traps.
enum JSONFuzz {
  static func run(_ bytes: [UInt8]) {
    do throws(JSONError) {
      let document = try JSONDocument.parse(bytes)
      let value = JSONValue(document.root)
      visit(document.root)
      guard try JSONValue(parsing: value.bytes) == value, try JSONValue(parsing: value.prettyBytes) == value else {
        preconditionFailure("written and read again it is another value")
      }
      precondition(String(validating: bytes, as: UTF8.self) != nil, "what was read is not UTF-8")
    } catch {
      precondition(error.offset >= 0 && error.offset <= bytes.count, "the error lies outside of the text")
    }
    var out: [UInt8] = []
    out.appendJSON(utf8: bytes[...])
    guard let text = try? JSONDocument.parse(out).root.stringValue, text == String(decoding: bytes, as: UTF8.self) else {
      preconditionFailure("a repaired string is another one")
    }
  }

  private static func visit(_ node: JSONNode) {
    _ = (node.decimal, node.integralValue, node.double, node.rawText)
    for member in node.members {
      guard node[member.name]?.offset == member.value.offset else { preconditionFailure("a member is not found by its name") }
      visit(member.value)
    }
    for element in node.elements { visit(element) }
  }
}
