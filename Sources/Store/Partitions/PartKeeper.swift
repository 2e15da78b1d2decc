package import Base
package import Contract

/// How it stands with the parts of one table.
package struct PartState: Sendable, Equatable {
  package var resource: String
  /// Up to when every new record has a part; nil: without an end.
  package var end: Timestamp?
  /// What an operator should know; nil where all is well.
  package var trouble: String?
}

/// Makes the parts of tables before they are needed, and drops those of which nothing is kept any more (PostgreSQL). One process does
/// at a time, under the migration lock; nobody waits for it for longer than a tenth of a second.
package struct PartKeeper: Sendable {
  let clock: any Clock
  let random: any RandomSource
  /// How often a lock is asked for before it is left to the next round.
  let attempts: Int

  /// From when nothing of a part is kept to when it goes, for clocks that are behind.
  static let grace: Int64 = 86_400_000_000
  static let leavingPrefix = "leaving:"

  package init(clock: any Clock = SystemClock(), random: any RandomSource = SystemRandom(), attempts: Int = 20) {
    self.clock = clock
    self.random = random
    self.attempts = attempts
  }

  /// One table, its parts as they are and what is to be done about them.
  struct Work: Sendable {
    var resource: Resource
    var calendar: PartCalendar
    var table: TableDefinition
    var cut: LiveCut
    var parts: [TablePart]
    var missing: [TablePart]
    /// Of which nothing is kept, and that are empty.
    var spent: [LivePart] = []

    func state(at now: Timestamp) -> PartState {
      let end = PartCalendar.end(of: parts, from: now)
      var state = PartState(resource: resource.name, end: end)
      if let end, end <= now {
        state.trouble = "no part of \(table.name) takes new records"
      } else if calendar.isShort(end, at: now) {
        state.trouble = "the parts of \(table.name) end at \(end?.description ?? ""), and no more are made"
      } else if cut.parts.contains(where: { $0.bounds == "DEFAULT" }) {
        state.trouble = "\(table.name) has a default part, which Martlet did not make: it keeps others from being made and dropped"
      }
      return state
    }
  }

  /// Does what is due.
  ///
  /// - Parameters:
  ///   - makesOnly: drops nothing.
  ///   - report: told of each part that was made or dropped.
  /// - Returns: how it stands with each table in parts afterwards; empty where there is none.
  /// - Throws: where the database cannot be looked into. What cannot be done is told by the states.
  package func keep(
    _ store: any Store, _ contract: Contract, makesOnly: Bool = false, report: @escaping @Sendable (String) -> Void
  ) async throws(StoreError) -> [PartState] {
    guard store.dialect == .postgres, contract.resources.contains(where: { $0.partitioning != nil }) else { return [] }
    let (works, leaving) = try await look(store, contract, makesOnly: makesOnly)
    if works.contains(where: { !$0.missing.isEmpty || !$0.spent.isEmpty }) || !makesOnly && !leaving.isEmpty {
      var failure: StoreError?
      do throws(StoreError) {
        try await change(store, contract, makesOnly: makesOnly, report: report)
      } catch {
        failure = error
      }
      if failure?.code == .cancelled || failure?.code == .closed, let failure { throw failure }
      if let failure { report("left to the next round: \(failure)") }
      let after = try await look(store, contract, makesOnly: true).works
      return after.map { work in
        var state = work.state(at: clock.now)
        if let failure, !work.missing.isEmpty {
          state.trouble = (state.trouble ?? "a part of \(work.table.name) could not be made") + ": \(failure)"
        }
        return state
      }
    }
    return works.map { $0.state(at: clock.now) }
  }

  private func look(
    _ store: any Store, _ contract: Contract, makesOnly: Bool
  ) async throws(StoreError) -> (works: [Work], leaving: [String: String]) {
    let now = clock.now
    let wanted = SchemaBuilder(contract, dialect: .postgres, now: now).tables().filter { $0.calendar != nil }
    let live = try await SchemaInspector(store, schemas: Set(wanted.compactMap(\.schema)).sorted()).inspectParts()
    guard !live.tables.isEmpty else { return ([], [:]) }
    let leaving = makesOnly ? [:] : try await SchemaNotes(of: store).texts(under: PartKeeper.leavingPrefix)
    var works: [Work] = []
    for table in wanted {
      guard let calendar = table.calendar, let cut = live.table(table.name, schema: table.schema)?.cut,
        let resource = contract.resources.first(where: { $0.storage.table == table.name && $0.storage.schema == table.schema })
      else { continue }
      let parts = cut.parts.filter { !$0.isLeaving }.compactMap { TablePart($0) }
      var work = Work(
        resource: resource, calendar: calendar, table: table, cut: cut, parts: parts, missing: calendar.missing(beside: parts, at: now))
      if !makesOnly, let last = resource.keptFrom(at: Timestamp(microseconds: now.microseconds - PartKeeper.grace)) {
        for part in cut.parts where !part.isLeaving {
          guard let upper = TablePart(part)?.upper, upper <= last, try await PartKeeper.isEmpty(part.name, part.schema, store) else {
            continue
          }
          work.spent.append(part)
        }
      }
      works.append(work)
    }
    return (works, leaving)
  }

  static func isEmpty(_ table: String, _ schema: String?, _ store: any Store) async throws(StoreError) -> Bool {
    try await store.inspect((SQL("SELECT 1 FROM ") + SQL(table: table, schema: schema) + SQL(" LIMIT 1")).text(.postgres), []).isEmpty
  }

  private func change(
    _ store: any Store, _ contract: Contract, makesOnly: Bool, report: @escaping @Sendable (String) -> Void
  ) async throws(StoreError) {
    let session = try await store.schemaSession()
    let run = SchemaRun(store: store, session: session, clock: clock, random: random, actor: "serve", report: report)
    let result: Result<Void, StoreError>
    do throws(StoreError) {
      // Another process is at it: the next round sees what it did.
      if try await session.lock() { try await change(run, contract, makesOnly: makesOnly) }
      result = .success(())
    } catch {
      result = .failure(error)
    }
    await session.close()
    try result.get()
  }

  private func change(_ run: SchemaRun, _ contract: Contract, makesOnly: Bool) async throws(StoreError) {
    // What another process did meanwhile is not done again.
    let (works, leaving) = try await look(run.store, contract, makesOnly: makesOnly)
    for work in works {
      for part in work.missing {
        try await run.hold()
        let lock = SQL("LOCK TABLE ONLY ") + SQL(table: work.table.name, schema: work.table.schema) + SQL(" IN SHARE UPDATE EXCLUSIVE MODE")
        try await run.briefly(lock.text(.postgres), work.table.add(part), attempts: attempts)
        run.report("made part \(part.name)")
      }
    }
    guard !makesOnly else { return }
    for (name, note) in leaving.sorted(by: { $0.key < $1.key }) {
      if let leave = Departure(note: note, name: name) { try await take(leave, run) }
    }
    for work in works {
      for part in work.spent {
        let leave = Departure(
          part: part.name, schema: part.schema, table: work.table.name, tableSchema: work.table.schema, bounds: part.bounds)
        try await run.hold()
        try await run.session.transact([SchemaNotes.statement(leave.noteName, leave.note, at: clock.now, .postgres)])
        try await take(leave, run)
      }
    }
  }
}
