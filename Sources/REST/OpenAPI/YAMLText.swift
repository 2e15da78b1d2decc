import Base
import JSON

/// A JSON value as block-style YAML 1.2. Strings are plain only where no reader could take them for anything else.
enum YAMLText {
  static func bytes(_ value: JSONValue) -> [UInt8] {
    var out: [UInt8] = []
    append(value, to: &out, level: 0, isInline: true)
    if out.last != UInt8(ascii: "\n") { out.append(UInt8(ascii: "\n")) }
    return out
  }

  /// `isInline`: the cursor stands where the value may begin; otherwise right after `key:` or `-`.
  private static func append(_ value: JSONValue, to out: inout [UInt8], level: Int, isInline: Bool) {
    switch value {
    case .object(let object) where !object.isEmpty:
      for (place, member) in object.members.enumerated() {
        if place > 0 || !isInline { breakLine(&out, level) }
        scalar(member.name, to: &out)
        out.append(UInt8(ascii: ":"))
        append(member.value, to: &out, level: level + 1, isInline: false)
      }
    case .array(let values) where !values.isEmpty:
      for (place, element) in values.enumerated() {
        if place > 0 || !isInline { breakLine(&out, level) }
        out.append("- " as StaticString)
        append(element, to: &out, level: level + 1, isInline: true)
      }
    case .string(let text):
      if !isInline { out.append(UInt8(ascii: " ")) }
      scalar(text, to: &out)
    default:
      if !isInline { out.append(UInt8(ascii: " ")) }
      value.append(to: &out)
    }
  }

  private static func breakLine(_ out: inout [UInt8], _ level: Int) {
    out.append(UInt8(ascii: "\n"))
    out.append(contentsOf: repeatElement(0x20, count: level * 2))
  }

  private static func scalar(_ text: String, to out: inout [UInt8]) {
    if isPlain(text) { out.append(text) } else { out.appendJSON(string: text) }
  }

  /// Words, names and paths: begins with a letter, a slash or `$` that is followed by letters, and holds nothing that YAML
  /// gives a meaning. Words that YAML 1.1 takes for booleans or null are quoted.
  private static func isPlain(_ text: String) -> Bool {
    guard let first = text.utf8.first, first.isLetter || first == UInt8(ascii: "/") || first == UInt8(ascii: "$") else { return false }
    guard text.utf8.count <= 60 else { return false }
    for byte in text.utf8 where !(byte.isLetter || byte.isDigit) {
      switch byte {
      case UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "$"): continue
      default: return false
      }
    }
    switch text.lowercased() {
    case "true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf": return false
    default: return true
    }
  }
}
