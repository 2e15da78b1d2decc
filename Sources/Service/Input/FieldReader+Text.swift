import Base
import Contract

extension FieldReader {
  /// A value written as plain text, as in a query parameter or a key of a URL, in the spelling that such fields keep.
  ///
  /// - Parameter asWritten: it is looked for in a table whose texts others spell.
  static func value(of text: String, as type: FieldType, asWritten: Bool = false) throws(Violation) -> Value {
    guard !text.utf8.contains(0) else { throw Violation("format", "must not contain U+0000") }
    switch type {
    case .string, .text: return .string(text)
    case .email, .url:
      guard !asWritten, let canonical = type.canonicalText else { return .string(text) }
      return .string(canonical.canonical(text))
    case .enumeration(let values):
      guard values.contains(where: text.isExactly) else {
        let hint = Suggestion.question(text, in: values).map { "; " + $0 } ?? ""
        throw Violation("enum", "must be one of \(values.joined(separator: ", "))" + hint)
      }
      return .string(text)
    case .integer:
      guard let value = Int64(text), !text.hasPrefix("+") else { throw Violation("format", "must be an integer of 64 bits") }
      return .integer(value)
    case .decimal(_, let scale, _, _):
      guard let value = Decimal(text)?.rescaled(to: scale) else { throw Violation("format", "must be a decimal such as 12.50") }
      return .decimal(value)
    case .number:
      guard let value = Double(text), value.isFinite else { throw Violation("format", "must be a number") }
      return .number(value == 0 ? 0 : value)
    case .boolean:
      guard text == "true" || text == "false" else { throw Violation("format", "must be true or false") }
      return .boolean(text == "true")
    case .timestamp:
      guard let value = Timestamp(text) else { throw Violation("format", "must be an RFC 3339 timestamp") }
      return .timestamp(value)
    case .date:
      guard let value = CalendarDate(text) else { throw Violation("format", "must be a date such as 2026-01-31") }
      return .date(value)
    case .uuid:
      guard let value = UUID(text) else { throw Violation("format", "must be a UUID") }
      return .uuid(value)
    case .ref(let reference): return try value(of: text, as: reference.keyType, asWritten: asWritten)
    case .money, .json, .list, .secret, .file: throw Violation("type", "cannot be compared in a parameter")
    }
  }
}
