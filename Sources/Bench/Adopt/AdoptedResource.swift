import Store

/// One table as a resource, or why it is none.
struct AdoptedResource {
  enum Key {
    case single(column: String, options: [(key: String, value: String)])
    case composite([String])
  }

  let table: String
  var name: String
  var isReadOnly = false
  var key: Key?
  var fields: [AdoptedField] = []
  var collections: [(name: String, resource: String, by: String)] = []
  /// Lists of field names, `-name` for descending.
  var indexes: [[String]] = []
  var uniques: [[String]] = []
  /// Fields that may be filtered by without an index.
  var filterable: [String] = []
  var comments: [String] = []

  private let live: LiveTable
  private let checks: [String: ColumnChecks]

  init(
    _ table: LiveTable, surveys: [String: ColumnSurvey], texts: [String: [String]], distinctColumn: String?, in schema: LiveSchema,
    names: AdoptedNames
  ) {
    self.table = table.name
    live = table
    name = names.resource(table.name) ?? AdoptedNames.snakeCase(table.name)
    isReadOnly = table.isView
    let (checks, others) = table.isView ? ([:], []) : ColumnChecks.read(table.definition)
    self.checks = checks
    for other in others { comments.append("the database also checks: \(other)") }
    for reference in table.foreignKeys where reference.columns.count > 1 {
      let columns = reference.columns.joined(separator: ", ")
      comments.append(
        "(\(columns)) refer to \(reference.table) together. A ref has one column: they stay plain fields, the database goes on "
          + "checking them, and nothing can be included through them")
    }
    let key = table.isView ? distinctColumn.map { [$0] } ?? [] : keyColumns(table)
    guard !key.isEmpty else {
      comments.append("it has no key: not part of the contract")
      return
    }
    readColumns(table, surveys: surveys, texts: texts, key: key, in: schema, names: names)
    readKey(key, table, surveys, schema)
    readIndexes(table)
  }

  /// A contract's resource has no more fields.
  static let fieldsMax = 500

  private mutating func readColumns(
    _ table: LiveTable, surveys: [String: ColumnSurvey], texts: [String: [String]], key: [String], in schema: LiveSchema,
    names: AdoptedNames
  ) {
    var left = 0
    for column in table.columns {
      guard AdoptedNames.isColumn(column.name) else {
        comments.append("column \"\(column.name)\" is left out: a contract has no form for its name")
        continue
      }
      // The parts of a composite key are fields as well, and must be among them.
      let owed = key.count > 1 ? key.count { part in !fields.contains { $0.column == part } } : 0
      guard key.contains(column.name) || fields.count + owed < AdoptedResource.fieldsMax else {
        left += 1
        continue
      }
      readColumn(column, surveys[column.name] ?? ColumnSurvey(), texts[column.name] ?? [], key, schema, names)
    }
    if left > 0 { comments.append("\(left) more columns are left out: a resource has \(AdoptedResource.fieldsMax) fields at most") }
  }

  /// The primary key, or a unique index over columns that are never null.
  private func keyColumns(_ table: LiveTable) -> [String] {
    if !table.key.isEmpty { return table.key }
    let unique = table.indexes.first { index in
      index.isUnique && !index.isPartial && index.parts.allSatisfy { part in table.column(part.column)?.isNullable == false }
    }
    return unique.map { $0.parts.map(\.column) } ?? []
  }

  private mutating func readColumn(
    _ column: LiveColumn, _ survey: ColumnSurvey, _ texts: [String], _ key: [String], _ schema: LiveSchema, _ names: AdoptedNames
  ) {
    if key == [column.name] { return }
    let target = reference(column.name, schema, names)
    let taken = Set(fields.map(\.name))
    var wished = column.name
    if target != nil { wished = AdoptedNames.reference(column.name) }
    var field = AdoptedField(name: AdoptedNames.field(wished, taken: taken), column: column.name)
    field.isRequired = !column.isNullable && !column.isGenerated || key.contains(column.name)
    if let target {
      field.reference = target.resource
      field.options = [("ref", target.resource)] + (target.onDelete.map { [("on_delete", $0)] } ?? [])
      let isLeading = live.indexes.contains { !$0.isPartial && $0.parts.first?.column == column.name } || live.key.first == column.name
      field.comments += oddReferences(column, survey, target.resource, schema)
      if !isLeading { field.comments.append("no index serves \(column.name) in the database: lists by it read the whole table") }
    } else {
      let isIndexed = live.indexes.contains { $0.parts.contains { $0.column == column.name } }
      let reading = ColumnReading(
        declared: DeclaredType(column.type), survey: survey, texts: texts, checks: checks[column.name.lowercased()] ?? ColumnChecks(),
        isIndexed: isIndexed || key.contains(column.name))
      guard reading.read(into: &field) else {
        let hint = field.isRequired && column.defaultText == nil ? ", though every new row needs it" : ""
        comments.append("column \(column.name) (\(column.type)) is left out: its values have no type in a contract\(hint)")
        return
      }
    }
    if column.isGenerated { field.options.append(("generated", "true")) }
    addDefault(column, to: &field)
    fields.append(field)
  }

  private func addDefault(_ column: LiveColumn, to field: inout AdoptedField) {
    guard let text = column.defaultText, !column.isGenerated, text.uppercased() != "NULL" else { return }
    let type = field.options.first { $0.key == "type" }?.value
    if text.uppercased() == "CURRENT_TIMESTAMP", type == "timestamp" {
      field.options.append(("default", "now"))
    } else if type == "integer", let number = Int64(text) {
      field.options.append(("default", String(number)))
    } else if type == "boolean", text == "0" || text == "1" {
      field.options.append(("default", text == "1" ? "true" : "false"))
    } else if text.utf8.first == UInt8(ascii: "'"), text.utf8.last == UInt8(ascii: "'"), text.utf8.count >= 2,
      type == "string" || type == "text" || type == "enum"
    {
      // By bytes: a quote and a combining mark behind it are one `Character`.
      var value: [UInt8] = []
      var isDoubled = false
      for byte in text.utf8.dropFirst().dropLast() {
        isDoubled = byte == UInt8(ascii: "'") && !isDoubled
        if !isDoubled { value.append(byte) }
      }
      field.options.append(("default", ContractText.quoted(String(decoding: value, as: UTF8.self))))
    } else {
      field.comments.append("the database's default: \(text)")
    }
  }

  /// What a ref's column holds beside keys of its target's class.
  private func oddReferences(_ column: LiveColumn, _ survey: ColumnSurvey, _ target: String, _ schema: LiveSchema) -> [String] {
    guard let foreign = live.foreignKeys.first(where: { $0.columns == [column.name] }),
      let other = schema.tables.first(where: { $0.name.lowercased() == foreign.table.lowercased() }), let key = other.key.first,
      DeclaredType(other.column(key)?.type ?? "").isInteger
    else { return [] }
    let odd = survey.texts + survey.reals + survey.blobs
    return odd == 0 ? [] : ["rows that hold what is no key of \(target) show it as it is: \(odd)"]
  }

  /// The resource that a column points to, where it points to that one's whole key.
  private func reference(
    _ column: String, _ schema: LiveSchema, _ names: AdoptedNames
  ) -> (resource: String, onDelete: String?)? {
    guard let foreign = live.foreignKeys.first(where: { $0.columns == [column] }),
      let target = schema.tables.first(where: { $0.name.lowercased() == foreign.table.lowercased() }), target.key.count == 1,
      foreign.targets.isEmpty || foreign.targets.map({ $0.lowercased() }) == target.key.map({ $0.lowercased() }),
      let resource = names.resource(target.name)
    else { return nil }
    switch foreign.onDelete {
    case "CASCADE": return (resource, "cascade")
    case "SET NULL": return (resource, live.column(column)?.isNullable == true ? "set_null" : nil)
    default: return (resource, nil)
    }
  }

  private mutating func readKey(
    _ key: [String], _ table: LiveTable, _ surveys: [String: ColumnSurvey], _ schema: LiveSchema
  ) {
    let lacking = key.compactMap { surveys[$0].map { $0.rows - $0.values } }.max() ?? 0
    if lacking > 0 { comments.append("rows with NULL in their key are no records and are not shown: \(lacking)") }
    if key.count > 1 {
      let missing = key.filter { column in !fields.contains { $0.column == column } }
      guard missing.isEmpty, key.count <= 8 else {
        comments.append("its key has no form in a contract: not part of it")
        fields = []
        return
      }
      self.key = .composite(key)
      return
    }
    let column = key[0]
    let survey = surveys[column] ?? ColumnSurvey()
    let declared = DeclaredType(table.column(column)?.type ?? "")
    let isMixed = survey.texts > 0 && survey.integers + survey.reals > 0
    guard AdoptedNames.isColumn(column), !isMixed else {
      comments.append(
        isMixed ? "its key \(column) holds texts and numbers: not part of the contract" : "its key's name has no form in a contract")
      fields = []
      return
    }
    var options: [(key: String, value: String)] = [("column", ContractText.quoted(column))]
    if survey.texts == 0, survey.reals == 0, survey.blobs == 0, declared.isInteger || survey.integers > 0 {
      options.append(("type", "integer"))
      // Only a column of exactly this type is the row's own number, which SQLite makes.
      if declared.name != "INTEGER" || table.isView { options.append(("generated", "false")) }
    } else if survey.blobs > 0 ? survey.sixteens == survey.values : declared.isUUID && survey.values == 0 {
      options.append(("type", "uuid"))
    } else if survey.blobs == 0, survey.reals == 0 {
      options.append(("type", "string"))
      let most = max(declared.numbers.first ?? 255, survey.lengthMax)
      options.append(("length", "1..\(min(max(1, most), AdoptedField.indexedLengthMax))"))
    } else {
      comments.append("its key \(column) has no form in a contract: not part of it")
      fields = []
      return
    }
    self.key = .single(column: column, options: options)
  }

  private mutating func readIndexes(_ table: LiveTable) {
    guard key != nil else { return }
    for index in table.indexes where !index.isPartial && index.parts.map(\.column) != table.key {
      var names: [String] = []
      for part in index.parts {
        // The key's own column may end an index: every index ends with it anyway.
        guard let place = fields.firstIndex(where: { $0.column == part.column }), fields[place].isIndexable else { break }
        names.append((part.isDescending ? "-" : "") + fields[place].name)
      }
      guard names.count == index.parts.count else {
        if !index.isConstraint || index.isUnique { comments.append("index \(index.name) has no form in a contract") }
        continue
      }
      if names.count == 1, let place = fields.firstIndex(where: { "\(names[0])".hasSuffix($0.name) && $0.column == index.parts[0].column })
      {
        if index.isUnique { fields[place].isUnique = true } else if fields[place].reference == nil { fields[place].isIndexed = true }
      } else if index.isUnique {
        uniques.append(names.map { $0.hasPrefix("-") ? String($0.dropFirst()) : $0 })
      } else {
        indexes.append(names)
      }
    }
    for index in table.indexes where index.isPartial {
      let names = index.parts.compactMap { part in fields.first { $0.column == part.column && $0.isComparable }?.name }
      let isUnique = index.isUnique ? "keeps some rows unique (the database goes on refusing them, 409)" : "covers only some rows"
      comments.append("index \(index.name) \(isUnique), which a contract cannot say: its fields may be filtered by, not sorted")
      addFilterable(names)
    }
    for reference in table.foreignKeys where reference.columns.count > 1 {
      addFilterable(reference.columns.compactMap { column in fields.first { $0.column == column && $0.isComparable }?.name })
    }
    // The longer index serves the shorter one.
    let all = indexes
    indexes = all.enumerated().filter { place, index in
      !all.enumerated().contains { other, longer in
        other != place && longer.starts(with: index) && (longer.count > index.count || other < place)
      }
    }.map(\.element)
    let ours = uniques
    uniques = ours.enumerated().filter { place, index in !ours[..<place].contains(index) }.map(\.element)
  }

  /// Fields that are looked at under the row budget, where no index of the contract's serves them.
  private mutating func addFilterable(_ names: [String]) {
    for name in names where !filterable.contains(name) {
      guard let field = fields.first(where: { $0.name == name }), !field.isIndexed, !field.isUnique, field.reference == nil else {
        continue
      }
      filterable.append(name)
    }
  }

  mutating func addCollection(_ name: String, of resource: String, by field: String) {
    guard key != nil else { return }
    let taken = Set(fields.map(\.name) + collections.map(\.name))
    collections.append((AdoptedNames.field(name, taken: taken), resource, field))
  }
}
