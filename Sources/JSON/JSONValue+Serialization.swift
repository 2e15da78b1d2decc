extension JSONValue {
  /// Appends the value without any white space.
  package func append(to out: inout [UInt8]) {
    switch self {
    case .null: out.appendJSON(null: ())
    case .boolean(let value): out.appendJSON(bool: value)
    case .integer(let value): out.appendJSON(integer: value)
    case .number(let value): out.appendJSON(number: value)
    case .digits(let text): out.append(contentsOf: text.utf8)
    case .string(let value): out.appendJSON(string: value)
    case .array(let values):
      out.append(UInt8(ascii: "["))
      for (place, value) in values.enumerated() {
        if place > 0 { out.append(UInt8(ascii: ",")) }
        value.append(to: &out)
      }
      out.append(UInt8(ascii: "]"))
    case .object(let object):
      out.append(UInt8(ascii: "{"))
      for (place, member) in object.members.enumerated() {
        if place > 0 { out.append(UInt8(ascii: ",")) }
        out.appendJSONKey(member.name)
        member.value.append(to: &out)
      }
      out.append(UInt8(ascii: "}"))
    }
  }

  /// Appends the value for people: two spaces a level, one member a line, scalars' arrays too. No newline at the end.
  package func appendPretty(to out: inout [UInt8], level: Int = 0) {
    switch self {
    case .array(let values) where !values.isEmpty:
      out.append(UInt8(ascii: "["))
      for (place, value) in values.enumerated() {
        JSONValue.breakLine(&out, comma: place > 0, level: level + 1)
        value.appendPretty(to: &out, level: level + 1)
      }
      JSONValue.breakLine(&out, comma: false, level: level)
      out.append(UInt8(ascii: "]"))
    case .object(let object) where !object.isEmpty:
      out.append(UInt8(ascii: "{"))
      for (place, member) in object.members.enumerated() {
        JSONValue.breakLine(&out, comma: place > 0, level: level + 1)
        out.appendJSONKey(member.name)
        out.append(UInt8(ascii: " "))
        member.value.appendPretty(to: &out, level: level + 1)
      }
      JSONValue.breakLine(&out, comma: false, level: level)
      out.append(UInt8(ascii: "}"))
    default: append(to: &out)
    }
  }

  private static func breakLine(_ out: inout [UInt8], comma: Bool, level: Int) {
    if comma { out.append(UInt8(ascii: ",")) }
    out.append(UInt8(ascii: "\n"))
    out.append(contentsOf: repeatElement(0x20, count: level * 2))
  }

  /// The compact text.
  package var bytes: [UInt8] {
    var out: [UInt8] = []
    append(to: &out)
    return out
  }

  /// The text for people, with a newline at its end.
  package var prettyBytes: [UInt8] {
    var out: [UInt8] = []
    appendPretty(to: &out)
    out.append(UInt8(ascii: "\n"))
    return out
  }
}
