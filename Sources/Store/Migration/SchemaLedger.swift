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
    let text = change.source ?? change.statements.joined(separator: ";\n")
    var sql = SQL("INSERT INTO ") + SQL(identifier: EngineTable.migrations.name)
    sql.append(" (migration, kind, name, safety, checksum, statements, actor, reversal, loses_if, state, started_at) VALUES (")
    sql.append(migration)
    let (reversal, losesIf) = SchemaLedger.reversal(change.reversal)
    for part in [kind, change.description, change.safety.text, SchemaLedger.checksum(text), text, actor, reversal, losesIf] {
      sql.append(", ")
      sql.append(part.map { SQL(literal: $0) } ?? SQL("NULL"))
    }
    sql.append(", ")
    if kind == "file", dialect == .sqlite {
      // Keys are not enforced while definitions run: a row that refers to nothing undoes the whole.
      sql.append("CASE WHEN EXISTS (SELECT 1 FROM pragma_foreign_key_check) THEN NULL ELSE 'done' END")
    } else {
      sql.append(literal: state.rawValue)
    }
    sql.append(", ")
    sql.append(SchemaLedger.literal(time, dialect))
    sql.append(")")
    return sql.text(dialect)
  }

  /// The statement that says how long the last steps took.
  ///
  /// - Parameter state: what their rows say. One that was begun is the last one, and done by now; any before it was broken off.
  func completion(_ state: State, nanoseconds: UInt64) -> String {
    let table = SQL(identifier: EngineTable.migrations.name)
    var sql = SQL("UPDATE ") + table + SQL(" SET state = 'done', duration = ")
    sql = sql + SQL(integer: Int64(clamping: nanoseconds / 1000)) + SQL(" WHERE migration = ")
    sql.append(migration)
    sql = sql + SQL(" AND duration IS NULL AND state = ") + SQL(literal: state.rawValue)
    if state == .begun { sql = sql + SQL(" AND number = (SELECT max(number) FROM ") + table + SQL(")") }
    return sql.text(dialect)
  }

  /// How a step is taken back, as the row says it: null for nothing to do, empty for what cannot be.
  private static func reversal(_ reversal: SchemaChange.Reversal) -> (String?, String?) {
    switch reversal {
    case .none: (nil, nil)
    case .impossible: ("", nil)
    case .statements(let statements): (statements.joined(separator: ";\n"), nil)
    case .dropping(let statements, let losesIf): (statements.joined(separator: ";\n"), losesIf)
    }
  }

  /// Names and checksums of the files that ran.
  static func files(of store: any Store) async throws(StoreError) -> [String: String] {
    let sql =
      SQL("SELECT name, checksum FROM ") + SQL(identifier: EngineTable.migrations.name)
      + SQL(" WHERE kind = 'file' AND state = 'done' ORDER BY number")
    let rows = try await store.inspect(sql.text(store.dialect), []).map(InspectedRow.init)
    return Dictionary(rows.map { ($0.text(0), $0.text(1)) }) { _, last in last }
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
  /// `done`; `undone`: taken back since; `begun`: broken off, and what it left was done again, or will be.
  package var state: String
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
        checksum: row.text(5), actor: row.text(6), state: row.text(7), startedAt: started,
        microseconds: row[9].flatMap { Int($0) })
    }
  }

  /// The number of the next migration.
  static func next(_ store: any Store) async throws(StoreError) -> Int {
    let sql = SQL("SELECT coalesce(max(migration), 0) + 1 FROM ") + SQL(identifier: EngineTable.migrations.name)
    return try await store.inspect(sql.text(store.dialect), []).first.map(InspectedRow.init)?.number(0) ?? 1
  }
}
