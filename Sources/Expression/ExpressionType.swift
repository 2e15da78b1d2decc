/// The types of expressions.
package indirect enum ExpressionType: Sendable, Hashable {
  case null, boolean, integer, number, decimal, string, timestamp, date, duration, uuid, money
  /// Any JSON value: typed when it is evaluated.
  case dynamic
  case list(ExpressionType)
  case map(ExpressionType)
  /// A record of that resource. Where a plain value is asked for it stands for its id.
  case record(String)
}

extension ExpressionType: CustomStringConvertible {
  /// How messages name it, with its article.
  package var description: String {
    switch self {
    case .null: "null"
    case .boolean: "a boolean"
    case .integer: "an integer"
    case .number: "a number"
    case .decimal: "a decimal"
    case .string: "a string"
    case .timestamp: "a timestamp"
    case .date: "a date"
    case .duration: "a duration"
    case .uuid: "a uuid"
    case .money: "money"
    case .dynamic: "a JSON value"
    case .list: "a list"
    case .map: "a map"
    case .record(let resource): "a record of \(resource)"
    }
  }

  /// Whether `<`, `<=`, `>`, `>=` are defined for two values of it.
  var isOrdered: Bool {
    switch self {
    case .boolean, .integer, .number, .decimal, .string, .timestamp, .date, .duration, .uuid, .money, .dynamic: true
    case .null, .list, .map, .record: false
    }
  }

  /// Whether a value of it may turn out to be null whatever its declaration says.
  var mayBeNull: Bool { self == .null || self == .dynamic }
}
