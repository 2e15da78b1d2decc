import JSON

extension SchemaInspector {
  /// Tables in parts, and their parts. Nothing else of them.
  func inspectParts() async throws(StoreError) -> LiveSchema {
    var tables: [LiveTable] = []
    var places: [[String]: Int] = [:]
    let rows = try await inspected(SchemaInspector.postgresParts)
    for row in rows where places[[row.text(0), row.text(1)]] == nil {
      places[[row.text(0), row.text(1)]] = tables.count
      tables.append(LiveTable(name: row.text(1)))
      tables[tables.count - 1].schema = row[0]
    }
    SchemaInspector.read(rows, into: &tables, places)
    var schema = LiveSchema()
    schema.defaultSchema = try await self.rows("SELECT current_schema()::text").first?[0]
    schema.tables = tables
    return schema
  }

  func inspectPostgres() async throws(StoreError) -> LiveSchema {
    var tables: [LiveTable] = []
    var places: [[String]: Int] = [:]
    func place(_ row: InspectedRow) -> Int {
      let name = [row.text(0), row.text(1)]
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
      tables[table].columns.append(SchemaInspector.column(row))
    }
    for row in try await inspected(SchemaInspector.postgresConstraints) {
      let table = place(row)
      if row.flag(8) { tables[table].unvalidated.insert(row.text(2)) }
      let columns = row.texts(4)
      switch row.text(3) {
      case "p": tables[table].key = columns
      case "c": tables[table].checks.insert(row.text(2))
      case "f":
        tables[table].foreignKeys.append(
          LiveForeignKey(
            name: row.text(2), columns: columns, table: row.text(5), schema: row[9], targets: row.texts(6),
            onDelete: SchemaInspector.deletions[row.text(7)] ?? "NO ACTION"))
      default: break
      }
    }
    for row in try await inspected(SchemaInspector.postgresIndexes) {
      let table = place(row)
      let part = (column: row.text(6), isDescending: row.flag(7))
      if let end = tables[table].indexes.indices.last, tables[table].indexes[end].name == row.text(2) {
        tables[table].indexes[end].parts.append(part)
        tables[table].indexes[end].nullIsHighest.append(row.flag(10))
      } else {
        tables[table].indexes.append(
          LiveIndex(
            name: row.text(2), parts: [part], isUnique: row.flag(3), isPartial: row.flag(4), isConstraint: row.flag(5),
            isValid: row.flag(8), isOrdered: row.text(9) == "btree", nullIsHighest: [row.flag(10)]))
      }
    }
    try await readParts(&tables, places)
    var schema = LiveSchema()
    schema.defaultSchema = try await rows("SELECT current_schema()::text").first?[0]
    schema.tables = tables
    return schema
  }

  private static func read(_ parts: [InspectedRow], into tables: inout [LiveTable], _ places: [[String]: Int]) {
    for row in parts {
      guard let place = places[[row.text(0), row.text(1)]] else { continue }
      if tables[place].cut == nil { tables[place].cut = LiveCut(key: row.text(2)) }
      guard let name = row[4] else { continue }
      tables[place].cut?.parts.append(LivePart(name: name, schema: row[3], bounds: row.text(5), isLeaving: row.flag(6)))
    }
  }

  private func readParts(_ tables: inout [LiveTable], _ places: [[String]: Int]) async throws(StoreError) {
    SchemaInspector.read(try await inspected(SchemaInspector.postgresParts), into: &tables, places)
    for row in try await inspected(SchemaInspector.postgresIndexParts) {
      guard let place = places[[row.text(0), row.text(1)]],
        let index = tables[place].indexes.firstIndex(where: { $0.name == row.text(2) })
      else { continue }
      tables[place].indexes[index].whole = row[3]
    }
  }

  private static func column(_ row: InspectedRow) -> LiveColumn {
    var column = LiveColumn(
      name: row.text(2), type: row.text(3), isNullable: !row.flag(4), defaultText: row[5], isGenerated: row.flag(6))
    let labels = row[11].map { _ in row.texts(11) }
    var native = NativeType(base: NativeName(schema: row.text(8), name: row.text(9)), printed: row.text(10), labels: labels)
    if row[12] != nil {
      native.element = NativeType.Element(
        name: NativeName(schema: row.text(12), name: row.text(13)), base: NativeName(schema: row.text(14), name: row.text(15)),
        printed: row.text(16), labels: row[17].map { _ in row.texts(17) })
    }
    column.native = native
    column.sequence = row[18]
    column.isAlwaysNumbered = row.flag(19)
    return column
  }

  /// The rows of a statement in two parts, between which the condition on the schema stands.
  func inspected(_ statement: (before: StaticString, after: StaticString)) async throws(StoreError) -> [InspectedRow] {
    var sql = SQL(statement.before)
    if looksEverywhere {
      sql.append(
        " n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND has_schema_privilege(n.oid, 'USAGE')")
      // A partitioned table may have thousands of parts, which are no resources.
      sql.append(" AND NOT c.relispartition")
    } else {
      sql.append(" n.nspname IN (current_schema()")
      for schema in schemas {
        sql.append(", ")
        sql.append(literal: schema)
      }
      sql.append(")")
    }
    sql.append(" ")
    return try await rows((sql + SQL(statement.after)).text(.postgres))
  }

  private static let deletions = ["r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT", "a": "NO ACTION"]

  /// Domains are looked behind: down to the innermost one's type and its bounds.
  private static let postgresColumns: (before: StaticString, after: StaticString) = (
    """
    WITH RECURSIVE martlet_domains(id, base, modifier) AS (
      SELECT t.oid, t.typbasetype, t.typtypmod FROM pg_type AS t WHERE t.typtype = 'd'
      UNION ALL SELECT d.id, t.typbasetype, t.typtypmod FROM martlet_domains AS d JOIN pg_type AS t ON t.oid = d.base WHERE t.typtype = 'd'
    ), martlet_types(id, base, modifier, isdomain) AS (
      SELECT t.oid, coalesce(d.base, t.oid), d.modifier, t.typtype = 'd' FROM pg_type AS t
      LEFT JOIN martlet_domains AS d ON d.id = t.oid AND EXISTS (SELECT 1 FROM pg_type AS b WHERE b.oid = d.base AND b.typtype <> 'd')
    )
    SELECT n.nspname::text, c.relname::text, a.attname::text,
      format_type(a.atttypid, a.atttypmod),
      CASE WHEN a.attnotnull OR EXISTS (
        SELECT 1 FROM pg_type AS t WHERE t.oid = a.atttypid AND t.typtype = 'd' AND t.typnotnull) THEN '1' ELSE '0' END,
      CASE WHEN a.attidentity <> '' THEN 'identity' WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
      CASE WHEN a.attgenerated <> '' THEN '1' ELSE '0' END, c.relkind::text,
      bn.nspname::text, b.typname::text, format_type(b.oid, CASE WHEN m.isdomain THEN m.modifier ELSE a.atttypmod END),
      CASE WHEN b.typtype = 'e' THEN (
        SELECT json_agg(l.enumlabel::text ORDER BY l.enumsortorder)::text FROM pg_enum AS l WHERE l.enumtypid = b.oid) END,
      en.nspname::text, e.typname::text, fn.nspname::text, f.typname::text,
      format_type(f.oid, CASE WHEN em.isdomain THEN em.modifier ELSE a.atttypmod END),
      CASE WHEN f.typtype = 'e' THEN (
        SELECT json_agg(l.enumlabel::text ORDER BY l.enumsortorder)::text FROM pg_enum AS l WHERE l.enumtypid = f.oid) END,
      CASE WHEN a.attidentity <> '' THEN (
        SELECT quote_ident(qn.nspname) || '.' || quote_ident(q.relname) FROM pg_depend AS p
        JOIN pg_class AS q ON q.oid = p.objid AND q.relkind = 'S' JOIN pg_namespace AS qn ON qn.oid = q.relnamespace
        WHERE p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass AND p.refobjid = c.oid
          AND p.refobjsubid = a.attnum AND p.deptype = 'i' LIMIT 1)
      WHEN a.attgenerated = '' AND pg_get_expr(d.adbin, d.adrelid) ~ '^nextval\\(''([^'']|'''')+''::regclass\\)$' THEN (
        SELECT quote_ident(qn.nspname) || '.' || quote_ident(q.relname) FROM pg_depend AS p
        JOIN pg_class AS q ON q.oid = p.refobjid AND q.relkind = 'S' JOIN pg_namespace AS qn ON qn.oid = q.relnamespace
        WHERE p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass LIMIT 1) END,
      CASE WHEN a.attidentity = 'a' THEN '1' ELSE '0' END
    FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    JOIN martlet_types AS m ON m.id = a.atttypid JOIN pg_type AS b ON b.oid = m.base JOIN pg_namespace AS bn ON bn.oid = b.typnamespace
    LEFT JOIN pg_type AS e ON e.oid = b.typelem AND b.typcategory = 'A' AND b.typlen = -1
    LEFT JOIN pg_namespace AS en ON en.oid = e.typnamespace LEFT JOIN martlet_types AS em ON em.id = e.oid
    LEFT JOIN pg_type AS f ON f.oid = em.base LEFT JOIN pg_namespace AS fn ON fn.oid = f.typnamespace
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND
    """, "ORDER BY n.nspname, c.relname, a.attnum"
  )

  private static let postgresConstraints: (before: StaticString, after: StaticString) = (
    """
    SELECT n.nspname::text, c.relname::text, k.conname::text, k.contype::text,
      (SELECT json_agg(a.attname::text ORDER BY u.place)::text FROM unnest(k.conkey) WITH ORDINALITY AS u(number, place)
        JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.number),
      t.relname::text,
      (SELECT json_agg(a.attname::text ORDER BY u.place)::text FROM unnest(k.confkey) WITH ORDINALITY AS u(number, place)
        JOIN pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.number),
      k.confdeltype::text, CASE WHEN k.convalidated THEN '0' ELSE '1' END, tn.nspname::text
    FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_class AS t ON t.oid = k.confrelid LEFT JOIN pg_namespace AS tn ON tn.oid = t.relnamespace
    WHERE NOT EXISTS (SELECT 1 FROM pg_constraint AS o WHERE o.oid = k.conparentid AND o.conrelid = k.conrelid) AND
    """, "ORDER BY n.nspname, c.relname, k.conname"
  )

  private static let postgresIndexes: (before: StaticString, after: StaticString) = (
    """
    SELECT n.nspname::text, c.relname::text, i.relname::text,
      CASE WHEN x.indisunique THEN '1' ELSE '0' END, CASE WHEN x.indpred IS NOT NULL THEN '1' ELSE '0' END,
      CASE WHEN EXISTS (SELECT 1 FROM pg_constraint AS k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x'))
        THEN '1' ELSE '0' END,
      (SELECT a.attname::text FROM pg_attribute AS a WHERE a.attrelid = x.indrelid AND a.attnum = x.indkey[o.place - 1]),
      CASE WHEN x.indoption[o.place - 1] & 1 = 1 THEN '1' ELSE '0' END, CASE WHEN x.indisvalid THEN '1' ELSE '0' END,
      am.amname::text,
      CASE WHEN (x.indoption[o.place - 1] & 1 = 1) = (x.indoption[o.place - 1] & 2 = 2) THEN '1' ELSE '0' END
    FROM pg_index AS x JOIN pg_class AS c ON c.oid = x.indrelid JOIN pg_class AS i ON i.oid = x.indexrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_am AS am ON am.oid = i.relam
    CROSS JOIN LATERAL generate_series(1, x.indnkeyatts::int) AS o(place)
    WHERE
    """, "ORDER BY n.nspname, c.relname, i.relname, o.place"
  )

  private static let postgresParts: (before: StaticString, after: StaticString) = (
    """
    SELECT n.nspname::text, c.relname::text, pg_get_partkeydef(c.oid), pn.nspname::text, p.relname::text,
      pg_get_expr(p.relpartbound, p.oid), CASE WHEN h.inhdetachpending THEN '1' ELSE '0' END
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_inherits AS h ON h.inhparent = c.oid LEFT JOIN pg_class AS p ON p.oid = h.inhrelid
    LEFT JOIN pg_namespace AS pn ON pn.oid = p.relnamespace
    WHERE c.relkind = 'p' AND
    """, "ORDER BY n.nspname, c.relname, pn.nspname, p.relname"
  )

  private static let postgresIndexParts: (before: StaticString, after: StaticString) = (
    """
    SELECT n.nspname::text, c.relname::text, i.relname::text, w.relname::text
    FROM pg_inherits AS h JOIN pg_index AS x ON x.indexrelid = h.inhrelid JOIN pg_class AS i ON i.oid = h.inhrelid
    JOIN pg_class AS w ON w.oid = h.inhparent JOIN pg_class AS c ON c.oid = x.indrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE
    """, "ORDER BY n.nspname, c.relname, i.relname"
  )
}

extension InspectedRow {
  /// A column that is a JSON array of texts.
  func texts(_ place: Int) -> [String] {
    guard let text = self[place], let document = try? JSONDocument.parse(Array(text.utf8)) else { return [] }
    return document.root.elements.compactMap(\.stringValue)
  }
}
