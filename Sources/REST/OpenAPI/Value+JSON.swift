import Base
import JSON

extension Value {
  /// As it stands in an answer.
  var json: JSONValue {
    switch self {
    case .null: .null
    case .boolean(let value): .boolean(value)
    case .integer(let value), .duration(let value): .integer(value)
    case .number(let value): .number(value)
    case .decimal(let value): .string(value.description)
    case .string(let value): .string(value)
    case .timestamp(let value): .string(value.description)
    case .date(let value): .string(value.description)
    case .uuid(let value): .string(value.description)
    case .money(let value): ["amount": .integer(value.amount), "currency": .string(value.currency.description)]
    case .json(let text): (try? JSONValue(parsing: text)) ?? .null
    case .list(let values): .array(values.map(\.json))
    case .bytes: .null
    }
  }
}
