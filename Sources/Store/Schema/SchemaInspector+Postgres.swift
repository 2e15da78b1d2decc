extension SchemaInspector {
  func inspectPostgres() async throws(StoreError) -> LiveSchema {
    var tables: [LiveTable] = []
    var places: [String: Int] = [:]
    func place(_ row: InspectedRow) -> Int {
      let name = row.text(0) + "." + row.text(1)
      if let place = places[name] { return place }
      var table = LiveTable(name: row.text(1))
      table.schema = row[0]
      places[name] = tables.count
      tables.append(table)
      return tables.count - 1
    }
    for row in try await inspected(SchemaInspector.postgresColumns) {
      let table = place(row)
      tables[table].isView = row.text(7) == "v" || row.text(7) == "m"
      tables[table].columns.append(
        LiveColumn(
          name: row.text(2), type: row.text(3), isNullable: !row.flag(4), defaultText: row[5], isGenerated: row.flag(6)))
    }
    for row in try await inspected(SchemaInspector.postgresConstraints) {
      let table = place(row)
      if row.flag(8) { tables[table].unvalidated.insert(row.text(2)) }
      let columns = row.text(4).split(separator: "\u{1f}").map(String.init)
      switch row.text(3) {
      case "p": tables[table].key = columns
      case "c": tables[table].checks.insert(row.text(2))
      case "f":
        tables[table].foreignKeys.append(
          LiveForeignKey(
            name: row.text(2), columns: columns, table: row.text(5),
            targets: row.text(6).split(separator: "\u{1f}").map(String.init),
            onDelete: SchemaInspector.deletions[row.text(7)] ?? "NO ACTION"))
      default: break
      }
    }
    for row in try await inspected(SchemaInspector.postgresIndexes) {
      let table = place(row)
      let part = (column: row.text(6), isDescending: row.flag(7))
      if let end = tables[table].indexes.indices.last, tables[table].indexes[end].name == row.text(2) {
        tables[table].indexes[end].parts.append(part)
      } else {
        tables[table].indexes.append(
          LiveIndex(
            name: row.text(2), parts: [part], isUnique: row.flag(3), isPartial: row.flag(4), isConstraint: row.flag(5),
            isValid: row.flag(8)))
      }
    }
    var schema = LiveSchema()
    schema.defaultSchema = try await rows("SELECT current_schema()::text").first?[0]
    schema.tables = tables
    return schema
  }

  /// The rows of a statement in two parts, between which the condition on the schema stands.
  private func inspected(_ statement: (before: StaticString, after: StaticString)) async throws(StoreError) -> [InspectedRow] {
    var sql = SQL(statement.before) + SQL(" n.nspname IN (current_schema()")
    for schema in schemas {
      sql.append(", ")
      sql.append(literal: schema)
    }
    sql.append(") ")
    return try await rows((sql + SQL(statement.after)).text(.postgres))
  }

  private static let deletions = ["r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT", "a": "NO ACTION"]

  private static let postgresColumns: (before: StaticString, after: StaticString) = (
    """
    SELECT n.nspname::text, c.relname::text, a.attname::text,
      format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN '1' ELSE '0' END,
      CASE WHEN a.attidentity <> '' THEN 'identity' WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
      CASE WHEN a.attgenerated <> '' THEN '1' ELSE '0' END, c.relkind::text
    FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND
    """, "ORDER BY n.nspname, c.relname, a.attnum"
  )

  private static let postgresConstraints: (before: StaticString, after: StaticString) = (
    """
    SELECT n.nspname::text, c.relname::text, k.conname::text, k.contype::text,
      array_to_string(ARRAY(
        SELECT a.attname FROM unnest(k.conkey) WITH ORDINALITY AS u(number, place)
        JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.number ORDER BY u.place), chr(31)),
      t.relname::text,
      array_to_string(ARRAY(
        SELECT a.attname FROM unnest(k.confkey) WITH ORDINALITY AS u(number, place)
        JOIN pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.number ORDER BY u.place), chr(31)),
      k.confdeltype::text, CASE WHEN k.convalidated THEN '0' ELSE '1' END
    FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_class AS t ON t.oid = k.confrelid
    WHERE
    """, "ORDER BY n.nspname, c.relname, k.conname"
  )

  private static let postgresIndexes: (before: StaticString, after: StaticString) = (
    """
    SELECT n.nspname::text, c.relname::text, i.relname::text,
      CASE WHEN x.indisunique THEN '1' ELSE '0' END, CASE WHEN x.indpred IS NOT NULL THEN '1' ELSE '0' END,
      CASE WHEN EXISTS (SELECT 1 FROM pg_constraint AS k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x'))
        THEN '1' ELSE '0' END,
      (SELECT a.attname::text FROM pg_attribute AS a WHERE a.attrelid = x.indrelid AND a.attnum = x.indkey[o.place - 1]),
      CASE WHEN x.indoption[o.place - 1] & 1 = 1 THEN '1' ELSE '0' END, CASE WHEN x.indisvalid THEN '1' ELSE '0' END
    FROM pg_index AS x JOIN pg_class AS c ON c.oid = x.indrelid JOIN pg_class AS i ON i.oid = x.indexrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL generate_series(1, x.indnkeyatts::int) AS o(place)
    WHERE
    """, "ORDER BY n.nspname, c.relname, i.relname, o.place"
  )
}
