import Base

/// RFC 6901: a path into a JSON value.
package struct JSONPointer: Sendable {
  /// Member names and element numbers, unescaped.
  package let tokens: [String]

  /// Reads the pointer's text; nil where it is none: it must be empty or begin with `/`, and `~` stands before `0` or `1` only.
  package init?(_ text: String) {
    guard !text.isEmpty else {
      tokens = []
      return
    }
    guard text.utf8.first == UInt8(ascii: "/") else { return nil }
    var tokens: [String] = []
    for part in text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      var token: [UInt8] = []
      var rest = part[...]
      while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "~") else {
          token.append(byte)
          continue
        }
        switch rest.popFirst() {
        case UInt8(ascii: "0"): token.append(UInt8(ascii: "~"))
        case UInt8(ascii: "1"): token.append(UInt8(ascii: "/"))
        default: return nil
        }
      }
      tokens.append(String(decoding: token, as: UTF8.self))
    }
    self.tokens = tokens
  }

  /// A pointer to a member as an answer shows it: a name of unknown length is shortened.
  package static func shown(_ name: String) -> String { "/" + escaped(name.shortened) }

  /// A member name as a reference token.
  package static func escaped(_ name: String) -> String {
    guard name.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return name }
    var result = ""
    for scalar in name.unicodeScalars {
      switch scalar {
      case "~": result += "~0"
      case "/": result += "~1"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

extension JSONPointer: Equatable {
  /// Names are compared by their bytes, as members are.
  package static func == (a: JSONPointer, b: JSONPointer) -> Bool { a.tokens.count == b.tokens.count && a.leads(to: b) }

  /// Whether the other points at what this one points at, or into it.
  func leads(to other: JSONPointer) -> Bool {
    tokens.count <= other.tokens.count && zip(tokens, other.tokens).allSatisfy { $0.isExactly($1) }
  }
}
