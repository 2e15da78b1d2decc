import Base
import YAML

/// A text with `${NAME}` and `${NAME:-default}` in it; `$${` stands for `${`.
struct Template {
  enum Part: Equatable {
    case literal(String)
    case variable(name: String, fallback: String?)
  }

  private(set) var parts: [Part] = []
  /// UTF-8 offset of a `${` that is not followed by what must follow.
  private(set) var malformedAt: Int?

  var hasVariables: Bool { parts.contains { if case .variable = $0 { true } else { false } } }

  init(_ text: String) {
    let bytes = Array(text.utf8)
    var literal: [UInt8] = []
    var position = 0
    while position < bytes.count {
      guard bytes[position] == UInt8(ascii: "$") else {
        literal.append(bytes[position])
        position += 1
        continue
      }
      if bytes[position...].starts(with: "$${".utf8) {
        literal += "${".utf8
        position += 3
      } else if bytes[position...].starts(with: "${".utf8) {
        guard let (part, end) = Template.variable(bytes, from: position + 2) else {
          malformedAt = position
          return
        }
        if !literal.isEmpty { parts.append(.literal(String(decoding: literal, as: UTF8.self))) }
        literal = []
        parts.append(part)
        position = end
      } else {
        literal.append(bytes[position])
        position += 1
      }
    }
    if !literal.isEmpty || parts.isEmpty { parts.append(.literal(String(decoding: literal, as: UTF8.self))) }
  }

  private static func variable(_ bytes: [UInt8], from start: Int) -> (Part, Int)? {
    guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "}")) else { return nil }
    let inner = bytes[start..<end]
    let nameEnd = inner.firstIndex { !($0.isLetter || $0.isDigit || $0 == UInt8(ascii: "_")) } ?? end
    guard nameEnd > start, !bytes[start].isDigit else { return nil }
    let name = String(decoding: bytes[start..<nameEnd], as: UTF8.self)
    if nameEnd == end { return (.variable(name: name, fallback: nil), end + 1) }
    guard bytes[nameEnd..<end].starts(with: ":-".utf8) else { return nil }
    return (.variable(name: name, fallback: String(decoding: bytes[(nameEnd + 2)..<end], as: UTF8.self)), end + 1)
  }
}

/// Puts the environment's values into a tree.
struct Substitution {
  let environment: [String: String]
  let files: FileReader
  let findings: Findings

  /// Bytes of a file that NAME_FILE names.
  static let fileBytesMax = 65_536

  func apply(to node: YAMLNode) -> YAMLNode {
    var result = node
    switch node.content {
    case .sequence(let items): result.content = .sequence(items.map { apply(to: $0) })
    case .mapping(let members):
      result.content = .mapping(members.map { YAMLMember(key: $0.key, value: apply(to: $0.value)) })
    case .string(let text) where text.utf8.contains(UInt8(ascii: "$")): result = substituted(node, text)
    default: break
    }
    return result
  }

  private func substituted(_ node: YAMLNode, _ text: String) -> YAMLNode {
    let template = Template(text)
    if let offset = template.malformedAt {
      findings.report(
        .malformedVariable, "after ${ a name and } or :-default} must follow", at: findings.mark(of: node, utf8Offset: offset),
        suggestion: "write $${ for the two characters themselves")
      return node
    }
    guard template.hasVariables || template.parts != [.literal(text)] else { return node }
    var value = ""
    for part in template.parts {
      switch part {
      case .literal(let text): value += text
      case .variable(let name, let fallback):
        if let known = self.value(of: name, fallback, at: node.mark) {
          value += known
        } else {
          findings.missing.insert(node.mark)
        }
      }
    }
    var result = node
    result.text = value
    result.isSubstituted = true
    // A plain `${PORT}` may be a number; what is quoted stays a text, and both may be read as text.
    result.content = node.style == .plain ? YAMLNode.resolve(value) : .string(value)
    return result
  }

  private func value(of name: String, _ fallback: String?, at mark: YAMLMark) -> String? {
    if let value = environment[name], !value.isEmpty || fallback == nil { return value }
    if let path = environment[name + "_FILE"], !path.isEmpty {
      switch files.read(path, Substitution.fileBytesMax) {
      case .success(let bytes):
        guard let text = String(validating: bytes, as: UTF8.self) else {
          findings.report(.missingVariable, "the file that \(name)_FILE names is not UTF-8", at: mark)
          return nil
        }
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
      case .failure(let failure):
        findings.report(.missingVariable, "the file that \(name)_FILE names \(failure.message)", at: mark)
        return nil
      }
    }
    if let fallback { return fallback }
    findings.report(
      .missingVariable, "the variable \(name) is not set and has no default", at: mark,
      suggestion: "set \(name) or \(name)_FILE, or write ${\(name):-default}")
    return nil
  }
}
