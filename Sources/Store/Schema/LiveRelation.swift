/// What an adoption tells of a table beside its form (PostgreSQL).
package struct LiveRelation: Sendable {
  package enum Kind: String, Sendable {
    case table = "r"
    case partitioned = "p"
    case view = "v"
    case materializedView = "m"
    case foreignTable = "f"
  }

  package var kind: Kind
  package var comment: String?
  /// By the column's name.
  package var columnComments: [String: String] = [:]
  /// Conditions of the table, and those of the domains of its columns.
  package var conditions: [LiveCondition] = []
  /// A part of a partitioned table.
  package var isPartition = false
  /// The extension that it belongs to.
  package var owner: String?
  /// The role may read every column.
  package var isReadable = true
  /// What of `INSERT`, `UPDATE`, `DELETE` the role may not do.
  package var refusals: [String] = []
  package var triggers: [String] = []
  /// Policies decide which rows the role meets.
  package var hasRowSecurity = false
  /// Tables that it inherits from, and that inherit from it: theirs are among its rows.
  package var parents: [String] = []
  package var heirs: [String] = []
  /// `EXCLUDE` constraints, as the database prints them.
  package var exclusions: [String] = []
}

package struct LiveCondition: Sendable {
  /// The column whose domain has the condition: it stands as `VALUE` there. Nil for a condition of the table.
  package var column: String?
  /// As the database prints it.
  package var text: String
}

extension SchemaInspector {
  /// By schema and name, for every table, view and foreign table in sight.
  package func relations() async throws(StoreError) -> [[String]: LiveRelation] {
    var relations: [[String]: LiveRelation] = [:]
    for row in try await inspected(SchemaInspector.relations) {
      guard let kind = LiveRelation.Kind(rawValue: row.text(2)) else { continue }
      var relation = LiveRelation(kind: kind)
      relation.comment = row[3]
      relation.isPartition = row.flag(4)
      relation.owner = row[5]
      relation.isReadable = row.flag(6)
      relation.refusals = row.texts(7)
      relation.triggers = row.texts(8)
      relation.hasRowSecurity = row.flag(9)
      relation.parents = row.texts(10)
      relation.heirs = row.texts(11)
      relation.exclusions = row.texts(12)
      relations[[row.text(0), row.text(1)]] = relation
    }
    for row in try await inspected(SchemaInspector.columnComments) {
      relations[[row.text(0), row.text(1)]]?.columnComments[row.text(2)] = row.text(3)
    }
    for row in try await inspected(SchemaInspector.conditions) {
      relations[[row.text(0), row.text(1)]]?.conditions.append(LiveCondition(column: row[2], text: row.text(3)))
    }
    return relations
  }

  private static let relations: (before: StaticString, after: StaticString) = (
    """
    SELECT n.nspname::text, c.relname::text, c.relkind::text, obj_description(c.oid, 'pg_class'),
      CASE WHEN c.relispartition THEN '1' ELSE '0' END,
      (SELECT x.extname::text FROM pg_depend AS p JOIN pg_extension AS x ON x.oid = p.refobjid
        WHERE p.classid = 'pg_class'::regclass AND p.objid = c.oid AND p.refclassid = 'pg_extension'::regclass AND p.deptype = 'e' LIMIT 1),
      CASE WHEN has_table_privilege(c.oid, 'SELECT') OR NOT EXISTS (
        SELECT 1 FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          AND NOT has_column_privilege(c.oid, a.attnum, 'SELECT')) THEN '1' ELSE '0' END,
      (SELECT json_agg(u.name)::text FROM unnest(ARRAY['INSERT', 'UPDATE', 'DELETE']) AS u(name)
        WHERE NOT has_table_privilege(c.oid, u.name)),
      (SELECT json_agg(g.tgname::text ORDER BY g.tgname)::text FROM pg_trigger AS g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal),
      CASE WHEN row_security_active(c.oid) THEN '1' ELSE '0' END,
      (SELECT json_agg(h.inhparent::regclass::text ORDER BY h.inhseqno)::text FROM pg_inherits AS h
        WHERE h.inhrelid = c.oid AND NOT c.relispartition),
      (SELECT json_agg(h.inhrelid::regclass::text)::text FROM pg_inherits AS h WHERE h.inhparent = c.oid AND c.relkind = 'r'),
      (SELECT json_agg(pg_get_constraintdef(k.oid))::text FROM pg_constraint AS k WHERE k.conrelid = c.oid AND k.contype = 'x')
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND
    """, "ORDER BY n.nspname, c.relname"
  )

  private static let columnComments: (before: StaticString, after: StaticString) = (
    """
    SELECT n.nspname::text, c.relname::text, a.attname::text, d.description
    FROM pg_description AS d JOIN pg_class AS c ON c.oid = d.objoid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.objsubid
    WHERE d.classoid = 'pg_class'::regclass AND d.objsubid > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND
    """, "ORDER BY n.nspname, c.relname, a.attnum"
  )

  private static let conditions: (before: StaticString, after: StaticString) = (
    """
    WITH RECURSIVE martlet_domains(id, domain) AS (
      SELECT t.oid, t.oid FROM pg_type AS t WHERE t.typtype = 'd'
      UNION ALL SELECT d.id, t.typbasetype FROM martlet_domains AS d JOIN pg_type AS t ON t.oid = d.domain
        JOIN pg_type AS b ON b.oid = t.typbasetype WHERE b.typtype = 'd'
    ), martlet_conditions(relation, place, name, text) AS (
      SELECT k.conrelid, NULL::name, k.conname, pg_get_expr(k.conbin, k.conrelid) FROM pg_constraint AS k
        WHERE k.contype = 'c' AND k.conrelid <> 0
      UNION ALL SELECT a.attrelid, a.attname, k.conname, pg_get_expr(k.conbin, 0) FROM pg_attribute AS a
        JOIN martlet_domains AS d ON d.id = a.atttypid JOIN pg_constraint AS k ON k.contypid = d.domain AND k.contype = 'c'
        WHERE a.attnum > 0 AND NOT a.attisdropped
    )
    SELECT n.nspname::text, c.relname::text, m.place::text, m.text
    FROM martlet_conditions AS m JOIN pg_class AS c ON c.oid = m.relation JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND
    """, "ORDER BY n.nspname, c.relname, m.place, m.name"
  )
}

extension SchemaInspector {
  /// What the rows of a PostgreSQL table hold in some columns: the longest text, and the most digits after the point of a number.
  /// Nil where there is no value. Looks at `surveyedRowsMax` rows.
  package func extents(of table: LiveTable, texts: [String], numbers: [String]) async throws(StoreError) -> [String: Int] {
    let columns = texts + numbers
    guard !columns.isEmpty else { return [:] }
    var sql = SQL("SELECT ")
    for (place, name) in columns.enumerated() {
      if place > 0 { sql.append(", ") }
      let column = SQL(identifier: name)
      sql.append(place < texts.count ? SQL("max(char_length(") + column + SQL("::text))") : SQL("max(scale(") + column + SQL("))"))
    }
    sql.append(" FROM (SELECT ")
    for (place, name) in columns.enumerated() {
      if place > 0 { sql.append(", ") }
      sql.append(identifier: name)
    }
    sql = sql + SQL(" FROM ") + SQL(table: table.name, schema: table.schema) + SQL(" LIMIT ")
    sql.append(SchemaInspector.surveyedRowsMax)
    sql.append(") AS sample")
    guard let row = try await store.inspect(sql.text(store.dialect), []).first else { return [:] }
    var extents: [String: Int] = [:]
    for (name, text) in zip(columns, row) { extents[name] = text.flatMap { Int($0) } }
    return extents
  }
}
