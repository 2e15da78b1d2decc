import Base
import JSON
import Store

/// Records as the JSON that the stores' own encoders give for their rows.
enum RecordWriter {
  /// The members of a record, without its closing brace.
  static func append(_ record: Record, places: [Int], to out: inout [UInt8]) {
    out.append(UInt8(ascii: "{"))
    var isFirst = true
    for place in places {
      if !isFirst { out.append(UInt8(ascii: ",")) }
      isFirst = false
      // Not the field itself: a copy counts the references of all its parts.
      out.appendJSONKey(record.table.fields[place].name)
      append(record.values[place], content: record.table.fields[place].content, to: &out)
    }
  }

  private static func append(_ value: Value, content: RowEncoding.Content, to out: inout [UInt8]) {
    switch (value, content) {
    case (.list(let parts), .joined):
      if parts.contains(where: \.isNull) { out.appendJSON() } else { out.appendJSON(string: KeyText.text(parts)) }
    case (.decimal(let decimal), .scalar(.decimal(let scale))), (.decimal(let decimal), .scalar(.decimalAsReal(let scale))):
      Value.decimal(decimal.rescaled(to: scale) ?? decimal).appendJSON(to: &out)
    default: value.appendJSON(to: &out)
    }
  }
}
