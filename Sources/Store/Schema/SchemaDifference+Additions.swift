/// What stands before the SQL that a person wrote: new tables and columns, which it may fill.
extension SchemaDifference {
  /// New names, tables and columns, without what would keep rows out; and what the database is like behind them.
  func additions() -> (changes: [SchemaChange], live: LiveSchema) {
    var (changes, live) = renamings()
    for table in wanted where table.isManaged {
      guard let place = live.place(of: table.name, schema: table.schema) else {
        changes.append(creation(table))
        live.tables.append(LiveTable(table, in: live.defaultSchema))
        continue
      }
      guard !live.tables[place].isView, live.tables[place].key == table.key || live.tables[place].key.isEmpty else { continue }
      for column in table.columns where live.tables[place].column(column.name) == nil {
        let plain = column.relaxed
        var change = SchemaChange(
          table: table.name, schema: table.schema, description: "add column \(table.name).\(column.name)",
          statements: [table.addColumn(plain, dialect)], reversal: reversal(ofAdding: column, to: table))
        if dialect == .postgres { change.form = .brief }
        changes.append(change)
        live.tables[place].columns.append(
          LiveColumn(
            name: plain.name, type: plain.type, isNullable: plain.isNullable, defaultText: plain.defaultLiteral.map { $0.text(dialect) },
            isGenerated: false))
        if let check = plain.check {
          live.tables[place].checks.insert(check.name)
          if dialect == .postgres { live.tables[place].unvalidated.insert(check.name) }
        }
      }
    }
    return (changes, live)
  }
}

extension ColumnDefinition {
  /// Rows that are there need no value for it, and it refers to nothing yet.
  fileprivate var relaxed: ColumnDefinition {
    var result = self
    if result.defaultLiteral == nil { result.isNullable = true }
    result.reference = nil
    return result
  }
}

extension LiveTable {
  /// A table as it is when it was just made. PostgreSQL's references come later.
  fileprivate init(_ table: TableDefinition, in defaultSchema: String?) {
    self.init(name: table.name)
    schema = defaultSchema == nil ? nil : table.schema ?? defaultSchema
    key = table.key
    columns = table.columns.map {
      LiveColumn(name: $0.name, type: $0.type, isNullable: $0.isNullable, defaultText: nil, isGenerated: $0.isGenerated)
    }
    checks = Set(table.allChecks.map(\.name))
    indexes = table.indexes.map { index in
      LiveIndex(
        name: index.name, parts: index.parts.map { ($0.column, $0.isDescending) }, isUnique: index.isUnique,
        isPartial: index.whereNull != nil, isConstraint: false)
    }
    if table.calendar != nil {
      cut = LiveCut(
        key: "RANGE (\(table.key.joined(separator: ", ")))",
        parts: table.parts.map { LivePart(name: $0.name, schema: schema, bounds: $0.bounds.text(.postgres)) })
    }
    if defaultSchema == nil {
      foreignKeys = table.columns.compactMap { column in
        column.reference.map {
          LiveForeignKey(name: nil, columns: [column.name], table: $0.table, targets: [$0.column], onDelete: $0.onDelete)
        }
      }
    }
  }
}
