/// One field of an adopted table: the contract's options for it, and what it could not say.
struct AdoptedField {
  var name: String
  var column: String
  /// `type: string`, `length: 0..40`: in the order they are written. Texts are quoted already.
  var options: [(key: String, value: String)] = []
  var description: String?
  /// The resource that it points to.
  var reference: String?
  /// The longest text it may hold; decides whether it can have an index.
  var lengthMax: Int?
  var isRequired = false
  var isUnique = false
  var isIndexed = false
  /// Rows can be looked up by it.
  var isSought = true
  var comments: [String] = []

  init(name: String, column: String) {
    self.name = name
    self.column = column
  }

  /// Longer texts cannot have an index in a contract.
  static let indexedLengthMax = 600

  var isIndexable: Bool { isComparable && (lengthMax ?? 0) <= AdoptedField.indexedLengthMax }
  var isComparable: Bool { isSought && !options.contains { $0.key == "type" && ($0.value == "json" || $0.value.contains("list of")) } }
}
