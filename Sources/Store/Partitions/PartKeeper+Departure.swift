import Base

/// A part that is on its way out. It is written down before the first step, so that whoever comes after a kill goes on.
struct Departure: Sendable, Equatable {
  var part: String
  var schema: String?
  var table: String
  var tableSchema: String?
  /// As the database printed them.
  var bounds: String

  /// Lines: no name has a line break that Martlet gave.
  var note: String { [schema ?? "", table, tableSchema ?? "", bounds].joined(separator: "\n") }
  var noteName: String { PartKeeper.leavingPrefix + part }
}

extension Departure {
  init?(note: String, name: String) {
    let lines = note.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard lines.count == 4, TablePart(LivePart(name: name, schema: nil, bounds: lines[3])) != nil else { return nil }
    self.init(
      part: name, schema: lines[0].isEmpty ? nil : lines[0], table: lines[1], tableSchema: lines[2].isEmpty ? nil : lines[2],
      bounds: lines[3])
  }
}

extension PartKeeper {
  private enum Standing: Equatable { case attached, leaving, alone, gone }

  /// Takes an empty part off, without a lock that anybody waits for, and drops it. Where a record came into it meanwhile it is put
  /// back.
  func take(_ departure: Departure, _ run: SchemaRun) async throws(StoreError) {
    let part = SQL(table: departure.part, schema: departure.schema)
    let whole = SQL(table: departure.table, schema: departure.tableSchema)
    let removal = SchemaNotes.removal(of: departure.noteName, .postgres)
    var standing = try await standing(of: departure, run)
    if standing == .attached, try await !PartKeeper.isEmpty(departure.part, departure.schema, run.store) {
      try await run.session.transact([removal])
      return
    }
    if standing == .attached || standing == .leaving {
      // Ends an automatic VACUUM, which it would wait for.
      try await run.briefly(
        (SQL("LOCK TABLE ONLY ") + part + SQL(" IN SHARE UPDATE EXCLUSIVE MODE")).text(.postgres), [], attempts: attempts)
      let limit = SQL("SET lock_timeout = ") + SQL(integer: Int64(SchemaRun.lockMilliseconds))
      _ = try await run.session.perform(limit.text(.postgres))
      try await run.again(attempts: attempts) { () async throws(StoreError) in
        try await run.hold()
        let how: SQL
        switch try await self.standing(of: departure, run) {
        case .attached: how = SQL(" CONCURRENTLY")
        // A try before this one was broken off behind its first half.
        case .leaving: how = SQL(" FINALIZE")
        case .alone, .gone: return
        }
        let statement = SQL("ALTER TABLE ") + whole + SQL(" DETACH PARTITION ") + part + how
        _ = try await run.session.perform(statement.text(.postgres))
      }
      standing = try await self.standing(of: departure, run)
    }
    try await run.hold()
    switch standing {
    case .gone: try await run.session.transact([removal])
    case .attached, .leaving: throw StoreError(.timeout, "\(departure.part) could not be taken off \(departure.table)")
    case .alone:
      if try await PartKeeper.isEmpty(departure.part, departure.schema, run.store) {
        try await run.briefly(nil, [(SQL("DROP TABLE ") + part).text(.postgres), removal], attempts: attempts)
        run.report("dropped part \(departure.part)")
      } else {
        var back = SQL("ALTER TABLE ") + whole + SQL(" ATTACH PARTITION ") + part + SQL(" ")
        back.append(printed: departure.bounds)
        try await run.briefly(nil, [back.text(.postgres), removal], attempts: attempts)
      }
    }
  }

  private func standing(of departure: Departure, _ run: SchemaRun) async throws(StoreError) -> Standing {
    var sql = SQL("SELECT CASE WHEN h.inhrelid IS NULL THEN '0' ELSE '1' END, CASE WHEN h.inhdetachpending THEN '1' ELSE '0' END ")
    sql = sql + SQL("FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace LEFT JOIN pg_inherits AS h ON h.inhrelid = c.oid ")
    sql = sql + SQL("WHERE c.relname = ") + SQL(literal: departure.part) + SQL(" AND n.nspname = ")
    sql = sql + (departure.schema.map { SQL(literal: $0) } ?? SQL("current_schema()"))
    guard let row = try await run.store.inspect(sql.text(.postgres), []).first.map(InspectedRow.init) else { return .gone }
    if !row.flag(0) { return .alone }
    return row.flag(1) ? .leaving : .attached
  }
}
