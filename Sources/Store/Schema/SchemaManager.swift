package import Base
package import Contract

/// Brings a database to what a contract wants: what only adds is applied, in one transaction under the store's lock; what would
/// lose data stops with the statements it would need.
package struct SchemaManager: Sendable {
  /// Another process may have prepared the same database between a look and the change: it is looked at again.
  static let attemptsMax = 3

  let clock: any Clock

  package init(clock: any Clock = SystemClock()) { self.clock = clock }

  /// - Returns: what was applied, in words; empty where nothing was to do.
  /// - Throws: `SchemaError` with every obstacle at once. Nothing has been changed then.
  package func prepare(_ store: any Store, _ contract: Contract) async throws(SchemaError) -> [String] {
    var attempt = 1
    while true {
      let (plan, statements) = try await look(store, contract)
      guard !statements.isEmpty else { return [] }
      do throws(StoreError) {
        try await store.define(statements)
        return plan.changes.filter { !$0.statements.isEmpty }.map(\.description)
      } catch {
        guard attempt < SchemaManager.attemptsMax, error.code == .invalidStatement || error.code == .timeout else {
          let isReadOnly = error.code == .readOnly
          throw SchemaError(
            message: isReadOnly
              ? "the database takes no writes (a standby, or made read-only), and it lacks what the contract wants: start the service "
                + "on one that does"
              : "the schema could not be changed", cause: error)
        }
        attempt += 1
      }
    }
  }

  /// What `prepare` would do, without doing it.
  package func plan(_ store: any Store, _ contract: Contract) async throws(SchemaError) -> SchemaPlan {
    let (plan, _) = try await look(store, contract)
    return plan
  }

  private func look(_ store: any Store, _ contract: Contract) async throws(SchemaError) -> (SchemaPlan, [String]) {
    let builder = SchemaBuilder(contract, dialect: store.dialect)
    let wanted = builder.tables()
    let plan: SchemaPlan
    var notes: [String: String] = [:]
    var obstacles: [SchemaError.Obstacle] = []
    do throws(StoreError) {
      let live = try await SchemaInspector(store, schemas: Set(wanted.compactMap(\.schema)).sorted()).inspect()
      if live.table(EngineTable.schema.name) != nil { notes = try await self.notes(of: store) }
      plan = SchemaDifference(live: live, wanted: wanted, records: SchemaManager.records(in: notes), dialect: store.dialect).plan()
      obstacles = try await self.obstacles(plan, store)
    } catch {
      throw SchemaError(message: "the schema could not be read", cause: error)
    }
    obstacles += plan.faults.map { SchemaError.Obstacle(description: "adopted table", reason: $0, statements: []) }
    guard obstacles.isEmpty else {
      throw SchemaError(message: "the database does not fit the contract", obstacles: obstacles)
    }
    var wantedNotes: [(name: String, text: String)] = []
    for table in wanted where table.isManaged {
      wantedNotes.append((SchemaManager.recordPrefix + table.name, SchemaDifference.record(table)))
    }
    for table in Layout(contract).tables {
      wantedNotes.append(("shape:\(table.resource):\(table.shape.number)", table.shape.text))
    }
    let news = wantedNotes.filter { notes[$0.name] != $0.text }
    return (plan, plan.changes.flatMap(\.statements) + news.map { note($0.name, $0.text, store.dialect) })
  }

  private func obstacles(_ plan: SchemaPlan, _ store: any Store) async throws(StoreError) -> [SchemaError.Obstacle] {
    var obstacles: [SchemaError.Obstacle] = []
    for change in plan.changes {
      if let reason = change.destruction {
        obstacles.append(.init(description: change.description, reason: reason, statements: change.statements))
      } else {
        for probe in change.probes where try await !store.inspect(probe.statement, []).isEmpty {
          obstacles.append(.init(description: change.description, reason: probe.finding, statements: change.statements))
        }
      }
    }
    return obstacles
  }

  private static let recordPrefix = "table:"

  private func notes(of store: any Store) async throws(StoreError) -> [String: String] {
    let sql = SQL("SELECT name, value FROM ") + SQL(identifier: EngineTable.schema.name)
    var notes: [String: String] = [:]
    for row in try await store.inspect(sql.text(store.dialect), []).map(InspectedRow.init) { notes[row.text(0)] = row.text(1) }
    return notes
  }

  /// What each managed table's columns held when it was last prepared.
  private static func records(in notes: [String: String]) -> [String: String] {
    var records: [String: String] = [:]
    for (name, text) in notes where name.hasPrefix(recordPrefix) { records[String(name.dropFirst(recordPrefix.count))] = text }
    return records
  }

  private func note(_ name: String, _ text: String, _ dialect: Dialect) -> String {
    let time = clock.now
    var sql = SQL("INSERT INTO ") + SQL(identifier: EngineTable.schema.name) + SQL(" (name, value, applied_at) VALUES (")
    sql.append(literal: name)
    sql.append(", ")
    sql.append(literal: text)
    sql.append(", ")
    sql.append(dialect == .sqlite ? SQL(integer: time.microseconds) : SQL(literal: time.description))
    sql.append(") ON CONFLICT (name) DO UPDATE SET value = excluded.value, applied_at = excluded.applied_at")
    return sql.text(dialect)
  }
}
