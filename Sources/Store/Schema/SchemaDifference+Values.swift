/// What is to be done with the values that are there: converted, filled in, dropped.
extension SchemaDifference {
  /// Columns whose kind changes: those that can be converted with every value kept, and those that stop.
  func conversions(_ table: TableDefinition, _ found: LiveTable) -> (made: [String: SchemaConversion], obstacles: [SchemaChange]) {
    var made: [String: SchemaConversion] = [:]
    var obstacles: [SchemaChange] = []
    let recorded = SchemaDifference.kinds(record(of: table) ?? "")
    for column in table.columns {
      guard let live = found.column(column.name) else { continue }
      let name = recorded[column.name] ?? column.was.flatMap { recorded[$0] }
      let old = name.flatMap { ColumnKind(recordName: $0) }
      let isStale = old.map { self.isStale($0, column, live) } ?? false
      let hasOtherKind = name.map { $0 != column.kind.recordName && !isStale } ?? false
      guard hasOtherKind || !column.kind.fits(live.type, dialect) || isNarrower(column, live) else { continue }
      if dialect == .postgres, !isNarrower(column, live), SchemaDifference.precision(live.type) != nil,
        SchemaDifference.precision(column.type) != nil
      {
        // One numeric to a wider one: `columnChanges` does it.
        continue
      }
      let precision = SchemaDifference.precision(column.type)?.digits
      if let old, column.reference == nil, !table.key.contains(column.name), !live.isGenerated,
        let conversion = SchemaConversion(column.name, from: old, to: column.kind, precision: precision, dialect: dialect)
      {
        made[column.name] = conversion
      } else {
        obstacles.append(conversion(table, column, from: name ?? live.type))
      }
    }
    return (made, obstacles)
  }

  /// Somebody has converted the column since: it has no longer the type that what is recorded of it would have.
  private func isStale(_ kind: ColumnKind, _ column: ColumnDefinition, _ live: LiveColumn) -> Bool {
    let type = kind.columnType(dialect, precision: nil)
    func stem(_ type: String) -> Substring { type.prefix { $0 != "(" } }
    return stem(type) != stem(live.type) && stem(live.type) == stem(column.type)
  }

  private func conversion(_ table: TableDefinition, _ column: ColumnDefinition, from old: String) -> SchemaChange {
    let statement =
      dialect == .postgres
      ? (SQL("ALTER TABLE ") + SQL(table: table.name, schema: table.schema) + SQL(" ALTER COLUMN ") + SQL(identifier: column.name)).text(
        dialect)
        + " TYPE \(column.type) USING \(SQL(identifier: column.name).text(dialect))::\(column.type)"
      : table.addColumn(renamed(column), dialect)
    return SchemaChange(
      table: table.name, schema: table.schema,
      description: "change column \(table.name).\(column.name) from \(old) to \(column.kind.recordName)",
      statements: [statement], obstacle: "its values would have to be converted")
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

  /// Columns that become required and have a default: rows without a value get it.
  ///
  /// - Parameter converted: columns that have another kind afterwards: their default is of that kind.
  func filling(_ table: TableDefinition, _ found: LiveTable, but converted: [String: SchemaConversion] = [:]) -> [SchemaChange] {
    let columns = table.columns.filter { isFilled($0, table, found) && converted[$0.name] == nil }
    guard !columns.isEmpty else { return [] }
    var sql = SQL()
    var condition = SQL()
    for (place, column) in columns.enumerated() {
      let name = SQL(identifier: column.name)
      if place > 0 {
        sql.append(", ")
        condition.append(" OR ")
      }
      sql = sql + name + SQL(" = coalesce(") + name + SQL(", ") + (column.defaultLiteral ?? SQL("NULL")) + SQL(")")
      condition = condition + name + SQL(" IS NULL")
    }
    let names = columns.map(\.name).joined(separator: ", ")
    // Pages are those of one table.
    let stores = found.cut?.parts.map { (name: $0.name, schema: $0.schema) } ?? [(table.name, table.schema)]
    return stores.map { store in
      let source = SQL(table: store.name, schema: store.schema)
      return SchemaChange(
        table: store.name, schema: store.schema, description: "give rows of \(store.name) without \(names) the default",
        statements: [(SQL("UPDATE ") + source + SQL(" SET ") + sql + SQL(" WHERE (") + condition + SQL(")")).text(dialect)],
        safety: .rewrites, form: dialect == .postgres ? .batches : .together,
        caution: "rows hold no value in \(names), which has become required",
        onlyIf: (SQL("SELECT 1 FROM ") + source + SQL(" WHERE ") + condition + SQL(" LIMIT 1")).text(dialect))
    }
  }

  func isFilled(_ column: ColumnDefinition, _ table: TableDefinition, _ found: LiveTable) -> Bool {
    !column.isNullable && column.defaultLiteral != nil && !table.key.contains(column.name)
      && (found.column(column.name)?.isNullable ?? false)
  }

  // MARK: what goes

  /// Columns that Martlet made and the contract has no more.
  func droppedColumns(_ table: TableDefinition, _ found: LiveTable, _ own: [String: String]) -> SchemaChange? {
    let names = found.columns.map(\.name).filter { table.column($0) == nil && own[$0] != nil && !found.key.contains($0) }
    guard !names.isEmpty else { return nil }
    if dialect == .sqlite {
      // A rebuilt table would lose the first and break the second.
      let hasOthersTriggers = found.triggers.contains { !$0.hasPrefix("CREATE TRIGGER \"_martlet_words_") }
      guard !hasOthersTriggers, !found.columns.contains(where: \.isGenerated) else { return nil }
    }
    let list = names.map { "\(table.name).\($0)" }.joined(separator: ", ")
    guard dialect == .postgres else {
      var change = rebuild(table, found, [:], because: [], without: Set(names))
      change.description = "drop column \(list)"
      change.safety = .losesData
      change.reversal = .impossible
      return change
    }
    var sql = SQL("ALTER TABLE ") + SQL(table: table.name, schema: table.schema)
    for (place, name) in names.enumerated() {
      sql.append(place > 0 ? ", DROP COLUMN " : " DROP COLUMN ")
      sql.append(identifier: name)
    }
    return SchemaChange(
      table: table.name, schema: table.schema, description: "drop column \(list)", statements: [sql.text(.postgres)], safety: .losesData,
      form: .brief, reversal: .impossible)
  }

  /// Tables that Martlet made and the contract has no more: all at once, since they may refer to each other.
  func droppedTables() -> [SchemaChange] {
    let kept = Set(wanted.flatMap { [$0.name, $0.was].compactMap(\.self) })
    let names = records.keys.filter { !kept.contains($0) && !$0.hasPrefix("_martlet_") && live.table($0)?.isView == false }.sorted()
    guard let first = names.first else { return [] }
    var change = SchemaChange(
      table: first, description: "drop table \(names.joined(separator: ", "))", statements: [], safety: .losesData,
      reversal: .impossible)
    switch dialect {
    case .postgres:
      var sql = SQL("DROP TABLE ")
      for (place, name) in names.enumerated() {
        if place > 0 { sql.append(", ") }
        sql.append(identifier: name)
      }
      change.statements = [sql.text(.postgres)]
      change.form = .brief
    case .sqlite:
      for name in names {
        for words in live.tables where words.definition.hasPrefix("CREATE VIRTUAL TABLE") && WordsIndex.isName(words.name, of: name) {
          change.statements += WordsIndex.removal(words.name, schema: nil, .sqlite)
        }
        change.statements.append((SQL("DROP TABLE ") + SQL(identifier: name)).text(.sqlite))
      }
    }
    change.statements += names.map { SchemaNotes.removal($0, dialect) }
    return [change]
  }
}
