package import Contract

extension SchemaManager {
  /// Takes the last migration back, its steps in reverse order.
  ///
  /// - Parameter allowsLoss: also where rows or values are lost that came since.
  /// - Returns: what was taken back, and in `left` what may stay as it is; both empty where nothing was ever done.
  /// - Throws: `SchemaError` with every step that cannot be taken back, or only with a loss. Nothing has been changed then.
  package func down(
    _ store: any Store, _ contract: Contract, allowsLoss: Bool, actor: String,
    report: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws(SchemaError) -> (done: [String], left: [String]) {
    guard try await look(store, contract).hasLedger else { return ([], []) }
    var left: [String] = []
    let done = try await changing(store, actor: actor, report: report) { run throws(SchemaError) in
      let steps = try await SchemaManager.told { () async throws(StoreError) in try await SchemaLedger.last(of: store) }
      let found = try await SchemaManager.told { () async throws(StoreError) in
        try await obstacles(steps, store, allowsLoss: allowsLoss)
      }
      guard found.isEmpty else { throw SchemaError(message: "the last migration cannot be taken back", obstacles: found) }
      left = steps.filter { $0.statements == nil }.map(\.name)
      return try await SchemaManager.told { () async throws(StoreError) in try await run.takeBack(steps) }
    }
    let look = try await look(store, contract)
    if !done.isEmpty { try await note(look, store, actor) }
    return (done, left)
  }

  /// What the tables are like now is Martlet's own doing.
  private func note(_ look: SchemaLook, _ store: any Store, _ actor: String) async throws(SchemaError) {
    _ = try await changing(store, actor: actor, report: { _ in }) { run throws(SchemaError) in
      try await SchemaManager.told { () async throws(StoreError) in try await run.note(look.figures) }
      return []
    }
  }

  private static func told<T>(_ body: () async throws(StoreError) -> T) async throws(SchemaError) -> T {
    do throws(StoreError) { return try await body() } catch { throw failure(error) }
  }

  private func obstacles(
    _ steps: [SchemaLedger.Undoing], _ store: any Store, allowsLoss: Bool
  ) async throws(StoreError) -> [SchemaError.Obstacle] {
    var obstacles: [SchemaError.Obstacle] = []
    for step in steps {
      guard let statements = step.statements else { continue }
      if statements.isEmpty {
        obstacles.append(.init(description: step.name, reason: "nothing brings back what was before it", statements: []))
      } else if !allowsLoss, let probe = step.losesIf, try await !store.inspect(probe, []).isEmpty {
        obstacles.append(.init(description: step.name, reason: "taking it back loses data", statements: statements))
      }
    }
    return obstacles
  }
}

extension SchemaLedger {
  /// A step that was taken, and how it is taken back.
  struct Undoing: Sendable {
    var number: Int
    var name: String
    /// Nil where nothing is to be done, empty where nothing can be.
    var statements: [String]?
    var losesIf: String?
  }

  /// The steps of the last migration that stands, the last one first.
  static func last(of store: any Store) async throws(StoreError) -> [Undoing] {
    let table = SQL(identifier: EngineTable.migrations.name)
    let standing = SQL(" WHERE state <> 'undone'")
    let sql =
      SQL("SELECT number, name, reversal, loses_if FROM ") + table + standing + SQL(" AND migration = (SELECT max(migration) FROM ") + table
      + standing + SQL(") ORDER BY number DESC")
    return try await store.inspect(sql.text(store.dialect), []).map(InspectedRow.init).map { row in
      Undoing(number: row.number(0), name: row.text(1), statements: row[2].map { SQLScript.statements($0) }, losesIf: row[3])
    }
  }

  static func undoing(_ numbers: [Int], _ dialect: Dialect) -> String {
    var sql = SQL("UPDATE ") + SQL(identifier: EngineTable.migrations.name) + SQL(" SET state = 'undone' WHERE number IN (")
    for (place, number) in numbers.enumerated() {
      if place > 0 { sql.append(", ") }
      sql.append(number)
    }
    sql.append(")")
    return sql.text(dialect)
  }
}

extension SchemaRun {
  /// - Returns: the names of the steps that were taken back.
  func takeBack(_ steps: [SchemaLedger.Undoing]) async throws(StoreError) -> [String] {
    guard !steps.isEmpty else { return [] }
    let undone = steps.filter { $0.statements != nil }
    try await hold()
    if store.dialect == .sqlite {
      let all = undone.flatMap { $0.statements ?? [] }
      try await session.transact(all + [SchemaLedger.undoing(steps.map(\.number), .sqlite)])
    } else {
      for step in undone {
        try await hold()
        let statements = step.statements ?? []
        let mark = SchemaLedger.undoing([step.number], .postgres)
        if statements.contains(where: { $0.hasPrefix("DROP INDEX CONCURRENTLY") }) {
          for statement in statements { _ = try await session.perform(statement) }
          try await session.transact([mark])
        } else {
          try await briefly(nil, statements + [mark])
        }
      }
      try await session.transact([SchemaLedger.undoing(steps.map(\.number), .postgres)])
    }
    for step in undone { report(step.name) }
    return undone.map(\.name)
  }
}
