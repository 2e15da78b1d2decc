package import Base
package import Expression

extension FieldType {
  /// A type that has no options of its own, or its widest form; nil for those that need options.
  package static func plain(_ name: String) -> FieldType? {
    switch name {
    case "string": .string(StringOptions(length: 0...TypeReader.stringLengthMax))
    case "text": .text(StringOptions(length: 0...TypeReader.textLengthMax))
    case "email": .email
    case "url": .url
    case "integer": .integer(minimum: nil, maximum: nil)
    case "decimal": .decimal(precision: 18, scale: 6, minimum: nil, maximum: nil)
    case "number": .number(minimum: nil, maximum: nil)
    case "boolean": .boolean
    case "timestamp": .timestamp
    case "date": .date
    case "uuid": .uuid
    case "money": .money(MoneyOptions())
    case "json": .json(JSONOptions())
    default: nil
    }
  }

  /// Characters past which a text does not fit into an index entry of PostgreSQL (2,704 bytes).
  static let indexedLengthMax = 600

  /// Whether an index can hold it.
  package var isIndexable: Bool {
    switch self {
    case .json, .list, .secret, .file: false
    case .string(let options), .text(let options): options.length.upperBound <= FieldType.indexedLengthMax
    default: true
    }
  }

  /// The type that expressions see. An enum is a string, a ref the record it points to.
  package var expressionType: ExpressionType {
    switch self {
    case .string, .text, .email, .url, .enumeration, .secret: .string
    case .integer: .integer
    case .decimal: .decimal
    case .number: .number
    case .boolean: .boolean
    case .timestamp: .timestamp
    case .date: .date
    case .uuid: .uuid
    case .money: .money
    case .json, .file: .dynamic
    case .ref(let reference): .record(reference.resource)
    case .list(let item, _): .list(item.expressionType)
    }
  }

  /// The spelling that such texts, or a list's texts, are kept in.
  package var canonicalText: CanonicalText? {
    switch self {
    case .email: .email
    case .url: .url
    case .list(let item, _): item.canonicalText
    default: nil
    }
  }

  /// Its name in the contract.
  package var name: String {
    switch self {
    case .string: "string"
    case .text: "text"
    case .email: "email"
    case .url: "url"
    case .integer: "integer"
    case .decimal: "decimal"
    case .number: "number"
    case .boolean: "boolean"
    case .timestamp: "timestamp"
    case .date: "date"
    case .uuid: "uuid"
    case .enumeration: "enum"
    case .money: "money"
    case .json: "json"
    case .ref: "ref"
    case .list(let item, _): "list of \(item.name)"
    case .secret: "secret"
    case .file: "file"
    }
  }
}

extension Decimal {
  /// Whether it has no more digits in all than a precision allows.
  package func hasDigits(atMost precision: Int) -> Bool { units.magnitude < Decimal.powerOfTen(precision).magnitude }
}
