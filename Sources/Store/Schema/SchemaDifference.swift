import Contract

/// Plans the way from a live database to a contract's tables. Pure: it looks at nothing but its inputs; what depends on rows
/// is left to probes.
package struct SchemaDifference {
  let dialect: Dialect
  let live: LiveSchema
  let wanted: [TableDefinition]
  /// What Martlet's own record says a table's columns hold: table name to `column=kind` lines.
  let records: [String: String]

  package init(live: LiveSchema, wanted: [TableDefinition], records: [String: String], dialect: Dialect) {
    self.live = live
    self.wanted = wanted
    self.records = records
    self.dialect = dialect
  }

  package func plan() -> SchemaPlan {
    var plan = SchemaPlan()
    let renamed = renamings()
    plan.changes = renamed.changes
    SchemaDifference(live: renamed.live, wanted: wanted, records: records, dialect: dialect).fill(&plan)
    return plan
  }

  /// Everything but names that were changed.
  private func fill(_ plan: inout SchemaPlan) {
    var made: [SchemaChange] = []
    var changed: [SchemaChange] = []
    var references: [SchemaChange] = []
    for table in wanted {
      let found = live.table(table.name, schema: table.schema)
      guard table.isManaged else {
        plan.faults += faults(table, found)
        continue
      }
      if let found {
        if found.isView { changed.append(conflict(table)) } else { changed += changes(table, found, &references, &plan) }
      } else {
        made.append(creation(table))
        made += wordsChanges(table, nil)
        if dialect == .postgres {
          for column in table.columns {
            let isToNew = column.reference.map { live.table($0.table, schema: $0.schema) == nil } ?? false
            if isToNew {
              if let change = addReference(table, column, toNew: true) { references.append(change) }
            } else {
              references += newReference(table, column)
            }
          }
        }
      }
    }
    // What touches nothing that is in use goes first, all at once.
    let first = references.filter { $0.form == .together }
    plan.changes += made + (dialect == .postgres ? first : []) + changed + references.filter { $0.form != .together }
    plan.removals += droppedTables()
  }

  /// Martlet's own record of a table; nil for one that it did not make. It stays under the name that the table had.
  func record(of table: TableDefinition) -> String? { records[table.name] ?? table.was.flatMap { records[$0] } }

  func creation(_ table: TableDefinition) -> SchemaChange {
    SchemaChange(
      table: table.name, schema: table.schema, description: "create table \(table.name)",
      statements: [table.create(dialect)] + table.indexes.map { table.create($0, dialect) } + table.parts.map(table.create),
      settlesRecord: true,
      reversal: reversal(ofMaking: table))
  }

  private func conflict(_ table: TableDefinition) -> SchemaChange {
    SchemaChange(
      table: table.name, schema: table.schema, description: "create table \(table.name)",
      statements: ["DROP VIEW \(SQL(identifier: table.name).text(dialect))"], obstacle: "a view of that name stands in the way")
  }

  /// What an adopted table must have.
  private func faults(_ table: TableDefinition, _ found: LiveTable?) -> [String] {
    guard let found else { return ["table \(table.name) does not exist"] }
    if found.isView, !table.isReadOnly { return ["\(table.name) is a view: the resource can only be read"] }
    return table.columns.compactMap { column in
      guard let live = found.column(column.name) else { return "table \(table.name) has no column \(column.name)" }
      let isStandard = column.kind == column.field.map { ColumnKind($0, encoding: .standard) } ?? column.kind
      let form =
        isStandard && dialect == .postgres
        ? ColumnForm.found(live, kind: column.kind, type: column.field) : column.kind.fits(live.type, dialect) ? .plain : nil
      guard let form else {
        let kind = column.field?.name ?? column.kind.recordName
        return "column \(table.name).\(column.name) is \(live.type), which cannot hold a \(kind)"
      }
      let isKey = table.key.contains(column.name)
      if !form.isSought, isKey || table.indexes.contains(where: { $0.parts.contains { $0.column == column.name } && !isKey }) {
        return "column \(table.name).\(column.name) is \(live.type), by which no row can be looked up: it is no key, and has no index"
      }
      return nil
    }
  }

  private func changes(
    _ table: TableDefinition, _ found: LiveTable, _ references: inout [SchemaChange], _ plan: inout SchemaPlan
  ) -> [SchemaChange] {
    var changes = key(table, found)
    let own = SchemaDifference.kinds(record(of: table) ?? "")
    for column in found.columns where table.column(column.name) == nil {
      let hasOwnValue = column.isNullable || column.defaultText != nil || column.isGenerated
      if own[column.name] == nil, !hasOwnValue {
        let drop = SQL("ALTER TABLE ") + SQL(table: table.name, schema: table.schema) + SQL(" DROP COLUMN ") + SQL(identifier: column.name)
        changes.append(
          SchemaChange(
            table: table.name, schema: table.schema, description: "drop column \(table.name).\(column.name)",
            statements: [drop.text(dialect)], obstacle: "it is not in the contract, but demands a value in every new row"))
      } else {
        plan.notices.append("column \(table.name).\(column.name) is not in the contract: left as it is")
      }
    }
    if let removal = droppedColumns(table, found, own) { plan.removals.append(removal) }
    let conversions = conversions(table, found)
    changes += conversions.obstacles
    // What a person has to mend comes first; the rest is planned then.
    guard changes.isEmpty else { return changes }
    if let obstacle = cutObstacle(table, found) { return [obstacle] }
    switch dialect {
    case .sqlite: changes += sqliteChanges(table, found, conversions.made)
    case .postgres: changes += postgresChanges(table, found, conversions.made, &references)
    }
    changes += indexChanges(table, found) + wordsChanges(table, found)
    if dialect == .postgres, changes.isEmpty, !references.contains(where: { $0.table == table.name }), table.calendar != nil,
      found.cut == nil
    {
      changes = cutting(table, found)
    }
    if let change = resurrection(table, found) { changes.append(change) }
    return changes
  }

  /// Deleted records that were kept would come back where they are kept no more: that stops, and nothing is to be run where there
  /// are none.
  private func resurrection(_ table: TableDefinition, _ found: LiveTable) -> SchemaChange? {
    let column = Resource.deletedMember
    guard table.column(column) == nil, found.column(column) != nil,
      SchemaDifference.kinds(record(of: table) ?? "")[column] != nil
    else { return nil }
    return SchemaChange(
      table: table.name, schema: table.schema, description: "keep no deleted records in \(table.name)", statements: [],
      probes: [hasDeleted(table, column)])
  }

  private func key(_ table: TableDefinition, _ found: LiveTable) -> [SchemaChange] {
    guard !found.key.isEmpty, found.key != table.key else { return [] }
    return [
      SchemaChange(
        table: table.name, schema: table.schema, description: "change the primary key of \(table.name)", statements: [],
        obstacle: "it is (\(found.key.joined(separator: ", "))), not (\(table.key.joined(separator: ", ")))")
    ]
  }

  static func precision(_ type: String) -> (digits: Int, scale: Int)? {
    guard type.hasPrefix("numeric("), type.hasSuffix(")") else { return nil }
    let parts = type.dropFirst(8).dropLast().split(separator: ",").map { Int($0) }
    guard parts.count == 2, let digits = parts[0], let scale = parts[1] else { return nil }
    return (digits, scale)
  }

  static func kinds(_ record: String) -> [String: String] {
    var kinds: [String: String] = [:]
    for line in record.split(separator: "\n") {
      guard let equals = line.lastIndex(of: "=") else { continue }
      kinds[String(line[..<equals])] = String(line[line.index(after: equals)...])
    }
    return kinds
  }

  /// The record of a table that stands as it is wanted. Columns that it had and the contract has no more are remembered for as long
  /// as they are there: they are Martlet's to drop.
  static func record(_ table: TableDefinition, before: String?, found: LiveTable?) -> String {
    let wanted = table.columns.map { "\($0.name)=\($0.kind.recordName)" }
    let left = kinds(before ?? "").filter { name, _ in table.column(name) == nil && found?.column(name) != nil }
    return (wanted + left.map { "\($0.key)=\($0.value)" }.sorted()).joined(separator: "\n")
  }
}
