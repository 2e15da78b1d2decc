import Base

/// The rows of `_martlet_migrations`: what was done to the schema, by whom and when.
struct SchemaLedger: Sendable {
  let dialect: Dialect
  let actor: String
  let migration: Int

  enum State: String {
    case begun, done
  }

  /// The statement that writes a step's row.
  func entry(_ change: SchemaChange, kind: String, _ state: State, at time: Timestamp) -> String {
    let text = change.statements.joined(separator: ";\n")
    var sql = SQL("INSERT INTO ") + SQL(identifier: EngineTable.migrations.name)
    sql.append(" (migration, kind, name, safety, checksum, statements, actor, state, started_at) VALUES (")
    sql.append(migration)
    for part in [kind, change.description, change.safety.text, SchemaLedger.checksum(text), text, actor, state.rawValue] {
      sql.append(", ")
      sql.append(literal: part)
    }
    sql.append(", ")
    sql.append(SchemaLedger.literal(time, dialect))
    sql.append(")")
    return sql.text(dialect)
  }

  /// The statement that says that the steps under way are done.
  func completion(nanoseconds: UInt64) -> String {
    var sql = SQL("UPDATE ") + SQL(identifier: EngineTable.migrations.name) + SQL(" SET state = 'done', duration = ")
    sql = sql + SQL(integer: Int64(clamping: nanoseconds / 1000)) + SQL(" WHERE migration = ")
    sql.append(migration)
    sql.append(" AND duration IS NULL")
    return sql.text(dialect)
  }

  static func literal(_ time: Timestamp, _ dialect: Dialect) -> SQL {
    dialect == .sqlite ? SQL(integer: time.microseconds) : SQL(literal: time.description)
  }

  static func checksum(_ text: String) -> String { String(UInt64.digest(text), radix: 16) }
}

/// One step that was taken.
package struct AppliedStep: Sendable {
  package var number: Int
  package var migration: Int
  package var kind: String
  package var name: String
  package var safety: String
  package var checksum: String
  package var actor: String
  /// `begun`: it was broken off, and what it left was done again, or will be.
  package var isDone: Bool
  /// RFC 3339.
  package var startedAt: String
  /// Nil where it was broken off.
  package var microseconds: Int?
}

extension SchemaLedger {
  /// The last steps, oldest first; none where the database has no such table.
  ///
  /// - Parameter limit: at most 100,000.
  static func steps(of store: any Store, limit: Int) async throws(StoreError) -> [AppliedStep] {
    var sql = SQL("SELECT number, migration, kind, name, safety, checksum, actor, state, started_at, duration FROM ")
    sql.append(identifier: EngineTable.migrations.name)
    sql.append(" ORDER BY number DESC LIMIT ")
    sql.append(limit)
    let rows = try await store.inspect(sql.text(store.dialect), []).map(InspectedRow.init)
    return rows.reversed().map { row in
      let started = store.dialect == .sqlite ? Timestamp(microseconds: Int64(row.text(8)) ?? 0).description : row.text(8)
      return AppliedStep(
        number: row.number(0), migration: row.number(1), kind: row.text(2), name: row.text(3), safety: row.text(4),
        checksum: row.text(5), actor: row.text(6), isDone: row.text(7) == State.done.rawValue, startedAt: started,
        microseconds: row[9].flatMap { Int($0) })
    }
  }

  /// The number of the next migration.
  static func next(_ store: any Store) async throws(StoreError) -> Int {
    let sql = SQL("SELECT coalesce(max(migration), 0) + 1 FROM ") + SQL(identifier: EngineTable.migrations.name)
    return try await store.inspect(sql.text(store.dialect), []).first.map(InspectedRow.init)?.number(0) ?? 1
  }
}
