import Base

/// Takes steps, one after the other, and writes each down.
struct SchemaRun: Sendable {
  let store: any Store
  let session: any SchemaSession
  let clock: any Clock
  let random: any RandomSource
  let actor: String
  let report: @Sendable (String) -> Void

  /// How long a change of a definition waits for those who use the table: whoever comes after it waits behind it.
  static let lockMilliseconds = 100
  /// How long it may take in all.
  private static let briefMilliseconds = 2000
  /// How long rows are waited for, which keeps nobody else waiting.
  private static let patienceMilliseconds = 10_000
  static let attemptsMax = 60

  /// - Returns: what was done, in words.
  func take(_ look: SchemaLook, _ permission: SchemaPermission, migration: Int) async throws(StoreError) -> [String] {
    let steps = look.steps(permission)
    let ledger = SchemaLedger(dialect: store.dialect, actor: actor, migration: migration)
    var waiting: [SchemaChange] = []
    for step in steps {
      if step.form == .together {
        waiting.append(step)
        continue
      }
      try await together(waiting, look, ledger)
      waiting = []
      try await take(step, look, ledger)
    }
    // Names come first, and what is written of the rest would not be true yet.
    let isWhole = look.files.isEmpty && !steps.contains(where: \.endsRound)
    try await together(waiting, look, ledger, news: isWhole ? look.news : [])
    return steps.map(\.description)
  }

  /// Writes down what tables are like.
  func note(_ figures: [(name: String, text: String)]) async throws(StoreError) {
    guard !figures.isEmpty else { return }
    try await hold()
    try await session.transact(figures.map { SchemaNotes.statement($0.name, $0.text, at: clock.now, store.dialect) })
  }

  private func together(
    _ steps: [SchemaChange], _ look: SchemaLook, _ ledger: SchemaLedger, news: [(name: String, text: String)]? = nil
  ) async throws(StoreError) {
    guard !steps.isEmpty || news?.isEmpty == false else { return }
    let start = clock.monotonicNanoseconds
    let notes = (news ?? look.notes(of: steps)).map { SchemaNotes.statement($0.name, $0.text, at: clock.now, store.dialect) }
    let entries = steps.map { ledger.entry($0, kind: "plan", .done, at: clock.now) }
    try await hold()
    try await session.transact(steps.flatMap(\.statements) + entries + notes)
    try await complete(ledger, .done, since: start, steps.map(\.description))
  }

  private func take(_ step: SchemaChange, _ look: SchemaLook, _ ledger: SchemaLedger) async throws(StoreError) {
    let start = clock.monotonicNanoseconds
    try await hold()
    switch step.form {
    case .together: break
    case .file: try await session.transact(step.statements + [ledger.entry(step, kind: "file", .done, at: clock.now)])
    case .brief:
      let notes = look.notes(of: [step]).map { SchemaNotes.statement($0.name, $0.text, at: clock.now, store.dialect) }
      try await brief(step, [ledger.entry(step, kind: "plan", .done, at: clock.now)] + notes)
    case .online, .batches:
      try await session.transact([ledger.entry(step, kind: "plan", .begun, at: clock.now)])
      do throws(StoreError) {
        if step.form == .online {
          for statement in step.statements { _ = try await session.perform(statement) }
        } else {
          try await batches(step)
        }
      } catch {
        if let statement = step.onFailure { _ = try? await session.perform(statement) }
        throw error
      }
    }
    try await complete(ledger, [.online, .batches].contains(step.form) ? .begun : .done, since: start, [step.description])
  }

  /// The lock is the session's: where its connection was lost in between, another process may be at it by now.
  func hold() async throws(StoreError) {
    guard try await session.lock() else { throw StoreError(.unavailable, "the migration lock was lost, and another process has it") }
  }

  private func complete(
    _ ledger: SchemaLedger, _ state: SchemaLedger.State, since start: UInt64, _ descriptions: [String]
  ) async throws(StoreError) {
    guard !descriptions.isEmpty else { return }
    try await session.transact([ledger.completion(state, nanoseconds: clock.monotonicNanoseconds &- start)])
    for description in descriptions { report(description) }
  }

  /// A moment's lock, asked for again and again. A lock that keeps away only those who look after the table (and ends an automatic
  /// VACUUM) comes first, so that the short wait is for its users alone.
  private func brief(_ step: SchemaChange, _ entries: [String]) async throws(StoreError) {
    var lock = SQL("LOCK TABLE ONLY ") + SQL(table: step.table, schema: step.schema)
    lock.append(" IN SHARE UPDATE EXCLUSIVE MODE")
    try await briefly(lock.text(.postgres), step.statements + entries, isShort: step.safety < .rewrites)
  }

  /// - Parameter first: a statement that waits for long.
  func briefly(
    _ first: String?, _ statements: [String], isShort: Bool = true, attempts: Int = SchemaRun.attemptsMax
  ) async throws(StoreError) {
    var all = [limit("lock", SchemaRun.patienceMilliseconds)] + [first].compactMap(\.self)
    all.append(limit("lock", SchemaRun.lockMilliseconds))
    if isShort { all.append(limit("statement", SchemaRun.briefMilliseconds)) }
    try await again(attempts: attempts) { () async throws(StoreError) in try await session.transact(all + statements) }
  }

  private func limit(_ name: String, _ milliseconds: Int) -> String { "SET LOCAL \(name)_timeout = \(milliseconds)" }

  private func batches(_ step: SchemaChange) async throws(StoreError) {
    let batches = SchemaBatches(change: step)
    let pages = try await session.perform(batches.pageCount).first?.first.flatMap { $0 }.flatMap { Int($0) } ?? 0
    for page in stride(from: 0, to: pages, by: SchemaBatches.pagesAtOnce) {
      try await again { () async throws(StoreError) in _ = try await session.perform(batches.statement(from: page)) }
    }
  }

  func again(attempts: Int = SchemaRun.attemptsMax, _ body: () async throws(StoreError) -> Void) async throws(StoreError) {
    var backoff = Backoff(firstMilliseconds: 50, lastMilliseconds: 2000)
    for attempt in 1... {
      do throws(StoreError) {
        return try await body()
      } catch {
        guard attempt < attempts, error.code == .timeout || error.code == .overloaded else { throw error }
        let pause = Duration.milliseconds(backoff.next(random))
        guard await clock.sleep(for: pause) else { throw error }
      }
    }
  }
}

extension SchemaLook {
  /// What is recorded of the tables whose columns such steps make or convert.
  func notes(of steps: [SchemaChange]) -> [(name: String, text: String)] {
    let names = Set(steps.filter(\.settlesRecord).map { SchemaNotes.name(ofTable: $0.table) })
    return news.filter { names.contains($0.name) }
  }
}
