import Base
import JSON

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
          guard let scalar = item.parameter(of: element), scalar.hasPlainJSON else { return nil }
          scalar.appendJSON(to: &json)
        }
      }
      json.append(UInt8(ascii: "]"))
      return .json(json)
    default: return nil
    }
  }

  /// Whether a list's element may be compared with it in SQL.
  private var hasPlainJSON: Bool {
    switch self {
    case .boolean, .integer, .number, .string, .uuid, .date: true
    default: false
    }
  }
}
