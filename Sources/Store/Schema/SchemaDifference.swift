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
    var references: [SchemaChange] = []
    for table in wanted {
      let found = live.table(table.name, schema: table.schema)
      guard table.isManaged else {
        plan.faults += faults(table, found)
        continue
      }
      if let renaming = renaming(table) {
        plan.changes.append(renaming)
      } else if let found {
        plan.changes += found.isView ? [conflict(table)] : changes(table, found, &references, &plan.notices)
      } else {
        plan.changes.append(creation(table))
        plan.changes += wordsChanges(table, nil)
        if dialect == .postgres { references += table.columns.compactMap { addReference(table, $0, probed: false) } }
      }
    }
    plan.changes += references
    return plan
  }

  /// A table that stands under its resource's old name: making another would leave its rows behind.
  private func renaming(_ table: TableDefinition) -> SchemaChange? {
    guard let was = table.was, live.table(table.name, schema: table.schema) == nil, live.table(was, schema: table.schema) != nil
    else { return nil }
    let rename = SQL("ALTER TABLE ") + SQL(table: was, schema: table.schema) + SQL(" RENAME TO ") + SQL(identifier: table.name)
    return SchemaChange(
      table: table.name, description: "rename table \(was) to \(table.name)", statements: [rename.text(dialect)],
      destruction: SchemaDifference.renaming)
  }

  /// The same of columns.
  private func renamings(_ table: TableDefinition, _ found: LiveTable) -> [SchemaChange] {
    table.columns.compactMap { column in
      guard let was = column.was, found.column(column.name) == nil, found.column(was) != nil else { return nil }
      let rename =
        SQL("ALTER TABLE ") + SQL(table: table.name, schema: table.schema) + SQL(" RENAME COLUMN ") + SQL(identifier: was)
        + SQL(" TO ") + SQL(identifier: column.name)
      return SchemaChange(
        table: table.name, description: "rename column \(table.name).\(was) to \(column.name)", statements: [rename.text(dialect)],
        destruction: SchemaDifference.renaming)
    }
  }

  private static let renaming = "processes that run the old contract would lose it: rename it when none does"

  /// Martlet's own record of a table; nil for one that it did not make. It stays under the name that the table had.
  func record(of table: TableDefinition) -> String? { records[table.name] ?? table.was.flatMap { records[$0] } }

  private func creation(_ table: TableDefinition) -> SchemaChange {
    SchemaChange(
      table: table.name, description: "create table \(table.name)",
      statements: [table.create(dialect)] + table.indexes.map { table.create($0, dialect) })
  }

  private func conflict(_ table: TableDefinition) -> SchemaChange {
    SchemaChange(
      table: table.name, description: "create table \(table.name)", statements: ["DROP VIEW \(SQL(identifier: table.name).text(dialect))"],
      destruction: "a view of that name stands in the way")
  }

  /// What an adopted table must have.
  private func faults(_ table: TableDefinition, _ found: LiveTable?) -> [String] {
    guard let found else { return ["table \(table.name) does not exist"] }
    if found.isView, !table.isReadOnly { return ["\(table.name) is a view: the resource can only be read"] }
    return table.columns.compactMap { column in
      guard let live = found.column(column.name) else { return "table \(table.name) has no column \(column.name)" }
      guard column.kind.fits(live.type, dialect) else {
        return "column \(table.name).\(column.name) is \(live.type), which cannot hold a \(column.kind.recordName)"
      }
      return nil
    }
  }

  private func changes(
    _ table: TableDefinition, _ found: LiveTable, _ references: inout [SchemaChange], _ notices: inout [String]
  ) -> [SchemaChange] {
    var changes = losses(table, found) + renamings(table, found)
    let renamed = Set(table.columns.compactMap(\.was))
    for column in found.columns where table.column(column.name) == nil && !renamed.contains(column.name) {
      if column.isNullable || column.defaultText != nil || column.isGenerated {
        notices.append("column \(table.name).\(column.name) is not in the contract: left as it is")
      } else {
        let drop = SQL("ALTER TABLE ") + SQL(table: table.name, schema: table.schema) + SQL(" DROP COLUMN ") + SQL(identifier: column.name)
        changes.append(
          SchemaChange(
            table: table.name, description: "drop column \(table.name).\(column.name)", statements: [drop.text(dialect)],
            destruction: "it is not in the contract, but demands a value in every new row"))
      }
    }
    // A column that would have to be converted is mended first, by a person; the rest is planned then.
    guard changes.isEmpty else { return changes }
    switch dialect {
    case .sqlite: changes += sqliteChanges(table, found)
    case .postgres: changes += postgresChanges(table, found, &references)
    }
    changes += indexChanges(table, found) + wordsChanges(table, found)
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
      table: table.name, description: "keep no deleted records in \(table.name)", statements: [], probes: [hasDeleted(table, column)])
  }

  /// Changes of type and key: never applied by themselves.
  private func losses(_ table: TableDefinition, _ found: LiveTable) -> [SchemaChange] {
    var changes: [SchemaChange] = []
    let recorded = SchemaDifference.kinds(record(of: table) ?? "")
    for column in table.columns {
      guard let live = found.column(column.name) else { continue }
      let old = recorded[column.name] ?? live.type
      let hasOtherKind = recorded[column.name].map { $0 != column.kind.recordName } ?? false
      guard hasOtherKind || !column.kind.fits(live.type, dialect) || isNarrower(column, live) else { continue }
      let statement =
        dialect == .postgres
        ? (SQL("ALTER TABLE ") + SQL(table: table.name, schema: table.schema) + SQL(" ALTER COLUMN ") + SQL(identifier: column.name)).text(
          dialect)
          + " TYPE \(column.type) USING \(SQL(identifier: column.name).text(dialect))::\(column.type)"
        : table.addColumn(renamed(column), dialect)
      changes.append(
        SchemaChange(
          table: table.name, description: "change column \(table.name).\(column.name) from \(old) to \(column.kind.recordName)",
          statements: [statement], destruction: "its values would have to be converted"))
    }
    if !found.key.isEmpty, found.key != table.key {
      changes.append(
        SchemaChange(
          table: table.name, description: "change the primary key of \(table.name)", statements: [],
          destruction: "it is (\(found.key.joined(separator: ", "))), not (\(table.key.joined(separator: ", ")))"))
    }
    return changes
  }

  /// The column to convert into, beside the old one.
  private func renamed(_ column: ColumnDefinition) -> ColumnDefinition {
    var result = column
    result.name += "_new"
    result.isNullable = true
    result.check = nil
    result.reference = nil
    return result
  }

  /// `numeric(p,s)` that would lose digits.
  private func isNarrower(_ column: ColumnDefinition, _ live: LiveColumn) -> Bool {
    guard dialect == .postgres, let old = SchemaDifference.precision(live.type), let new = SchemaDifference.precision(column.type)
    else { return false }
    return new.scale < old.scale || new.digits - new.scale < old.digits - old.scale
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

  /// The record of a table that stands as it is wanted.
  static func record(_ table: TableDefinition) -> String {
    table.columns.map { "\($0.name)=\($0.kind.recordName)" }.joined(separator: "\n")
  }
}
