package import Base

/// Values as they stand in answers, events and keys: the stores' own encoders write the same straight from their buffers.
extension Value {
  /// Appends the JSON text. A decimal has its own scale's digits after the point.
  package func appendJSON(to out: inout [UInt8]) {
    switch self {
    case .null: out.appendJSON()
    case .boolean(let value): out.appendJSON(bool: value)
    case .integer(let value), .duration(let value): out.appendJSON(integer: value)
    // What a database without strict types may hold; JSON has no number for it.
    case .number(let value) where !value.isFinite: out.appendJSON(string: value < 0 ? "-Infinity" : "Infinity")
    case .number(let value): out.appendJSON(number: value)
    case .string(let value): out.appendJSON(string: value)
    case .json(let text): out.append(contentsOf: text)
    case .money(let money):
      out.append("{\"amount\":" as StaticString)
      out.append(decimal: money.amount)
      out.append(",\"currency\":\"" as StaticString)
      out.append(contentsOf: money.currency.bytes)
      out.append("\"}" as StaticString)
    case .list(let values):
      out.append(UInt8(ascii: "["))
      for (place, value) in values.enumerated() {
        if place > 0 { out.append(UInt8(ascii: ",")) }
        value.appendJSON(to: &out)
      }
      out.append(UInt8(ascii: "]"))
    case .decimal, .timestamp, .date, .uuid, .bytes:
      out.append(UInt8(ascii: "\""))
      appendText(to: &out)
      out.append(UInt8(ascii: "\""))
    }
  }

  /// The JSON text.
  package var json: [UInt8] {
    var out: [UInt8] = []
    appendJSON(to: &out)
    return out
  }

  /// Appends the text of a value that is one, as keys and JSON strings hold it; nothing for the others.
  package func appendText(to out: inout [UInt8]) {
    switch self {
    case .string(let text): out.append(text)
    case .integer(let number): out.append(decimal: number)
    case .decimal(let decimal): decimal.append(to: &out)
    case .timestamp(let time): time.append(to: &out)
    case .date(let date): date.append(to: &out)
    case .uuid(let uuid): uuid.append(to: &out)
    case .boolean(let flag): out.appendJSON(bool: flag)
    case .number(let number): out.appendJSON(number: number)
    case .json(let text): out.append(contentsOf: text)
    case .bytes(let bytes): out.append(base64: bytes)
    case .null, .duration, .money, .list: break
    }
  }
}

extension JSONValue {
  /// A value as it stands in an answer; null where a text that claims to be JSON is none.
  package init(_ value: Base.Value) { self = (try? JSONValue(parsing: value.json)) ?? .null }
}
