import Store

/// One table as a resource, or why it is none.
struct AdoptedResource {
  enum Key {
    case single(column: String, options: [(key: String, value: String)])
    case composite([String])
  }

  let table: String
  let schema: String?
  let label: String
  var name: String
  var description: String?
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

  private let found: FoundTable

  /// - Parameter tables: every table that was found: those that it refers to.
  init(_ found: FoundTable, among tables: [FoundTable], names: AdoptedNames) {
    self.found = found
    table = found.name
    schema = found.schema
    label = found.label
    name = names.resource(found) ?? AdoptedNames.snakeCase(found.name)
    description = found.description
    isReadOnly = found.isReadOnly
    comments = found.notes
    let (form, reason) = found.keyForm()
    guard let form else {
      comments = [reason ?? ""] + comments
      return
    }
    key = form
    if found.isKeyGuessed, let column = found.key.first {
      comments.append("its key is \(column), which tells its rows apart now; the database does not promise it")
    }
    for reference in found.foreignKeys where reference.columns.count > 1 {
      let columns = reference.columns.joined(separator: ", ")
      comments.append(
        "(\(columns)) refer to \(reference.table) together. A ref has one column: they stay plain fields, the database goes on "
          + "checking them, and nothing can be included through them")
    }
    let lacking = found.key.compactMap { found.column($0)?.nullRows }.max() ?? 0
    if lacking > 0 { comments.append("rows with NULL in their key are no records and are not shown: \(lacking)") }
    readColumns(tables, names)
    readIndexes()
  }

  /// A contract has no more resources, a resource no more fields.
  static let resourcesMax = 499
  static let fieldsMax = 500
  /// Indexes, sets of fields that are unique together, and fields to filter by: a contract has no more of each.
  static let indexesMax = 64
  static let indexPartsMax = 16

  private mutating func readColumns(_ tables: [FoundTable], _ names: AdoptedNames) {
    var left = 0
    var seen: [String: String] = [:]
    for column in found.columns {
      guard column.isNamed else {
        comments.append("column \"\(column.name)\" is left out: a contract has no form for its name")
        continue
      }
      if let other = seen.updateValue(column.name, forKey: column.name.lowercased()) {
        comments.append("column \"\(column.name)\" is left out: only case tells its name from that of \(other)")
        seen[column.name.lowercased()] = other
        continue
      }
      // The parts of a composite key are fields as well, and must be among them.
      let key = found.key
      let owed = key.count > 1 ? key.count { part in !fields.contains { $0.column == part } } : 0
      guard key.contains(column.name) || fields.count + owed < AdoptedResource.fieldsMax else {
        left += 1
        continue
      }
      readColumn(column, tables, names)
    }
    if left > 0 { comments.append("\(left) more columns are left out: a resource has \(AdoptedResource.fieldsMax) fields at most") }
  }

  private mutating func readColumn(_ column: FoundColumn, _ tables: [FoundTable], _ names: AdoptedNames) {
    let foreign = found.foreignKeys.first { $0.columns == [column.name] }
    let reference = foreign.flatMap { self.reference($0, column, tables, names) }
    if found.key == [column.name], reference == nil || takesOwnKey {
      if let foreign { comments.append("its key \(column.name) refers to \(foreign.table): nothing can be included through it") }
      if let description = column.description { comments.append("\(column.name): \(description)") }
      return
    }
    let taken = Set(fields.map(\.name))
    // A key named `id` that belongs to another record is called by that one's name.
    let wished = reference.map { column.name.lowercased() == "id" ? $0.resource : AdoptedNames.reference(column.name) }
    var field = AdoptedField(name: AdoptedNames.field(wished ?? column.name, taken: taken), column: column.name)
    field.description = column.description
    field.isRequired = !column.isNullable && !column.isGenerated || found.key.contains(column.name)
    if let reference {
      field.reference = reference.resource
      field.options = [("ref", ContractText.quoted(reference.resource))] + (reference.onDelete.map { [("on_delete", $0)] } ?? [])
      // Which record it belongs to is which one it is.
      if found.key == [column.name] { field.options.append(("immutable", "true")) }
      if column.oddNumbers > 0, reference.isNumbered {
        field.comments.append("rows that hold what is no key of \(reference.resource) show it as it is: \(column.oddNumbers)")
      }
      let isLeading = found.indexes.contains { !$0.isPartial && $0.isOrdered && $0.isValid && $0.parts.first?.column == column.name }
      if !isLeading, found.key.first != column.name {
        field.comments.append("no index serves \(column.name) in the database: lists by it read the whole table")
      }
    } else {
      guard let form = column.type else {
        let hint = field.isRequired && !column.hasDefault ? ", though every new row needs it" : ""
        comments.append("column \(column.name) (\(column.typeText)) is left out: \(column.refusal)\(hint)")
        return
      }
      field.options = form.options
      field.lengthMax = form.lengthMax
      field.isSought = form.isSought
      field.comments = form.comments
      if let foreign {
        field.comments.append("it refers to \(foreign.table), which is no ref here: not part of the contract, or not by its key")
      }
    }
    if column.isGenerated { field.options.append(("generated", "true")) }
    switch column.defaultValue {
    case .none: break
    // A ref's default cannot be one record's key, and a database does not ask whether a default is a value that it takes.
    case .option(let value):
      let options = field.options + [("default", value)]
      if reference == nil, ContractText.isTaken(options) {
        field.options = options
      } else {
        field.comments.append("the database's default, which is not used here: \(value)")
      }
    case .foreign(let text): field.comments.append("the database's default, which is not used here: \(text)")
    }
    if reference == nil, !ContractText.isTaken(field.options) {
      field.options.removeAll { ["minimum", "maximum", "length", "default"].contains($0.key) }
      field.comments.append("its bounds contradict each other, or have no form in a contract: the database alone asks for them")
      guard ContractText.isTaken(field.options) else {
        comments.append("column \(column.name) (\(column.typeText)) is left out: a contract does not take what is known of it")
        return
      }
    }
    fields.append(field)
  }

  /// Its key is one that is made here where nobody says another: no field can give it too.
  private var takesOwnKey: Bool {
    guard case .single("id", let options) = key else { return false }
    return options.contains { $0.key == "type" && $0.value == "uuid" }
  }

  /// The resource that a column points to, where it points to that one's whole key.
  private func reference(
    _ foreign: LiveForeignKey, _ column: FoundColumn, _ tables: [FoundTable], _ names: AdoptedNames
  ) -> (resource: String, onDelete: String?, isNumbered: Bool)? {
    let target = tables.first { other in
      other.name.lowercased() == foreign.table.lowercased() && (foreign.schema == nil || foreign.schema == other.schema ?? other.home)
    }
    guard let target, case .single(let key, let options)? = target.keyForm().form,
      foreign.targets.isEmpty || foreign.targets.map({ $0.lowercased() }) == [key.lowercased()], let resource = names.resource(target)
    else { return nil }
    let type = options.first { $0.key == "type" }?.value
    // A column of another type would be read as what it is not.
    if case .form(let own) = column.key, found.home != nil, own.first(where: { $0.key == "type" })?.value != type { return nil }
    switch foreign.onDelete {
    case "CASCADE": return (resource, "cascade", type == "integer")
    case "SET NULL": return (resource, column.isNullable ? "set_null" : nil, type == "integer")
    default: return (resource, nil, type == "integer")
    }
  }

  private mutating func readIndexes() {
    for index in found.indexes where !index.isPartial && index.parts.map(\.column) != found.key {
      guard index.isOrdered, index.isValid else {
        comments.append("index \(index.name) has no form in a contract: it \(index.isValid ? "has no order" : "was never finished")")
        continue
      }
      var names: [String] = []
      for part in index.parts {
        // The key's own column may end an index: every index ends with it anyway.
        guard let place = fields.firstIndex(where: { $0.column == part.column }), fields[place].isIndexable else { break }
        names.append((part.isDescending ? "-" : "") + fields[place].name)
      }
      guard names.count == index.parts.count, names.count <= AdoptedResource.indexPartsMax,
        Set(index.parts.map(\.column)).count == names.count
      else {
        if !index.isConstraint || index.isUnique { comments.append("index \(index.name) has no form in a contract") }
        continue
      }
      if names.count == 1, let place = fields.firstIndex(where: { $0.column == index.parts[0].column }) {
        if index.isUnique { fields[place].isUnique = true } else if fields[place].reference == nil { fields[place].isIndexed = true }
      } else if index.isUnique {
        uniques.append(names.map { $0.hasPrefix("-") ? String($0.dropFirst()) : $0 })
      } else {
        indexes.append(names)
      }
    }
    for index in found.indexes where index.isPartial {
      let names = index.parts.compactMap { part in fields.first { $0.column == part.column && $0.isComparable }?.name }
      let isUnique = index.isUnique ? "keeps some rows unique (the database goes on refusing them, 409)" : "covers only some rows"
      comments.append("index \(index.name) \(isUnique), which a contract cannot say: its fields may be filtered by, not sorted")
      addFilterable(names)
    }
    for reference in found.foreignKeys where reference.columns.count > 1 {
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
    for (name, count) in [("indexes", indexes.count), ("unique", uniques.count), ("filterable", filterable.count)]
    where count > AdoptedResource.indexesMax {
      comments.append("\(count - AdoptedResource.indexesMax) more of \(name) are left out: a contract has \(AdoptedResource.indexesMax)")
    }
    indexes = Array(indexes.prefix(AdoptedResource.indexesMax))
    uniques = Array(uniques.prefix(AdoptedResource.indexesMax))
    filterable = Array(filterable.prefix(AdoptedResource.indexesMax))
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
