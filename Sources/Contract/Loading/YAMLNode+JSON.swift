import Base
import JSON
import YAML

extension YAMLNode {
  /// The value as JSON text. A number stands as it is written where JSON writes it so, whatever its size.
  var json: [UInt8] {
    var out: [UInt8] = []
    append(to: &out)
    return out
  }

  private func append(to out: inout [UInt8]) {
    switch content {
    case .null: out.appendJSON(null: ())
    case .boolean(let value): out.appendJSON(bool: value)
    case .integer(let value): if !appendAsWritten(to: &out) { out.appendJSON(integer: value) }
    case .number(let value): if !appendAsWritten(to: &out) { out.appendJSON(number: value) }
    case .string(let value): out.appendJSON(string: value)
    case .sequence(let items):
      for (place, item) in items.enumerated() {
        out.append(UInt8(ascii: place == 0 ? "[" : ","))
        item.append(to: &out)
      }
      if items.isEmpty { out.append(UInt8(ascii: "[")) }
      out.append(UInt8(ascii: "]"))
    case .mapping(let members):
      for (place, member) in members.enumerated() {
        out.append(UInt8(ascii: place == 0 ? "{" : ","))
        out.appendJSON(string: member.key.text)
        out.append(UInt8(ascii: ":"))
        member.value.append(to: &out)
      }
      if members.isEmpty { out.append(UInt8(ascii: "{")) }
      out.append(UInt8(ascii: "}"))
    }
  }

  private func appendAsWritten(to out: inout [UInt8]) -> Bool {
    let written = Array(text.utf8)
    guard let kind = try? JSONDocument.parse(written).root.kind, kind == .integer || kind == .number else { return false }
    out.append(contentsOf: written)
    return true
  }

  /// The value that a way of names and numbers leads to; the last that is there where it leads nowhere.
  func descendant(_ path: [String]) -> YAMLNode {
    var node = self
    for name in path {
      guard let next = node.isSequence ? Int(name).flatMap({ node.items.indices.contains($0) ? node.items[$0] : nil }) : node[name] else {
        break
      }
      node = next
    }
    return node
  }

  private var isSequence: Bool { if case .sequence = content { true } else { false } }

  /// The key that a way of names and numbers ends at; nil where it ends at none.
  func key(_ path: [String]) -> YAMLNode? {
    guard let name = path.last else { return nil }
    return descendant(Array(path.dropLast())).members.first { $0.key.text == name }?.key
  }
}
