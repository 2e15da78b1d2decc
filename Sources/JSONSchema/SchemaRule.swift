import JSON
import Pattern

/// Kinds of JSON values, as `type` names them.
struct JSONTypes: OptionSet, Sendable {
  let rawValue: UInt8
  static let null = JSONTypes(rawValue: 1)
  static let boolean = JSONTypes(rawValue: 2)
  static let integer = JSONTypes(rawValue: 4)
  static let number = JSONTypes(rawValue: 8)
  static let string = JSONTypes(rawValue: 16)
  static let array = JSONTypes(rawValue: 32)
  static let object = JSONTypes(rawValue: 64)

  static let named: [(name: String, type: JSONTypes)] = [
    ("null", .null), ("boolean", .boolean), ("integer", .integer), ("number", .number), ("string", .string), ("array", .array),
    ("object", .object),
  ]

  /// What a value is: an integer is a number too.
  init(of node: JSONNode) {
    switch node.kind {
    case .null: self = .null
    case .boolean: self = .boolean
    case .integer: self = [.integer, .number]
    case .number: self = ExactNumber(text: node.rawText).isInteger ? [.integer, .number] : .number
    case .string: self = .string
    case .array: self = .array
    case .object: self = .object
    }
  }

  init(rawValue: UInt8) { self.rawValue = rawValue }

  var words: String { JSONTypes.named.filter { contains($0.type) }.map(\.name).joined(separator: " or ") }
}

/// A schema, compiled: other schemas are numbers.
struct SchemaRule: Sendable {
  /// Its resource, for the dynamic scope.
  var resource = 0
  /// `false` as a schema.
  var isFalse = false
  var types: JSONTypes?
  var values: ValueRule?
  var number: NumberRule?
  var text: TextRule?
  var array: ArrayRule?
  var object: ObjectRule?
  /// What holds for the same value.
  var inPlace: InPlaceRule?
}

/// `enum`, `const`.
final class ValueRule: Sendable {
  let texts: Set<[UInt8]>
  let words: String
  init(_ nodes: [JSONNode], words: String) {
    texts = Set(nodes.map(CanonicalJSON.text))
    self.words = words
  }
}

struct NumberRule: Sendable {
  enum Bound: Sendable {
    case minimum, maximum, exclusiveMinimum, exclusiveMaximum
  }
  var bounds: [(bound: Bound, number: ExactNumber, whole: Int64?, text: String)] = []
  var multipleOf: (divisor: ExactNumber.Divisor, text: String)?
  var isEmpty: Bool { bounds.isEmpty && multipleOf == nil }
}

struct TextRule: Sendable {
  var lengthMin: Int?
  var lengthMax: Int?
  var pattern: Pattern?
  var isEmpty: Bool { lengthMin == nil && lengthMax == nil && pattern == nil }
}

struct ArrayRule: Sendable {
  var countMin: Int?
  var countMax: Int?
  var isUnique = false
  var prefix: [Int] = []
  var items: Int?
  var contains: Int?
  var containsMin = 1
  var containsMax: Int?
  var unevaluated: Int?
  var isEmpty: Bool {
    countMin == nil && countMax == nil && !isUnique && prefix.isEmpty && items == nil && contains == nil && unevaluated == nil
  }
}

struct ObjectRule: Sendable {
  var countMin: Int?
  var countMax: Int?
  var required: [String] = []
  /// What must stand where a name stands.
  var dependent: [(name: String, required: [String])] = []
  var dependentSchemas: [(name: String, schema: Int)] = []
  var properties: [[UInt8]: Int] = [:]
  /// In the order of the schema, for suggestions.
  var names: [String] = []
  var patterns: [(pattern: Pattern, schema: Int)] = []
  var additional: Int?
  var propertyNames: Int?
  var unevaluated: Int?
  var isEmpty: Bool {
    countMin == nil && countMax == nil && required.isEmpty && dependent.isEmpty && dependentSchemas.isEmpty && properties.isEmpty
      && patterns.isEmpty && additional == nil && propertyNames == nil && unevaluated == nil
  }
}

struct InPlaceRule: Sendable {
  var reference: Int?
  /// Where `$dynamicRef` leads unless the scope has the anchor, whose number follows.
  var dynamic: (fallback: Int, anchor: Int?)?
  var allOf: [Int] = []
  var anyOf: [Int] = []
  var oneOf: [Int] = []
  var not: Int?
  var condition: Int?
  var consequence: Int?
  var alternative: Int?
  var isEmpty: Bool {
    reference == nil && dynamic == nil && allOf.isEmpty && anyOf.isEmpty && oneOf.isEmpty && not == nil && condition == nil
  }

  /// All that the value itself is held against, but for `$dynamicRef`.
  var schemas: [Int] { [reference, not, condition, consequence, alternative].compactMap(\.self) + allOf + anyOf + oneOf }
}
