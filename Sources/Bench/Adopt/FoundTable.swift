import Store

/// A table that was found, whatever the store: what its resource is made from.
struct FoundTable {
  let name: String
  /// PostgreSQL's, where unqualified names mean another.
  var schema: String?
  /// The schema that it lies in, named or not; nil on SQLite.
  var home: String?
  var description: String?
  var isReadOnly = false
  var columns: [FoundColumn] = []
  /// The columns that tell its rows apart; empty where none do.
  var key: [String] = []
  /// That is what its rows say now, and nothing that the database promises.
  var isKeyGuessed = false
  var foreignKeys: [LiveForeignKey] = []
  var indexes: [LiveIndex] = []
  /// What a contract cannot say of it.
  var notes: [String] = []
  /// Why it is no part of the contract, where that is known already.
  var refusal: String?

  init(name: String, schema: String? = nil) {
    self.name = name
    self.schema = schema
  }

  func column(_ name: String) -> FoundColumn? { columns.first { $0.name == name } }

  /// As comments call it.
  var label: String { schema.map { "\($0).\(name)" } ?? name }

  /// The primary key, or what an index keeps unique over columns that are never null.
  static func key(of table: LiveTable) -> [String] {
    if !table.key.isEmpty { return table.key }
    let unique = table.indexes.first { index in
      index.isUnique && !index.isPartial && index.isValid
        && index.parts.allSatisfy { part in table.column(part.column)?.isNullable == false }
    }
    return unique.map { $0.parts.map(\.column) } ?? []
  }

  /// What a contract says of its key; nil, with the reason, where it has no form for it.
  func keyForm() -> (form: AdoptedResource.Key?, reason: String?) {
    if let refusal { return (nil, refusal) }
    guard !key.isEmpty else { return (nil, "it has no key: not part of the contract") }
    if key.count > 1 {
      let parts = key.map { column($0) }
      let fits = key.count <= 8 && parts.allSatisfy { $0?.isNamed == true && $0?.type?.isKeyPart == true }
      return fits ? (.composite(key), nil) : (nil, "its key has no form in a contract: not part of it")
    }
    guard let column = column(key[0]), column.isNamed else { return (nil, "its key's name has no form in a contract") }
    switch column.key {
    case .form(let options): return (.single(column: column.name, options: [("column", ContractText.quoted(column.name))] + options), nil)
    case .none(let reason): return (nil, reason)
    }
  }
}

/// A column of it: the field's type, and what else there is to say.
struct FoundColumn {
  enum Default {
    case none
    /// As `default:` has it.
    case option(String)
    /// What a contract has no form for.
    case foreign(String)
  }

  enum Key {
    /// The key's type and its options.
    case form([(key: String, value: String)])
    case none(reason: String)
  }

  let name: String
  /// As the database prints its type.
  let typeText: String
  var isNullable = true
  var isGenerated = false
  var description: String?
  /// Nil where no type of a contract's holds its values.
  var type: FieldForm?
  /// Why there is none.
  var refusal = "its values have no type in a contract"
  var key: Key = .none(reason: "")
  var defaultValue = Default.none
  /// SQLite: rows with null in it.
  var nullRows = 0
  /// SQLite: values that are no integers, which cannot be keys of a table that is numbered.
  var oddNumbers = 0
  var hasDefault = false

  init(name: String, typeText: String) {
    self.name = name
    self.typeText = typeText
  }

  /// Whether a contract can name it.
  var isNamed: Bool { AdoptedNames.isColumn(name) }
}

/// A field's type with its options.
struct FieldForm {
  /// `type: string`, `length: 0..40`: in the order they are written. Texts are quoted already.
  var options: [(key: String, value: String)]
  /// The longest text it may hold; decides whether it can have an index.
  var lengthMax: Int?
  /// Rows can be looked up by it.
  var isSought = true
  var comments: [String] = []

  init(_ options: [(key: String, value: String)], lengthMax: Int? = nil) {
    self.options = options
    self.lengthMax = lengthMax
  }

  /// An enum of these values; nil where they are none that a contract takes.
  static func enumeration(_ values: [String]) -> FieldForm? {
    func isValue(_ text: String) -> Bool {
      let scalars = text.unicodeScalars
      return (1...100).contains(scalars.count) && !scalars.contains { $0.value < 0x20 || $0.value == 0x7f }
    }
    guard (1...200).contains(values.count), values.allSatisfy(isValue) else { return nil }
    return FieldForm([("type", "enum"), ("values", ContractText.list(values))])
  }

  var name: String { options.first { $0.key == "type" }?.value ?? "" }

  /// Whether it can be part of a key of several columns.
  var isKeyPart: Bool { isSought && !["json", "number"].contains(name) && !name.contains("list of") }
}
