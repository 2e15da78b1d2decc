/// SQLite cannot change a column or a constraint: the table is built anew beside the old one and takes its place
/// (https://www.sqlite.org/lang_altertable.html, section 7), in the same transaction.
extension SchemaDifference {
  func sqliteChanges(
    _ table: TableDefinition, _ found: LiveTable, _ conversions: [String: SchemaConversion]
  ) -> [SchemaChange] {
    let added = table.columns.filter { found.column($0.name) == nil }
    var reasons: [String] = []
    var probes: [SchemaChange.Probe] = []
    let isOwn = record(of: table) != nil
    for column in table.columns {
      guard let live = found.column(column.name) else {
        // `ADD COLUMN` cannot make one that must have a value and has none to give.
        if !column.isNullable, column.defaultLiteral == nil || column.reference != nil {
          reasons.append("add required column \(column.name)")
          probes.append(isNotEmpty(table))
        }
        continue
      }
      if live.isNullable != column.isNullable, !table.key.contains(column.name) {
        reasons.append("\(column.name) \(column.isNullable ? "may be" : "cannot be") null")
        if !column.isNullable, column.defaultLiteral == nil { probes.append(hasNull(table, column.name)) }
      }
      if let conversion = conversions[column.name] {
        reasons.append("\(column.name) becomes \(column.kind.recordName)")
        if let misfit = conversion.misfit { probes.append(hasMisfit(table, column, misfit)) }
      }
    }
    for name in left(table, found) { reasons.append("\(name) may be null") }
    for check in table.allChecks where !found.checks.contains(check.name) {
      // A new column's own condition comes with it.
      if added.contains(where: { $0.check?.name == check.name }) { continue }
      reasons.append("condition \(check.condition.text(.sqlite))")
      let isOfNewColumns = table.checks.contains { $0.name == check.name } && !added.isEmpty
      let isConverted = table.columns.contains { $0.check?.name == check.name && conversions[$0.name] != nil }
      if !isOfNewColumns, !isConverted { probes.append(violates(table, check)) }
    }
    for name in found.checks.sorted() where name.hasPrefix("ck_") && !table.allChecks.contains(where: { $0.name == name }) {
      reasons.append("drop condition \(name)")
    }
    for column in table.columns where found.column(column.name) != nil {
      let standing = found.foreignKeys.first { $0.columns == [column.name] }
      guard !isSame(standing, column.reference) else { continue }
      reasons.append(column.reference.map { "\(column.name) refers to \($0.table)" } ?? "\(column.name) refers to nothing")
      if let reference = column.reference, let probe = isOrphaned(table, column.name, reference) { probes.append(probe) }
    }
    guard !reasons.isEmpty else {
      return added.map {
        SchemaChange(
          table: table.name, description: "add column \(table.name).\($0.name)", statements: [table.addColumn($0, .sqlite)],
          reversal: reversal(ofAdding: $0, to: table))
      }
    }
    let others = added.filter { $0.isNullable || ($0.defaultLiteral != nil && $0.reference == nil) }
    var change = rebuild(table, found, conversions, because: others.map { "add column \($0.name)" } + reasons)
    change.probes = probes
    if !conversions.isEmpty { change.caution = "processes that run the old contract would read other values than they expect" }
    if !isOwn { change.obstacle = "the table was not made by Martlet and would have to be rebuilt" }
    if found.columns.contains(where: { $0.isGenerated && table.column($0.name) == nil }) {
      change.obstacle = "the table would have to be rebuilt, which would lose its generated columns"
    }
    return filling(table, found, but: conversions) + [change]
  }

  private func isSame(_ live: LiveForeignKey?, _ wanted: ReferenceDefinition?) -> Bool {
    guard let live, let wanted else { return live == nil && wanted == nil }
    return live.table == wanted.table && (live.targets.isEmpty || live.targets == [wanted.column])
      && live.onDelete == wanted.onDelete
  }

  /// Columns that Martlet made, that the contract has no more, and without which no row could be inserted.
  func left(_ table: TableDefinition, _ found: LiveTable) -> [String] {
    let own = SchemaDifference.kinds(record(of: table) ?? "")
    return found.columns.filter { column in
      !column.isNullable && column.defaultText == nil && !column.isGenerated && !found.key.contains(column.name)
        && table.column(column.name) == nil && own[column.name] != nil
    }.map(\.name)
  }

  /// - Parameter without: columns that the new table has no more.
  func rebuild(
    _ table: TableDefinition, _ found: LiveTable, _ conversions: [String: SchemaConversion], because reasons: [String],
    without dropped: Set<String> = []
  ) -> SchemaChange {
    let temporary = "_martlet_new_" + table.name
    let kept = found.columns.filter { !$0.isGenerated && !dropped.contains($0.name) }
    let extra = kept.filter { table.column($0.name) == nil }
    let target = SQL(columns: kept.map(\.name))
    var source = SQL()
    for (place, column) in kept.enumerated() {
      if place > 0 { source.append(", ") }
      source.append(copied(column.name, table, found, conversions[column.name]))
    }
    let copy =
      SQL("INSERT INTO ") + SQL(identifier: temporary) + SQL(" ") + target + SQL(" SELECT ") + source + SQL(" FROM ")
      + SQL(identifier: table.name)
    var statements = [
      table.create(.sqlite, as: temporary, extra: extra.map(definition)), copy.text(.sqlite),
      (SQL("DROP TABLE ") + SQL(identifier: table.name)).text(.sqlite),
      (SQL("ALTER TABLE ") + SQL(identifier: temporary) + SQL(" RENAME TO ") + SQL(identifier: table.name)).text(.sqlite),
    ]
    // The old table took its indexes along: those that are wanted are made again here, or by `indexChanges` where they differ.
    for index in table.indexes where found.indexes.contains(where: { $0.name == index.name }) {
      statements.append(table.create(index, .sqlite))
    }
    statements += found.triggers
    return SchemaChange(
      table: table.name, description: "rebuild table \(table.name): \(reasons.joined(separator: "; "))", statements: statements,
      safety: .rewrites, settlesRecord: true, reversal: .impossible)
  }

  /// What the new table's column is filled with.
  private func copied(_ name: String, _ table: TableDefinition, _ found: LiveTable, _ conversion: SchemaConversion?) -> SQL {
    guard let conversion else { return SQL(identifier: name) }
    guard let column = table.column(name), isFilled(column, table, found), let literal = column.defaultLiteral else {
      return conversion.expression
    }
    return SQL("coalesce(") + conversion.expression + SQL(", ") + literal + SQL(")")
  }

  /// A column that the contract does not know, kept through a rebuild.
  private func definition(_ column: LiveColumn) -> SQL {
    let types: Set<String> = ["INTEGER", "INT", "TEXT", "REAL", "BLOB"]
    var sql = SQL(identifier: column.name) + SQL(" ")
    sql.append(printed: types.contains(column.type.uppercased()) ? column.type : "ANY")
    if let text = column.defaultText {
      sql.append(" DEFAULT (")
      sql.append(printed: text)
      sql.append(")")
    }
    return sql
  }
}
