package import Base
package import Contract

/// A database beside a contract: what lies between them, as of one moment.
package struct SchemaLook: Sendable {
  package private(set) var plan: SchemaPlan
  /// What rows that are there say against the plan's changes.
  private(set) var findings: [(change: SchemaChange, reason: String)] = []
  /// Notes that are to be written, by their names.
  private(set) var news: [(name: String, text: String)] = []
  /// The database has what keeps an account of changes.
  package let hasLedger: Bool
  /// What a person wrote and has not run.
  package private(set) var files: [SchemaFile] = []
  /// What files may need: it is there before them, without what would keep rows out.
  package private(set) var additions: [SchemaChange] = []
  /// Names of those that ran and are others by now.
  private let changedFiles: [String]
  /// Tables that are not as Martlet left them.
  package let drifted: [String]
  /// What they are like by now.
  let figures: [(name: String, text: String)]

  /// - Parameter files: all of them, those that ran too.
  init(_ store: any Store, _ contract: Contract, files: [SchemaFile], now: Timestamp) async throws(StoreError) {
    let wanted = SchemaBuilder(contract, dialect: store.dialect, now: now).tables()
    let live = try await SchemaInspector(store, schemas: Set(wanted.compactMap(\.schema)).sorted()).inspect()
    let notes = live.table(EngineTable.schema.name) == nil ? SchemaNotes() : try await SchemaNotes(of: store)
    let applied = live.table(EngineTable.migrations.name) == nil ? [:] : try await SchemaLedger.files(of: store)
    self.init(live, wanted, SchemaLook.shapes(contract), notes, files, applied, store.dialect)
    if self.files.isEmpty { try await ask(store) }
  }

  /// What a contract wants of a database that is not there.
  package init(beginning contract: Contract, _ dialect: Dialect, files: [SchemaFile] = [], now: Timestamp = SystemClock().now) {
    let wanted = SchemaBuilder(contract, dialect: dialect, now: now).tables()
    self.init(LiveSchema(), wanted, SchemaLook.shapes(contract), SchemaNotes(), files, [:], dialect)
  }

  private init(
    _ live: LiveSchema, _ wanted: [TableDefinition], _ shapes: [(name: String, text: String)], _ notes: SchemaNotes,
    _ files: [SchemaFile], _ applied: [String: String], _ dialect: Dialect
  ) {
    let difference = SchemaDifference(live: live, wanted: wanted, records: notes.records, dialect: dialect)
    (self.files, changedFiles) = SchemaFile.pending(files, applied: applied, dialect)
    if self.files.isEmpty {
      plan = difference.plan()
    } else {
      let first = difference.additions()
      additions = first.changes
      plan = SchemaDifference(live: first.live, wanted: wanted, records: notes.records, dialect: dialect).plan()
    }
    hasLedger = live.table(EngineTable.migrations.name) != nil
    drifted = SchemaDrift.changed(live, wanted, notes.texts)
    figures = SchemaDrift.notes(live, wanted).filter { notes.texts[$0.name] != $0.text }
    for table in wanted where table.isManaged {
      let found = live.table(table.name, schema: table.schema)
      let text = SchemaDifference.record(table, before: difference.record(of: table), found: found)
      news.append((SchemaNotes.name(ofTable: table.name), text))
    }
    news = (news + shapes).filter { notes.texts[$0.name] != $0.text }
  }

  private static func shapes(_ contract: Contract) -> [(name: String, text: String)] {
    Layout(contract).tables.map { ("shape:\($0.resource):\($0.shape.number)", $0.shape.text) }
  }

  /// Asks the rows. Those of a table that is still to be renamed cannot be asked by its new name: they are in the next round.
  private mutating func ask(_ store: any Store) async throws(StoreError) {
    guard !plan.changes.contains(where: \.endsRound) else { return }
    var changes: [SchemaChange] = []
    for change in plan.changes {
      if let statement = change.onlyIf, try await store.inspect(statement, []).isEmpty { continue }
      for probe in change.probes where try await !store.inspect(probe.statement, []).isEmpty {
        findings.append((change, probe.finding))
      }
      if !change.statements.isEmpty || change.obstacle != nil { changes.append(change) }
    }
    plan.changes = changes
  }

  /// The changes of this round. Removals come when nothing else is left.
  func steps(_ permission: SchemaPermission) -> [SchemaChange] {
    if permission.isAsked, let file = files.first { return additions.isEmpty ? [file.change] : additions }
    let first = plan.changes.filter(\.endsRound)
    if !first.isEmpty {
      // What they are written down in has to be there.
      let own = plan.changes.filter { !hasLedger && $0.form == .together && $0.table.hasPrefix("_martlet_") }
      return own + first
    }
    if plan.changes.isEmpty, permission.allowsLoss { return plan.removals }
    return plan.changes
  }

  /// Everything in the order in which it would be done, but for what loses data.
  package var way: [SchemaChange] { additions + files.map(\.change) + plan.changes }

  /// Whether nothing is to be done for the contract.
  package func isFitting(_ dialect: Dialect) -> Bool {
    way.isEmpty && obstacles(.applying(allowsLoss: true), dialect).isEmpty
  }

  /// - Throws: every obstacle at once.
  func check(_ permission: SchemaPermission, _ dialect: Dialect) throws(SchemaError) {
    let obstacles = obstacles(permission, dialect)
    guard !obstacles.isEmpty else { return }
    throw SchemaError(
      message: "the database does not fit the contract", obstacles: obstacles, isForCommand: obstacles.contains(where: \.isForCommand))
  }

  /// What stands in the way of whoever may do so much.
  package func obstacles(_ permission: SchemaPermission, _ dialect: Dialect) -> [SchemaError.Obstacle] {
    var obstacles = changedFiles.map {
      SchemaError.Obstacle(
        description: "file \($0)", reason: "it was changed after it had run: put back what ran, and write another file", statements: [])
    }
    // Files may mend what stands in the way of the rest.
    let changes = permission.isAsked && !files.isEmpty ? files.map(\.change) : plan.changes
    obstacles += changes.compactMap { change in
      permission.refusal(change, dialect).map { reason in
        SchemaError.Obstacle(
          description: change.description, reason: reason, statements: change.statements, isForCommand: change.obstacle == nil)
      }
    }
    obstacles += findings.map { .init(description: $0.change.description, reason: $0.reason, statements: $0.change.statements) }
    obstacles += plan.faults.map { .init(description: "adopted table", reason: $0, statements: []) }
    return obstacles
  }
}
