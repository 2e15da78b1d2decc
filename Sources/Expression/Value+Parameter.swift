import Base

extension Value {
  /// The value as a statement's parameter, where it is one of that type: durations as integers of microseconds, lists as
  /// JSON. Nil for a value of another type: whoever bound it broke its declaration, and the rule fails.
  func parameter(of type: ExpressionType) -> Value? {
    switch (self, type) {
    case (.boolean, .boolean), (.integer, .integer), (.decimal, .decimal), (.string, .string), (.timestamp, .timestamp),
      (.date, .date), (.uuid, .uuid), (.money, .money):
      return self
    case (.number(let number), .number): return number.isFinite ? self : nil
    case (.duration(let microseconds), .duration): return .integer(microseconds)
    case (.uuid, .record), (.integer, .record), (.string, .record): return self
    case (.list(let items), .list(let element)):
      var json: [UInt8] = [UInt8(ascii: "[")]
      for (place, item) in items.enumerated() {
        if place > 0 { json.append(UInt8(ascii: ",")) }
        if item.isNull {
          json.append("null")
        } else {
          guard let scalar = item.parameter(of: element), scalar.append(toJSON: &json) else { return nil }
        }
      }
      json.append(UInt8(ascii: "]"))
      return .json(json)
    default: return nil
    }
  }

  /// False for what has no plain form in JSON.
  private func append(toJSON out: inout [UInt8]) -> Bool {
    switch self {
    case .boolean(let value): out.append(value ? "true" : "false")
    case .integer(let value): out.append(decimal: value)
    case .number(let value): out.append(value.description)
    case .string(let text):
      out.append(UInt8(ascii: "\""))
      for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
          out.append(UInt8(ascii: "\\"))
          out.append(byte)
        case 0..<0x20:
          out.append("\\u00")
          out.append(UInt8.hexadecimalDigit(byte >> 4))
          out.append(UInt8.hexadecimalDigit(byte & 15))
        default: out.append(byte)
        }
      }
      out.append(UInt8(ascii: "\""))
    case .uuid(let value): quoted(&out) { value.append(to: &$0) }
    case .date(let value): quoted(&out) { value.append(to: &$0) }
    default: return false
    }
    return true
  }

  private func quoted(_ out: inout [UInt8], _ body: (inout [UInt8]) -> Void) {
    out.append(UInt8(ascii: "\""))
    body(&out)
    out.append(UInt8(ascii: "\""))
  }
}
