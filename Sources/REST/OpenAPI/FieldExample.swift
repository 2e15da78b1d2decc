import Base
import Contract
import JSON

/// Example values that are valid under their own schema, the same at every start.
enum FieldExample {
  static let id = "01890a5d-ac96-774b-bcce-b302099a8057"
  static let otherID = "01890a5d-b3f1-7c22-9d4e-5f60718293a4"
  static let timestamp = "2026-01-31T10:00:00Z"

  /// A value for the field, or nil where none can be made (a pattern that is too clever, a JSON Schema).
  static func value(_ type: FieldType, name: String) -> JSONValue? {
    switch type {
    case .string(let options), .text(let options): string(options, name: name)
    case .email: "ada@example.com"
    case .url: "https://example.com/page"
    case .integer(let minimum, let maximum): .integer(min(max(minimum ?? 1, 1), maximum ?? .max))
    case .decimal(let precision, let scale, let minimum, let maximum):
      decimal(precision: precision, scale: scale, minimum: minimum, maximum: maximum)
    case .number(let minimum, let maximum): .number(min(max(minimum ?? 1.5, 1.5), maximum ?? .greatestFiniteMagnitude))
    case .boolean: true
    case .timestamp: .string(timestamp)
    case .date: "2026-01-31"
    case .uuid: .string(otherID)
    case .enumeration(let values): values.first.map { .string($0) }
    case .money(let options):
      ["amount": .integer(max(options.minimum ?? 0, 1999)), "currency": .string(options.currencies.first ?? "EUR")]
    case .json(let options): options.schema == nil ? ["key": "value"] : nil
    case .ref(let reference): value(reference.keyType, name: name)
    case .list(let element, let length): list(element, length: length, name: name)
    case .secret: "correct horse battery staple"
    case .file: nil
    }
  }

  /// The id of a record of the resource.
  static func key(_ resource: Resource) -> JSONValue {
    let key = resource.storage.key
    guard key.count > 1 else {
      if let first = key.first, first.type != .uuid { return value(first.type, name: first.name) ?? .string(id) }
      return .string(id)
    }
    return .string(key.map { part in text(value(part.type, name: part.name)) }.joined(separator: ","))
  }

  /// A scalar as it stands in a URL.
  static func text(_ value: JSONValue?) -> String {
    guard let value else { return "1" }
    return value.stringValue ?? String(decoding: value.bytes, as: UTF8.self)
  }

  private static let words: [String: String] = [
    "name": "Ada Lovelace", "title": "A good title", "description": "A few words about it.", "notes": "A note.",
    "city": "Paris", "country": "France", "phone": "+33 1 23 45 67 89", "first_name": "Ada", "last_name": "Lovelace",
    "address": "12 Main Street", "company": "Example Ltd", "comment": "Looks good.", "sku": "ABC-123", "slug": "a-good-title",
  ]

  private static func string(_ options: StringOptions, name: String) -> JSONValue? {
    var text: String
    if let pattern = options.pattern {
      guard let made = PatternExample.text(for: pattern, minimum: options.length.lowerBound) else { return nil }
      text = made
    } else {
      text = words[name] ?? "some " + name.split(separator: "_").joined(separator: " ")
    }
    if text.unicodeScalars.count > options.length.upperBound {
      guard options.pattern == nil else { return nil }
      text = String(text.unicodeScalars.prefix(options.length.upperBound))
    }
    while text.unicodeScalars.count < options.length.lowerBound {
      guard options.pattern == nil, options.length.lowerBound <= 1000 else { return nil }
      text += "x"
    }
    return .string(text)
  }

  private static func decimal(precision: Int, scale: Int, minimum: Decimal?, maximum: Decimal?) -> JSONValue? {
    var value = Decimal(units: precision > scale ? 1 : 0, scale: 0)
    if let minimum, value < minimum { value = minimum }
    if let maximum, maximum < value { value = maximum }
    return value.rescaled(to: scale).map { .string($0.description) }
  }

  private static func list(_ element: FieldType, length: ClosedRange<Int>, name: String) -> JSONValue? {
    let count = min(max(length.lowerBound, 1), length.upperBound)
    guard count <= 10, let item = value(element, name: name) else { return nil }
    return .array(Array(repeating: item, count: count))
  }
}
