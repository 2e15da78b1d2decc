extension SchemaDifference {
  /// Indexes that are missing, other than wanted, broken off, or Martlet's own and no longer wanted.
  func indexChanges(_ table: TableDefinition, _ found: LiveTable) -> [SchemaChange] {
    var changes: [SchemaChange] = []
    for index in table.indexes {
      let standing = found.indexes.first { $0.name == index.name }
      if let standing, standing.isValid, isSame(standing, index) { continue }
      if let cut = found.cut, dialect == .postgres {
        changes += partedIndexChanges(table, index, standing, cut)
        continue
      }
      let unique = index.isUnique ? "unique " : ""
      var change = SchemaChange(
        table: table.name, schema: table.schema, description: "\(standing == nil ? "create" : "rebuild") \(unique)index \(index.name)",
        statements: [table.create(index, dialect)], safety: dialect == .sqlite ? .locks : .safe)
      if dialect == .postgres {
        change.statements = [table.create(index, dialect, isOnline: true)]
        change.form = .online
        change.onFailure = drop(index.name, table)
      }
      change.reversal = .statements([drop(index.name, table)])
      if standing != nil { change.statements.insert(drop(index.name, table), at: 0) }
      // Between the two nothing would keep values apart.
      if dialect == .postgres, index.isUnique, standing?.isValid == true {
        change.caution = "meanwhile nothing would keep its values apart"
      }
      let areThere = index.parts.allSatisfy { found.column($0.column) != nil }
      if index.isUnique, areThere { change.probes = [hasDuplicates(table, index, among: found)] }
      changes.append(change)
    }
    for standing in found.indexes where !standing.isConstraint && isOwn(standing.name, table) {
      guard !table.indexes.contains(where: { $0.name == standing.name }) else { continue }
      changes.append(
        SchemaChange(
          table: table.name, schema: table.schema, description: "drop index \(standing.name)", statements: [drop(standing.name, table)],
          form: dialect == .sqlite ? .together : found.cut == nil ? .online : .brief))
      if found.cut != nil { changes[changes.endIndex - 1].statements = [removal(ofParted: standing.name, table)] }
    }
    return changes
  }

  func isSame(_ live: LiveIndex, _ index: IndexDefinition) -> Bool {
    live.isUnique == index.isUnique && live.isPartial == (index.whereNull != nil)
      && live.parts.elementsEqual(index.parts) { $0.column == $1.column && $0.isDescending == $1.isDescending }
  }

  private func isOwn(_ name: String, _ table: TableDefinition) -> Bool {
    record(of: table) != nil
      && [table.name, table.was].compactMap(\.self).contains { table in
        IndexLayout.prefixes.contains { name.hasPrefix("\($0)\(table)_") }
      }
  }

  /// On SQLite it went already where the same plan has rebuilt its table.
  private func drop(_ index: String, _ table: TableDefinition) -> String {
    (SQL(dialect == .postgres ? "DROP INDEX CONCURRENTLY IF EXISTS " : "DROP INDEX IF EXISTS ") + SQL(table: index, schema: table.schema))
      .text(dialect)
  }
}
