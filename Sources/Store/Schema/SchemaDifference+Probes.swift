/// Questions to the rows that are there, before a change.
extension SchemaDifference {
  func isNotEmpty(_ table: TableDefinition) -> SchemaChange.Probe {
    probe(SQL("SELECT 1 FROM ") + source(table), "the table holds rows, which would have no value for it: give it a default")
  }

  func hasNull(_ table: TableDefinition, _ column: String) -> SchemaChange.Probe {
    probe(
      SQL("SELECT 1 FROM ") + source(table) + SQL(" WHERE ") + SQL(identifier: column) + SQL(" IS NULL"),
      "rows hold no value in \(column), which has become required")
  }

  func violates(_ table: TableDefinition, _ check: CheckDefinition) -> SchemaChange.Probe {
    probe(
      SQL("SELECT 1 FROM ") + source(table) + SQL(" WHERE NOT (") + check.condition + SQL(")"),
      "rows hold values that it refuses (\(check.condition.text(dialect)))")
  }

  func hasMisfit(_ table: TableDefinition, _ column: ColumnDefinition, _ condition: SQL) -> SchemaChange.Probe {
    probe(
      SQL("SELECT 1 FROM ") + source(table) + SQL(" WHERE ") + condition,
      "rows hold values in \(column.name) that a \(column.kind.recordName) cannot hold")
  }

  /// Nil where the table it refers to is not there yet, so that it can only be empty.
  func isOrphaned(_ table: TableDefinition, _ column: String, _ reference: ReferenceDefinition) -> SchemaChange.Probe? {
    guard live.table(reference.table, schema: reference.schema)?.column(reference.column) != nil else {
      return probe(
        SQL("SELECT 1 FROM ") + source(table) + SQL(" WHERE ") + SQL(identifier: column) + SQL(" IS NOT NULL"),
        "rows of \(table.name) refer to records that do not exist")
    }
    return probe(
      SQL("SELECT 1 FROM ") + source(table) + SQL(" AS a WHERE a.") + SQL(identifier: column)
        + SQL(" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ") + SQL(table: reference.table, schema: reference.schema)
        + SQL(" AS b WHERE b.") + SQL(identifier: reference.column) + SQL(" = a.") + SQL(identifier: column) + SQL(")"),
      "rows of \(table.name) refer to records that do not exist")
  }

  func hasDuplicates(_ table: TableDefinition, _ index: IndexDefinition, among found: LiveTable) -> SchemaChange.Probe {
    var sql = SQL("SELECT 1 FROM ") + source(table) + SQL(" WHERE ")
    for (place, part) in index.parts.enumerated() {
      if place > 0 { sql.append(" AND ") }
      sql.append(identifier: part.column)
      sql.append(" IS NOT NULL")
    }
    // Where the column is still to come, every row is one of the living.
    if let column = index.whereNull, found.column(column) != nil {
      sql = sql + SQL(" AND ") + SQL(identifier: column) + SQL(" IS NULL")
    }
    sql.append(" GROUP BY ")
    for (place, part) in index.parts.enumerated() {
      if place > 0 { sql.append(", ") }
      sql.append(identifier: part.column)
    }
    sql.append(" HAVING count(*) > 1")
    return probe(sql, "rows of \(table.name) hold the same value more than once")
  }

  func hasDeleted(_ table: TableDefinition, _ column: String) -> SchemaChange.Probe {
    let deleted = source(table) + SQL(" WHERE ") + SQL(identifier: column) + SQL(" IS NOT NULL")
    return probe(
      SQL("SELECT 1 FROM ") + deleted,
      "rows hold deleted records, which would come back without \"delete: soft\": keep it, or remove them first ("
        + (SQL("DELETE FROM ") + deleted).text(dialect) + ")")
  }

  private func source(_ table: TableDefinition) -> SQL { SQL(table: table.name, schema: table.schema) }

  private func probe(_ sql: SQL, _ finding: String) -> SchemaChange.Probe {
    SchemaChange.Probe(statement: (sql + SQL(" LIMIT 1")).text(dialect), finding: finding)
  }
}
