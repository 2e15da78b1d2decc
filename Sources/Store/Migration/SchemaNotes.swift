import Base

/// The rows of `_martlet_schema`: what the database was last prepared for.
struct SchemaNotes: Sendable {
  private(set) var texts: [String: String] = [:]

  private static let tablePrefix = "table:"

  init() {}

  /// Of a database that has the table.
  init(of store: any Store) async throws(StoreError) {
    let sql = SQL("SELECT name, value FROM ") + SQL(identifier: EngineTable.schema.name)
    for row in try await store.inspect(sql.text(store.dialect), []).map(InspectedRow.init) { texts[row.text(0)] = row.text(1) }
  }

  /// What each managed table's columns held when it was last prepared.
  var records: [String: String] {
    texts(under: SchemaNotes.tablePrefix)
  }

  /// What is written under a name that begins so, by the rest of the name.
  func texts(under prefix: String) -> [String: String] {
    var found: [String: String] = [:]
    for (name, text) in texts where name.hasPrefix(prefix) { found[String(name.dropFirst(prefix.count))] = text }
    return found
  }

  static func removal(of name: String, _ dialect: Dialect) -> String {
    (SQL("DELETE FROM ") + SQL(identifier: EngineTable.schema.name) + SQL(" WHERE name = ") + SQL(literal: name)).text(dialect)
  }

  static func name(ofTable table: String) -> String { tablePrefix + table }

  static func statement(_ name: String, _ text: String, at time: Timestamp, _ dialect: Dialect) -> String {
    var sql = SQL("INSERT INTO ") + SQL(identifier: EngineTable.schema.name) + SQL(" (name, value, applied_at) VALUES (")
    sql.append(literal: name)
    sql.append(", ")
    sql.append(literal: text)
    sql.append(", ")
    sql.append(SchemaLedger.literal(time, dialect))
    sql.append(") ON CONFLICT (name) DO UPDATE SET value = excluded.value, applied_at = excluded.applied_at")
    return sql.text(dialect)
  }

  /// A table of another name keeps what is recorded of it.
  static func renaming(_ old: String, to name: String, _ dialect: Dialect) -> String {
    let table = SQL(identifier: EngineTable.schema.name)
    let sql =
      SQL("UPDATE ") + table + SQL(" SET name = ") + SQL(literal: tablePrefix + name) + SQL(" WHERE name = ")
      + SQL(literal: tablePrefix + old) + SQL(" AND NOT EXISTS (SELECT 1 FROM ") + table + SQL(" WHERE name = ")
      + SQL(literal: tablePrefix + name) + SQL(")")
    return sql.text(dialect)
  }

  /// One that is gone is nobody's.
  static func removal(_ table: String, _ dialect: Dialect) -> String {
    removal(of: tablePrefix + table, dialect)
  }
}
