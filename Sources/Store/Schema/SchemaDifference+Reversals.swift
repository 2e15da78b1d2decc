/// What takes a change back, for `migrate down`.
extension SchemaDifference {
  func reversal(ofMaking table: TableDefinition) -> SchemaChange.Reversal {
    // What the account of it is written in stays.
    if table.name.hasPrefix("_martlet_") { return .none }
    let name = SQL(table: table.name, schema: table.schema)
    return .dropping(
      [(SQL("DROP TABLE ") + name).text(dialect), SchemaNotes.removal(table.name, dialect)],
      losesIf: (SQL("SELECT 1 FROM ") + name + SQL(" LIMIT 1")).text(dialect))
  }

  func reversal(ofAdding column: ColumnDefinition, to table: TableDefinition) -> SchemaChange.Reversal {
    // SQLite drops no column that refers to another table.
    if table.name.hasPrefix("_martlet_") { return .none }
    if dialect == .sqlite, column.reference != nil { return .impossible }
    let name = SQL(table: table.name, schema: table.schema)
    let drop = SQL("ALTER TABLE ") + name + SQL(" DROP COLUMN ") + SQL(identifier: column.name)
    let probe = SQL("SELECT 1 FROM ") + name + SQL(" WHERE ") + SQL(identifier: column.name) + SQL(" IS NOT NULL LIMIT 1")
    return .dropping([drop.text(dialect)], losesIf: probe.text(dialect))
  }
}
