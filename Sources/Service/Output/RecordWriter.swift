import Base
import JSON
import Store

/// Values as the JSON that the stores' own encoders give for them.
enum RecordWriter {
  /// The members of a record, without its closing brace.
  static func append(_ record: Record, places: [Int], to out: inout [UInt8]) {
    out.append(UInt8(ascii: "{"))
    var isFirst = true
    for place in places {
      if !isFirst { out.append(UInt8(ascii: ",")) }
      isFirst = false
      let field = record.table.fields[place]
      out.appendJSONKey(field.name)
      append(record.values[place], content: field.content, to: &out)
    }
  }

  static func append(_ value: Value, content: RowEncoding.Content, to out: inout [UInt8]) {
    switch (value, content) {
    case (.list(let parts), .joined):
      if parts.contains(where: \.isNull) { out.appendJSON() } else { out.appendJSON(string: KeyText.text(parts)) }
    case (.decimal(let decimal), .scalar(.decimal(let scale))), (.decimal(let decimal), .scalar(.decimalAsReal(let scale))):
      append(.decimal(decimal.rescaled(to: scale) ?? decimal), to: &out)
    default: append(value, to: &out)
    }
  }

  static func append(_ value: Value, to out: inout [UInt8]) {
    switch value {
    case .null: out.appendJSON()
    case .boolean(let value): out.appendJSON(bool: value)
    case .integer(let value), .duration(let value): out.appendJSON(integer: value)
    // What a database without strict types may hold; JSON has no number for it.
    case .number(let value) where !value.isFinite: out.appendJSON(string: value < 0 ? "-Infinity" : "Infinity")
    case .number(let value): out.appendJSON(number: value)
    case .string(let value): out.appendJSON(string: value)
    case .json(let text): out.append(contentsOf: text)
    case .money(let money):
      out.append("{\"amount\":")
      out.append(decimal: money.amount)
      out.append(",\"currency\":\"")
      out.append(contentsOf: money.currency.bytes)
      out.append("\"}")
    case .list(let values):
      out.append(UInt8(ascii: "["))
      for (place, value) in values.enumerated() {
        if place > 0 { out.append(UInt8(ascii: ",")) }
        append(value, to: &out)
      }
      out.append(UInt8(ascii: "]"))
    case .decimal, .timestamp, .date, .uuid, .bytes:
      out.append(UInt8(ascii: "\""))
      value.appendText(to: &out)
      out.append(UInt8(ascii: "\""))
    }
  }

  static func json(_ value: Value) -> [UInt8] {
    var out: [UInt8] = []
    append(value, to: &out)
    return out
  }
}
