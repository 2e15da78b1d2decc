package import Base
package import Expression
package import JSONSchema

/// A stored field of a resource.
package struct Field: Sendable {
  package var name: String
  package var type: FieldType
  package var description: String?
  package var isRequired = false
  package var isUnique = false
  /// An index of its own: filterable and sortable. True for every ref.
  package var isIndexed = false
  /// Found by its words.
  package var isSearched = false
  package var isImmutable = false
  package var isDeprecated = false
  /// About a person.
  package var isPersonal = false
  package var defaultValue: Default?
  /// Nil: whoever may read the record. A rule over `record` and `caller`.
  package var read: Access?
  /// Nil: whoever may write the record.
  package var write: Access?
  /// `x_amount` and `x_currency` for money.
  package var column: String
  /// An adopted column's own encoding.
  package var encoding: ColumnEncoding = .standard
  /// A column that the database computes: never written.
  package var isGenerated = false
  /// Its name before it was renamed.
  package var was: String?

  package init(name: String, type: FieldType) {
    self.name = name
    self.type = type
    column = name
  }
}

/// `default:`
package enum Default: Sendable {
  case value(Value)
  /// Over `caller` and `now`.
  case expression(CheckedExpression)
}

/// How an adopted column holds its values where it is not the standard way (`stored_as`).
package enum ColumnEncoding: Sendable, Equatable {
  case standard
  /// A date or timestamp as text: `2009-01-01 00:00:00` or `2009-01-01`.
  case text
  /// A decimal as a floating point number (REAL), or as NUMERIC affinity.
  case real
  /// A timestamp as seconds or milliseconds since 1970.
  case unixSeconds
  case unixMilliseconds
  /// A boolean as two texts.
  case texts(yes: String, no: String)
  /// A uuid as text.
  case uuidText
}

/// A field's type with its own options. Bounds are inclusive.
package indirect enum FieldType: Sendable, Equatable {
  case string(StringOptions)
  case text(StringOptions)
  case email
  case url
  case integer(minimum: Int64?, maximum: Int64?)
  case decimal(precision: Int, scale: Int, minimum: Decimal?, maximum: Decimal?)
  case number(minimum: Double?, maximum: Double?)
  case boolean
  case timestamp
  case date
  case uuid
  case enumeration([String])
  case money(MoneyOptions)
  case json(JSONOptions)
  case ref(Reference)
  case list(FieldType, length: ClosedRange<Int>)
  case secret(encrypted: Bool)
  case file(sizeMax: Int, types: [String])
}

/// Options of `string` and `text`. Lengths count Unicode scalars.
package struct StringOptions: Sendable, Equatable {
  package var length: ClosedRange<Int>
  /// RE2 syntax; the whole value must match.
  package var pattern: String?
  package init(length: ClosedRange<Int>, pattern: String? = nil) {
    self.length = length
    self.pattern = pattern
  }
}

package struct MoneyOptions: Sendable, Equatable {
  /// Accepted ISO 4217 codes; empty for any.
  package var currencies: [String]
  /// Minor units.
  package var minimum: Int64?
  package init(currencies: [String] = [], minimum: Int64? = nil) {
    self.currencies = currencies
    self.minimum = minimum
  }
}

package struct JSONOptions: Sendable, Equatable {
  package var schema: JSONSchema?
  /// Bytes.
  package var sizeMax: Int
  package init(schema: JSONSchema? = nil, sizeMax: Int = 65_536) {
    self.schema = schema
    self.sizeMax = sizeMax
  }
}

package struct Reference: Sendable, Equatable {
  package enum Deletion: String, Sendable {
    case restrict, cascade
    case setNull = "set_null"
  }
  package var resource: String
  package var onDelete: Deletion
  /// The referred key's type, filled in by the loader (`uuid` unless the target is adopted).
  package var keyType: FieldType
  package init(resource: String, onDelete: Deletion = .restrict, keyType: FieldType = .uuid) {
    self.resource = resource
    self.onDelete = onDelete
    self.keyType = keyType
  }
}
