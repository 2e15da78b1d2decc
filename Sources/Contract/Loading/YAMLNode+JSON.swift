import JSON
import YAML

extension YAMLNode {
  /// The value as JSON.
  var jsonValue: JSONValue {
    switch content {
    case .null: return .null
    case .boolean(let value): return .boolean(value)
    case .integer(let value): return .integer(value)
    case .number(let value): return value.isFinite ? .number(value) : .null
    case .string(let value): return .string(value)
    case .sequence(let items): return .array(items.map(\.jsonValue))
    case .mapping(let members):
      var object = JSONObject()
      for member in members { object.append(member.key.text, member.value.jsonValue) }
      return .object(object)
    }
  }

  /// The value as JSON text.
  var json: [UInt8] { jsonValue.bytes }
}
