package import Base
package import Contract

/// Brings a database to what a contract wants. `serve` and `migrate apply` differ in what they may do (`SchemaPermission`), not in
/// how: what the database holds is compared with the contract, and the steps between the two are taken one after the other, each
/// written down. What a process that was killed has left is part of the next comparison.
package struct SchemaManager: Sendable {
  let clock: any Clock
  let random: any RandomSource

  /// Another process may have prepared the same database between a look and the change: it is looked at again.
  private static let attemptsMax = 3
  /// Names, the rest, removals, and what others did meanwhile.
  private static let roundsMax = 10
  /// How often another process is asked for the migration lock, and how long to wait between.
  private static let lockAttemptsMax = 600
  private static let lockInterval = Duration.milliseconds(200)

  package init(clock: any Clock = SystemClock(), random: any RandomSource = SystemRandom()) {
    self.clock = clock
    self.random = random
  }

  /// What a service does before it serves.
  ///
  /// - Parameter drifted: told of tables that are not as Martlet left them.
  /// - Returns: what was applied, in words; empty where nothing was to do.
  /// - Throws: `SchemaError` with every obstacle at once. Nothing has been changed then.
  package func prepare(
    _ store: any Store, _ contract: Contract, drifted: ([String]) -> Void = { _ in }
  ) async throws(SchemaError) -> [String] {
    try await apply(store, contract, .serving, actor: "serve", drifted: drifted)
  }

  /// Where everything of a contract lies, with the types that the columns of adopted tables have (PostgreSQL).
  ///
  /// - Throws: `SchemaError` where the database cannot be looked into. What does not fit is `prepare`'s to say.
  package func layout(_ store: any Store, _ contract: Contract) async throws(SchemaError) -> Layout {
    let adopted = contract.resources.map(\.storage).filter { !$0.isManaged }
    guard store.dialect == .postgres, !adopted.isEmpty else { return Layout(contract) }
    do throws(StoreError) {
      let schemas = Set(adopted.compactMap(\.schema)).sorted()
      return Layout(contract, found: try await SchemaInspector(store, schemas: schemas).inspect())
    } catch {
      throw SchemaError(message: "the schema could not be read", cause: error)
    }
  }

  /// What lies between a database and a contract.
  package func look(_ store: any Store, _ contract: Contract, files: [SchemaFile] = []) async throws(SchemaError) -> SchemaLook {
    do throws(StoreError) {
      return try await SchemaLook(store, contract, files: files, now: clock.now)
    } catch {
      throw SchemaError(message: "the schema could not be read", cause: error)
    }
  }

  /// The last steps that were taken, oldest first.
  package func steps(of store: any Store, _ look: SchemaLook, limit: Int) async throws(SchemaError) -> [AppliedStep] {
    guard look.hasLedger else { return [] }
    do throws(StoreError) {
      return try await SchemaLedger.steps(of: store, limit: limit)
    } catch {
      throw SchemaError(message: "what was done before could not be read", cause: error)
    }
  }

  /// - Parameters:
  ///   - actor: who does it, for the record.
  ///   - report: told of each step when it is done.
  /// - Returns: what was applied, in words.
  /// - Throws: `SchemaError`: with obstacles where nothing was begun, with a cause where a step failed. The steps before it stand,
  ///   and the same call goes on behind them.
  package func apply(
    _ store: any Store, _ contract: Contract, _ permission: SchemaPermission, actor: String, files: [SchemaFile] = [],
    drifted: ([String]) -> Void = { _ in }, report: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws(SchemaError) -> [String] {
    let look = try await look(store, contract, files: files)
    if !look.drifted.isEmpty { drifted(look.drifted) }
    try look.check(permission, store.dialect)
    var done: [String] = []
    if look.isWork(permission) {
      done = try await changing(store, actor: actor, report: report) { run throws(SchemaError) in
        try await rounds(run, contract, permission, files)
      }
    }
    try await makeParts(store, contract, report)
    return done
  }

  /// The parts that tables need by now.
  private func makeParts(
    _ store: any Store, _ contract: Contract, _ report: @escaping @Sendable (String) -> Void
  ) async throws(SchemaError) {
    let states: [PartState]
    do throws(StoreError) {
      states = try await PartKeeper(clock: clock, random: random).keep(store, contract, makesOnly: true, report: report)
    } catch {
      throw SchemaError(message: "the parts of tables could not be looked at", cause: error)
    }
    // Fewer ahead than there should be are no reason not to serve.
    let now = clock.now
    guard let state = states.first(where: { $0.end.map { $0 <= now } ?? false }) else { return }
    throw SchemaError(
      message: state.trouble ?? "no part takes new records of \(state.resource)", cause: StoreError(.unavailable, "partition"))
  }

  /// Has something done under the migration lock.
  func changing(
    _ store: any Store, actor: String, report: @escaping @Sendable (String) -> Void,
    _ body: (SchemaRun) async throws(SchemaError) -> [String]
  ) async throws(SchemaError) -> [String] {
    let session: any SchemaSession
    do throws(StoreError) { session = try await store.schemaSession() } catch {
      throw error.code == .invalidStatement
        ? SchemaError(message: "the schema is to be changed: \(error.message)")
        : SchemaError(message: "the schema could not be changed", cause: error)
    }
    let run = SchemaRun(store: store, session: session, clock: clock, random: random, actor: actor, report: report)
    let result: Result<[String], SchemaError>
    do throws(SchemaError) {
      try await wait(for: session)
      result = .success(try await body(run))
    } catch {
      result = .failure(error)
    }
    await session.close()
    return try result.get()
  }

  private func rounds(
    _ run: SchemaRun, _ contract: Contract, _ permission: SchemaPermission, _ files: [SchemaFile]
  ) async throws(SchemaError) -> [String] {
    var done: [String] = []
    var attempt = 1
    // One call is one migration, whatever the rounds.
    var number: Int?
    for _ in 0..<SchemaManager.roundsMax + files.count {
      let look = try await look(run.store, contract, files: files)
      try look.check(permission, run.store.dialect)
      do throws(StoreError) {
        if look.steps(permission).isEmpty, look.news.isEmpty {
          try await run.note(look.figures)
          return done
        }
        let migration = if let number { number } else { look.hasLedger ? try await SchemaLedger.next(run.store) : 1 }
        number = migration
        done += try await run.take(look, permission, migration: migration)
      } catch {
        guard attempt < SchemaManager.attemptsMax, error.code == .invalidStatement || error.code == .timeout else {
          throw SchemaManager.failure(error)
        }
        attempt += 1
      }
    }
    throw SchemaError(message: "the schema changes again and again while it is being changed: is another process at it?")
  }

  /// Two processes take steps one after the other, not in turns.
  private func wait(for session: any SchemaSession) async throws(SchemaError) {
    do throws(StoreError) {
      for _ in 0..<SchemaManager.lockAttemptsMax {
        if try await session.lock() { return }
        guard await clock.sleep(for: SchemaManager.lockInterval) else { throw StoreError(.cancelled, "nobody waits any more") }
      }
    } catch {
      throw SchemaManager.failure(error)
    }
    throw SchemaError(message: "another process has been changing the schema for long: wait until it is done")
  }

  static func failure(_ error: StoreError) -> SchemaError {
    SchemaError(
      message: error.code == .readOnly
        ? "the database takes no writes (a standby, or made read-only), and it lacks what the contract wants: start the service "
          + "on one that does"
        : "the schema could not be changed", cause: error)
  }
}

extension SchemaLook {
  /// Whether there is anything to do for whoever may do so much.
  func isWork(_ permission: SchemaPermission) -> Bool {
    !steps(permission).isEmpty || !news.isEmpty || permission.isAsked && !drifted.isEmpty
  }
}
