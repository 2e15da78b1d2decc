import Base
import JSON

extension ExpressionValue {
  /// A JSON text as what its declared type says: a list's elements as values of theirs, anything else as it stands.
  /// Nil where it is no JSON, or not of that type.
  static func reading(_ text: [UInt8], as type: ExpressionType) -> ExpressionValue? {
    guard let document = try? JSONDocument.parse(text) else { return nil }
    return reading(JSONValue(document.root), as: type)
  }

  fileprivate static func reading(_ json: JSONValue, as type: ExpressionType) -> ExpressionValue? {
    switch (json, type) {
    case (.null, _): return .null
    case (.array(let items), .list(let element)):
      var values: [ExpressionValue] = []
      values.reserveCapacity(items.count)
      for item in items {
        guard let value = reading(item, as: element) else { return nil }
        values.append(value)
      }
      return .list(values)
    case (.array(let items), .dynamic): return .list(items.compactMap { reading($0, as: .dynamic) })
    case (.object(let object), .dynamic): return .record(JSONRecord(object))
    case (.boolean(let value), .boolean), (.boolean(let value), .dynamic): return .scalar(.boolean(value))
    case (.integer(let value), .number): return .scalar(.number(Double(value)))
    case (.integer(let value), .integer), (.integer(let value), .dynamic): return .scalar(.integer(value))
    case (.number(let value), .number), (.number(let value), .dynamic): return .scalar(.number(value))
    case (.string(let text), _): return reading(text, as: type).map(ExpressionValue.scalar)
    default: return nil
    }
  }

  private static func reading(_ text: String, as type: ExpressionType) -> Value? {
    switch type {
    case .string, .dynamic: .string(text)
    case .uuid, .record: UUID(text).map(Value.uuid)
    case .timestamp: Timestamp(text).map(Value.timestamp)
    case .date: CalendarDate(text).map(Value.date)
    case .decimal: Decimal(text).map(Value.decimal)
    default: nil
    }
  }
}

/// A JSON object: its members are looked up by name; it has no id.
final class JSONRecord: ExpressionRecord {
  private let object: JSONObject

  init(_ object: JSONObject) { self.object = object }

  var id: Value { .null }

  func member(_ name: String) -> ExpressionValue? {
    object[name].flatMap { ExpressionValue.reading($0, as: .dynamic) }
  }
}

extension ExpressionValue {
  /// A JSON object stands for no id.
  var isJSONObject: Bool {
    if case .record(let record) = self { record is JSONRecord } else { false }
  }
}
