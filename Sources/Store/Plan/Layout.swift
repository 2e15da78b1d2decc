package import Contract

/// Where everything of a contract lies in the database: tables, columns and how they hold their values, indexes.
/// Made once from the contract; schema, predicates and operation plans all read it, so that they agree.
package struct Layout: Sendable {
  /// In the contract's order.
  package let tables: [TableLayout]
  private let places: [String: Int]

  /// - Parameter found: what the database holds, where adopted tables may have columns of types that are not those of their kinds
  ///   (PostgreSQL).
  package init(_ contract: Contract, found: LiveSchema? = nil) {
    var tables: [TableLayout] = []
    var places: [String: Int] = [:]
    for resource in contract.resources {
      places[resource.name] = tables.count
      let storage = resource.storage
      tables.append(TableLayout(resource, found: storage.isManaged ? nil : found?.table(storage.table, schema: storage.schema)))
    }
    self.tables = tables
    self.places = places
  }

  package subscript(_ resource: String) -> TableLayout? {
    guard let place = places[resource] else { return nil }
    return tables[place]
  }

  /// Whether an index leads from a value to the rows of a table for which the member at the end of that path has it: an index
  /// that begins with the member, and for a path over refs one that finds few rows at its end.
  package func finds(_ path: [String], from table: TableLayout) -> Bool {
    guard let name = path.first, let field = table.field(name), field.columns.count == 1 else { return false }
    let isIndexed = name == "id" || table.indexes.contains { $0.parts.first?.field == name }
    guard isIndexed, path.count > 1 else { return isIndexed }
    var current = table
    for (place, name) in path.enumerated() {
      guard let field = current.field(name), field.columns.count == 1 else { return false }
      if place == path.count - 1 { return current.isSelective(field) }
      guard let reference = field.reference, let next = self[reference.resource] else { return false }
      current = next
    }
    return false
  }
}

extension Layout {
  /// Whether an index leads from a value to the few records of a collection that have it, and so to those that have such a record.
  package func finds(_ membership: (collection: String, fields: [String]), from table: TableLayout) -> Bool {
    // Keys of somebody else's table may be compared in another way than those of the records that refer to it.
    guard table.isManaged, table.key.count == 1, let collection = table.collections.first(where: { $0.name == membership.collection }),
      let rows = self[collection.resource], rows.isManaged
    else { return false }
    return membership.fields.contains { rows.field($0).map { $0.columns.count == 1 && rows.isSelective($0) } ?? false }
  }
}

extension TableLayout {
  /// Whether few rows share a value of the field, and an index finds them.
  package func isSelective(_ field: FieldLayout) -> Bool {
    if field.name == "id" { return true }
    guard indexes.contains(where: { $0.parts.first?.field == field.name }) else { return false }
    switch field.field?.type {
    case .enumeration, .boolean: return false
    default: return true
    }
  }
}

/// One resource's table.
package final class TableLayout: Sendable {
  package let resource: String
  package let table: String
  package let schema: String?
  package let isManaged: Bool
  /// Whether rows of it may be locked: a role that only reads a table may not.
  let isLockable: Bool
  package let hasRevision: Bool
  /// When a record was deleted; null in the living. Nil where deleted records are not kept.
  package let deletion: ColumnLayout?
  package let key: [ColumnLayout]
  /// Rows may have a null in their key: no records, for nobody could name them. (SQLite lets null into a primary key that is
  /// not the row's own number, and a view's key is only what the contract says.)
  package let mayLackKey: Bool
  /// The sequence that numbers its one key, as an identifier; nil where its keys are counted on from the last.
  package let keySequence: String?
  /// The database would give its key another value than the one that is written, unless told.
  let overridesNumbers: Bool
  /// Every member of a record in the order of its JSON: `id`, the fields, `created_at`, `updated_at`, `deleted_at` where deleted
  /// records are kept, `revision`.
  package let fields: [FieldLayout]
  /// Every column once, in the order of `fields`.
  package let allColumns: [ColumnLayout]
  /// Fields share columns: parts of a composite key that are fields as well.
  package let sharesColumns: Bool
  /// Declared ones and those that `unique`, `index` and refs bring. Each implicitly ends with the key.
  package let indexes: [IndexLayout]
  /// The index of the words of its searched fields; nil where there are none.
  package let words: WordsIndex?
  /// Inverses of refs: `{many: order_items, by: order}`.
  package let collections: [Collection]
  package let shape: EventShape
  private let places: [String: Int]

  init(_ resource: Resource, found: LiveTable? = nil) {
    self.resource = resource.name
    table = resource.storage.table
    schema = resource.storage.schema
    isManaged = resource.storage.isManaged
    isLockable = !resource.storage.isReadOnly
    collections = resource.collections
    hasRevision = resource.storage.hasRevision
    key = resource.storage.key.map { part in
      let column = ColumnLayout(name: part.column, kind: ColumnKind(part.type, encoding: .standard), isNullable: false)
      return column.found(in: found, type: part.type)
    }
    keySequence = key.count == 1 ? found?.column(key[0].name)?.sequence : nil
    overridesNumbers = key.contains { found?.column($0.name)?.isAlwaysNumbered == true }
    mayLackKey = !resource.storage.isManaged && !(resource.storage.key.count == 1 && resource.storage.key[0].isGenerated)
    var fields = [FieldLayout.key(key)]
    for field in resource.fields {
      fields.append(FieldLayout(field, isState: field.name == resource.states?.field, found: found))
    }
    if resource.storage.hasTimestamps {
      fields.append(FieldLayout(engine: "created_at", kind: .timestamp))
      fields.append(FieldLayout(engine: "updated_at", kind: .timestamp))
    }
    if resource.isSoftDeleted { fields.append(FieldLayout(engine: Resource.deletedMember, kind: .timestamp, isNullable: true)) }
    deletion = resource.isSoftDeleted ? fields.last?.columns.first : nil
    if resource.storage.hasRevision { fields.append(FieldLayout(engine: "revision", kind: .integer)) }
    self.fields = fields
    var columns: [ColumnLayout] = []
    var names: Set<String> = []
    for column in fields.flatMap(\.columns) where names.insert(column.name).inserted { columns.append(column) }
    allColumns = columns
    sharesColumns = columns.count < fields.reduce(0) { $0 + $1.columns.count }
    shape = EventShape(fields)
    var places: [String: Int] = [:]
    for (place, field) in fields.enumerated() { places[field.name] = place }
    self.places = places
    indexes = TableLayout.indexes(of: resource, fields: fields, places: places)
    words =
      resource.storage.isManaged
      ? WordsIndex(table: resource.storage.table, schema: resource.storage.schema, key: key, fields: fields) : nil
  }

  package func field(_ name: String) -> FieldLayout? {
    guard let place = places[name] else { return nil }
    return fields[place]
  }

  /// A member's place in `fields`.
  package func place(_ name: String) -> Int? { places[name] }

  private static func indexes(of resource: Resource, fields: [FieldLayout], places: [String: Int]) -> [IndexLayout] {
    var wanted: [Index] = resource.indexes
    for field in resource.fields {
      if field.isUnique { wanted.append(Index(parts: [.init(field: field.name)], isUnique: true)) }
      var isRef = false
      if case .ref = field.type { isRef = true }
      // A longer index that begins with the field has another order behind it: a list by the field alone goes by its own.
      let isThere = wanted.contains { $0.parts.count == 1 && $0.parts[0].field == field.name }
      if field.isIndexed || isRef, !isThere { wanted.append(Index(parts: [.init(field: field.name)])) }
    }
    var result: [IndexLayout] = []
    func add(_ parts: [IndexLayout.Part], isUnique: Bool, isOfLiving: Bool) {
      let layout = IndexLayout(table: resource.storage.table, parts: parts, isUnique: isUnique, isOfLiving: isOfLiving)
      let isThere = result.contains { $0.parts == parts && $0.isUnique == isUnique && $0.isOfLiving == isOfLiving }
      if !isThere { result.append(layout) }
    }
    for index in wanted {
      let parts = index.parts.compactMap { part -> IndexLayout.Part? in
        guard let place = places[part.field] else { return nil }
        return IndexLayout.Part(field: part.field, columns: fields[place].columns.map(\.name), isDescending: part.descending)
      }
      guard parts.count == index.parts.count else { continue }
      add(parts, isUnique: index.isUnique, isOfLiving: resource.isSoftDeleted)
    }
    guard resource.isSoftDeleted else { return result }
    // Records grow too old whether they are deleted or not.
    if resource.keepsForATime, !resource.keyTellsTime, let place = places["created_at"] {
      let part = IndexLayout.Part(field: "created_at", columns: fields[place].columns.map(\.name), isDescending: false)
      add([part], isUnique: false, isOfLiving: false)
    }
    // The order by key alone; and refs once more over all rows: foreign keys look at the deleted too, and what went along with a
    // record is found by when that was.
    add([], isUnique: false, isOfLiving: true)
    for field in resource.fields {
      guard case .ref = field.type else { continue }
      let parts = [field.name, Resource.deletedMember].compactMap { name in
        places[name].map { IndexLayout.Part(field: name, columns: fields[$0].columns.map(\.name), isDescending: false) }
      }
      add(parts, isUnique: false, isOfLiving: false)
    }
    return result
  }

  /// The index that holds the keys of the living alone.
  var livingKeys: IndexLayout? { indexes.first { $0.isOfLiving && $0.parts.isEmpty } }
}

/// One column.
package struct ColumnLayout: Sendable, Equatable {
  package let name: String
  package let kind: ColumnKind
  package let isNullable: Bool
  package private(set) var form = ColumnForm.plain
  /// Null is its highest value in the database's own indexes. It is the lowest elsewhere.
  package private(set) var nullIsHighest = false

  package init(name: String, kind: ColumnKind, isNullable: Bool, form: ColumnForm = .plain) {
    self.name = name
    self.kind = kind
    self.isNullable = isNullable
    self.form = form
  }

  /// The column as a table that was there before has it (PostgreSQL); the same where that is not known.
  func found(in table: LiveTable?, type: FieldType?) -> ColumnLayout {
    guard let table, let column = table.column(name), column.native != nil else { return self }
    var result = self
    // What cannot be held is said before anything is served (`SchemaDifference`).
    result.form = ColumnForm.found(column, kind: kind, type: type) ?? .plain
    // Without an index either is as good; PostgreSQL's own is the highest.
    result.nullIsHighest = true
    for index in table.indexes where index.isValid && index.isOrdered {
      guard let place = index.parts.firstIndex(where: { $0.column == name }), place < index.nullIsHighest.count else { continue }
      result.nullIsHighest = index.nullIsHighest[place]
      break
    }
    return result
  }
}

/// One member of a record: the columns it lies in and how they read as JSON.
package struct FieldLayout: Sendable {
  package let name: String
  /// One; two for money (amount, currency); as many as the key has for `id`.
  package let columns: [ColumnLayout]
  package let content: RowEncoding.Content
  /// The contract's field; nil for `id` and what the engine keeps itself.
  package let field: Field?
  /// Set for a ref.
  package let reference: Reference?

  package var isNullable: Bool { columns[0].isNullable }

  init(_ field: Field, isState: Bool, found: LiveTable? = nil) {
    name = field.name
    self.field = field
    let isNullable = !field.isRequired && !isState
    if case .ref(let reference) = field.type { self.reference = reference } else { reference = nil }
    if case .money = field.type {
      columns = [
        ColumnLayout(name: field.column + "_amount", kind: .integer, isNullable: isNullable),
        ColumnLayout(name: field.column + "_currency", kind: .text, isNullable: isNullable),
      ]
      content = .money
    } else {
      let kind = ColumnKind(field.type, encoding: field.encoding)
      let column = ColumnLayout(name: field.column, kind: kind, isNullable: isNullable)
      columns = [field.encoding == .standard ? column.found(in: found, type: field.type) : column]
      content = .scalar(kind)
    }
  }

  init(engine name: String, kind: ColumnKind, isNullable: Bool = false) {
    self.name = name
    columns = [ColumnLayout(name: name, kind: kind, isNullable: isNullable)]
    content = .scalar(kind)
    field = nil
    reference = nil
  }

  private init(key columns: [ColumnLayout]) {
    name = "id"
    self.columns = columns
    content = columns.count == 1 ? .scalar(columns[0].kind) : .joined(columns.map(\.kind))
    field = nil
    reference = nil
  }

  static func key(_ columns: [ColumnLayout]) -> FieldLayout { FieldLayout(key: columns) }
}

/// One index. The key's columns follow the parts where they are not among them already.
package struct IndexLayout: Sendable {
  package struct Part: Sendable, Equatable {
    package let field: String
    package let columns: [String]
    package let isDescending: Bool
  }

  /// At most 63 bytes, the shorter of the stores' limits.
  package let name: String
  package let parts: [Part]
  package let isUnique: Bool
  /// Where deleted records are kept: it holds the others alone, so that no list walks past the deleted, and what they had is free.
  package let isOfLiving: Bool

  init(table: String, parts: [Part], isUnique: Bool, isOfLiving: Bool = false) {
    self.parts = parts
    self.isUnique = isUnique
    self.isOfLiving = isOfLiving
    var name = IndexLayout.prefix(isUnique: isUnique, isOfLiving: isOfLiving) + table
    for part in parts { name += "_" + part.field + (part.isDescending ? "_desc" : "") }
    if parts.isEmpty { name += "_id" }
    if name.utf8.count > 60 {
      let digest = UInt64.digest(name) & 0xffff_ffff_ffff
      name = String(decoding: name.utf8.prefix(46).filter { $0 < 0x80 }, as: UTF8.self) + "_" + String(digest, radix: 36)
    }
    self.name = name
  }

  /// What the names of Martlet's own indexes begin with.
  static let prefixes = [false, true].flatMap { living in [false, true].map { prefix(isUnique: $0, isOfLiving: living) } }

  private static func prefix(isUnique: Bool, isOfLiving: Bool) -> String {
    isOfLiving ? (isUnique ? "lu_" : "lx_") : (isUnique ? "uq_" : "ix_")
  }
}

extension ColumnKind {
  /// The kind of a field's (first) column.
  package init(_ type: FieldType, encoding: ColumnEncoding) {
    switch (type, encoding) {
    case (.decimal(_, let scale, _, _), .real): self = .decimalAsReal(scale: scale)
    case (.decimal(_, let scale, _, _), _): self = .decimal(scale: scale)
    case (.timestamp, .text): self = .timestampAsText
    case (.timestamp, .unixSeconds): self = .timestampAsUnixSeconds
    case (.timestamp, .unixMilliseconds): self = .timestampAsUnixMilliseconds
    case (.timestamp, _): self = .timestamp
    case (.date, .text): self = .dateAsText
    case (.date, _): self = .date
    case (.boolean, .texts(let yes, let no)): self = .booleanAsTexts(yes: yes, no: no)
    case (.boolean, _): self = .boolean
    case (.uuid, .uuidText): self = .uuidAsText
    case (.uuid, _): self = .uuid
    case (.integer, _), (.money, _): self = .integer
    case (.number, _): self = .number
    case (.json, _), (.list, _), (.file, _): self = .json
    case (.ref(let reference), let encoding): self = ColumnKind(reference.keyType, encoding: encoding)
    case (.string, _), (.text, _), (.email, _), (.url, _), (.enumeration, _), (.secret, _): self = .text
    }
  }
}
