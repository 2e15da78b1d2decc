extension SchemaDifference {
  func postgresChanges(
    _ table: TableDefinition, _ found: LiveTable, _ references: inout [SchemaChange]
  ) -> [SchemaChange] {
    var changes: [SchemaChange] = []
    for column in table.columns {
      guard let live = found.column(column.name) else {
        var change = SchemaChange(
          table: table.name, description: "add column \(table.name).\(column.name)",
          statements: [table.addColumn(column, .postgres)])
        if !column.isNullable, column.defaultLiteral == nil { change.probes = [isNotEmpty(table)] }
        changes.append(change)
        if let change = addReference(table, column, probed: false) { references.append(change) }
        continue
      }
      changes += columnChanges(table, column, live)
      references += referenceChanges(table, column, found)
    }
    for check in table.allChecks where !found.checks.contains(check.name) {
      let column = table.columns.first { $0.check?.name == check.name }
      let isNew = column.map { found.column($0.name) == nil } ?? table.columns.contains { found.column($0.name) == nil }
      // A new column's own condition came with it.
      if column != nil, isNew { continue }
      changes.append(
        SchemaChange(
          table: table.name, description: "condition of \(table.name): \(check.condition.text(.postgres))",
          statements: [alter(table, SQL("ADD ") + TableDefinition.constraint(check))],
          probes: isNew ? [] : [violates(table, check)]))
    }
    for name in found.checks.sorted() where name.hasPrefix("ck_") && !table.allChecks.contains(where: { $0.name == name }) {
      changes.append(drop(constraint: name, of: table))
    }
    return changes
  }

  private func columnChanges(_ table: TableDefinition, _ column: ColumnDefinition, _ live: LiveColumn) -> [SchemaChange] {
    var changes: [SchemaChange] = []
    let place = SQL("ALTER COLUMN ") + SQL(identifier: column.name)
    if live.isNullable != column.isNullable, !table.key.contains(column.name) {
      changes.append(
        SchemaChange(
          table: table.name, description: "\(table.name).\(column.name) \(column.isNullable ? "may be" : "cannot be") null",
          statements: [alter(table, place + (column.isNullable ? SQL(" DROP NOT NULL") : SQL(" SET NOT NULL")))],
          probes: column.isNullable ? [] : [hasNull(table, column.name)]))
    }
    if live.type != column.type, SchemaDifference.precision(live.type) != nil, SchemaDifference.precision(column.type) != nil {
      var type = place + SQL(" TYPE ")
      type.append(printed: column.type)
      changes.append(
        SchemaChange(
          table: table.name, description: "widen column \(table.name).\(column.name) to \(column.type)",
          statements: [alter(table, type)]))
    }
    return changes
  }

  private func referenceChanges(_ table: TableDefinition, _ column: ColumnDefinition, _ found: LiveTable) -> [SchemaChange] {
    let standing = found.foreignKeys.filter { $0.columns == [column.name] }
    if let reference = column.reference,
      standing.contains(where: {
        $0.table == reference.table && $0.targets == [reference.column] && $0.onDelete == reference.onDelete
      })
    {
      return []
    }
    // Foreign keys that somebody else made stay.
    var changes = standing.compactMap(\.name).filter { $0.hasPrefix("fk_") }.map { drop(constraint: $0, of: table) }
    if let change = addReference(table, column, probed: true) { changes.append(change) }
    return changes
  }

  func addReference(_ table: TableDefinition, _ column: ColumnDefinition, probed: Bool) -> SchemaChange? {
    guard let reference = column.reference else { return nil }
    return SchemaChange(
      table: table.name, description: "\(table.name).\(column.name) refers to \(reference.table)",
      statements: [table.addReference(reference, on: column.name)],
      probes: probed ? [isOrphaned(table, column.name, reference)].compactMap { $0 } : [])
  }

  private func drop(constraint name: String, of table: TableDefinition) -> SchemaChange {
    SchemaChange(
      table: table.name, description: "drop constraint \(name) of \(table.name)",
      statements: [alter(table, SQL("DROP CONSTRAINT ") + SQL(identifier: name))])
  }

  private func alter(_ table: TableDefinition, _ action: SQL) -> String {
    (SQL("ALTER TABLE ") + SQL(table: table.name, schema: table.schema) + SQL(" ") + action).text(.postgres)
  }
}
