import Base
import PostgresStore
import Reactor
import Store
import Testing

@Suite struct PostgresWriteTests {
  private static let schema = [
    "CREATE TABLE parents (id int8 PRIMARY KEY)",
    "CREATE TABLE t (id int8 PRIMARY KEY, name text NOT NULL, \"Odd, name\" int8, parent int8 REFERENCES parents, "
      + "CONSTRAINT small CHECK (id < 1000), UNIQUE (name, \"Odd, name\"), d numeric(4,2), "
      + "later int8 UNIQUE DEFERRABLE INITIALLY DEFERRED)",
  ]

  private func with(_ options: PostgresOptions = PostgresOptions(), _ body: @escaping @Sendable (PostgresStore) async throws -> Void)
    async throws
  {
    try await PostgresServer.with(options: options) { server in
      try await server.store.define(PostgresWriteTests.schema)
      try await body(server.store)
    }
  }

  private static func insert(_ id: Int64, _ name: String = "n", odd: Int64? = nil, parent: Int64? = nil) -> WriteBatch.Step {
    .run(
      #"INSERT INTO t (id, name, "Odd, name", parent) VALUES ($1, $2, $3, $4)"#,
      [
        (.integer, .integer(id)), (.text, .string(name)), (.integer, odd.map(Value.integer) ?? .null),
        (.integer, parent.map(Value.integer) ?? .null),
      ],
      rows: 1)
  }

  private static func count(_ store: PostgresStore) async throws -> Value? {
    try await store.read(Query("SELECT count(*) FROM t", captures: [.integer])).captured.first
  }

  @Test func stepsTakeEffectTogether() async throws {
    try await with { store in
      let outcome = try await store.write(WriteBatch([.guarding("SELECT 0"), Self.insert(1), Self.insert(2)]))
      guard case .committed(let returned) = outcome else { throw Unexpected("\(outcome)") }
      #expect(returned.isEmpty)
      #expect(try await Self.count(store) == .integer(2))
    }
  }

  @Test func returningHandsKeysBack() async throws {
    try await with { store in
      let step = WriteBatch.Step.returning(
        Statement(text: "INSERT INTO t (id, name) VALUES ($1, $2) RETURNING id, name", parameters: [.integer, .text]),
        [.integer(5), .string("x")],
        kinds: [.integer, .text])
      guard case .committed(let returned) = try await store.write(WriteBatch([step, Self.insert(6), step.with(7)])) else {
        throw Unexpected("not committed")
      }
      #expect(returned == [[.integer(5), .string("x")], [.integer(7), .string("x")]])
    }
  }

  @Test(arguments: [
    ("SELECT 2", 2), ("SELECT 7", 7), ("SELECT 1 WHERE false", 1), ("SELECT NULL::int", 1),
    ("SELECT CASE WHEN EXISTS (SELECT 1 FROM t) THEN 5 ELSE 0 END", 5),
  ])
  func aGuardUndoesTheBatch(text: String, code: Int) async throws {
    try await with { store in
      let outcome = try await store.write(WriteBatch([Self.insert(1), .guarding(text), Self.insert(2)]))
      guard case .refused(let step, let said) = outcome else { throw Unexpected("\(outcome)") }
      #expect(step == 1 && said == code)
      #expect(try await Self.count(store) == .integer(0))
      // The connection is usable at once.
      guard case .committed = try await store.write(WriteBatch([Self.insert(3)])) else { throw Unexpected("not committed") }
    }
  }

  @Test func anotherNumberOfRowsUndoesTheBatch() async throws {
    try await with { store in
      _ = try await store.write(WriteBatch([Self.insert(1), Self.insert(2)]))
      let both = WriteBatch.Step.run("UPDATE t SET name = $1", [(.text, .string("x"))], rows: 1)
      guard case .unexpectedRows(let step, let count) = try await store.write(WriteBatch([Self.insert(3), both])) else {
        throw Unexpected("not refused")
      }
      #expect(step == 1 && count == 3)
      let none = WriteBatch.Step.run("DELETE FROM t WHERE id = $1", [(.integer, .integer(99))], rows: 1)
      guard case .unexpectedRows(0, 0) = try await store.write(WriteBatch([none])) else { throw Unexpected("not refused") }
      #expect(try await store.read(Query("SELECT count(*) FROM t WHERE name = 'n'", captures: [.integer])).captured == [.integer(2)])
      guard case .committed = try await store.write(WriteBatch([.run("DELETE FROM t", rows: nil)])) else { throw Unexpected("refused") }
    }
  }

  @Test func conflictsNameTableAndColumns() async throws {
    try await with { store in
      _ = try await store.write(WriteBatch([Self.insert(1, "secret value", odd: 5)]))
      guard
        case .uniqueViolation(let step, let table, let columns) = try await store.write(WriteBatch([Self.insert(2, "b"), Self.insert(1)]))
      else {
        throw Unexpected("no conflict")
      }
      #expect(step == 1 && table == "t" && columns == ["id"])
      guard
        case .uniqueViolation(0, "t", ["name", "Odd, name"]) = try await store.write(WriteBatch([Self.insert(3, "secret value", odd: 5)]))
      else {
        throw Unexpected("no conflict")
      }
    }
  }

  @Test func deferredConflictsAreTheLastStepsOwn() async throws {
    try await with { store in
      let step = { @Sendable (id: Int64) in
        WriteBatch.Step.run("INSERT INTO t (id, name, later) VALUES ($1, 'd' || $1, 1)", [(.integer, .integer(id))], rows: 1)
      }
      guard case .uniqueViolation(1, "t", ["later"]) = try await store.write(WriteBatch([step(1), step(2)])) else {
        throw Unexpected("no conflict")
      }
      #expect(try await Self.count(store) == .integer(0))
    }
  }

  @Test func otherConstraints() async throws {
    try await with { store in
      guard case .foreignKeyViolation(0, "t_parent_fkey") = try await store.write(WriteBatch([Self.insert(1, parent: 9)])) else {
        throw Unexpected("no violation")
      }
      guard case .checkViolation(0, "small") = try await store.write(WriteBatch([Self.insert(1000)])) else {
        throw Unexpected("no violation")
      }
      let unnamed = WriteBatch.Step.run("INSERT INTO t (id) VALUES (1)", rows: 1)
      guard case .checkViolation(0, "name") = try await store.write(WriteBatch([unnamed])) else { throw Unexpected("no violation") }
      let tooBig = WriteBatch.Step.run("INSERT INTO t (id, name, d) VALUES (1, 'x', 1000)", rows: 1)
      guard case .checkViolation(0, _) = try await store.write(WriteBatch([tooBig])) else { throw Unexpected("no violation") }
      guard case .checkViolation(0, _) = try await store.write(WriteBatch([Self.insert(1, "a\0b")])) else {
        throw Unexpected("no violation")
      }
      guard case .committed = try await store.write(WriteBatch([Self.insert(1)])) else { throw Unexpected("not committed") }
    }
  }

  @Test func aStatementThatTheDatabaseRefusesIsADefect() async throws {
    try await with { store in
      let error = await #expect(throws: StoreError.self) {
        _ = try await store.write(WriteBatch([.run("INSERT INTO nowhere VALUES (1)", rows: 1)]))
      }
      #expect(error?.code == .invalidStatement)
      #expect(error?.message.contains("42P01") == true)
      guard case .committed = try await store.write(WriteBatch([Self.insert(1)])) else { throw Unexpected("not committed") }
    }
  }

  @Test func deadlocksAreTriedAgain() async throws {
    try await PostgresServer.with { server in
      let store = server.store
      try await store.define(["CREATE TABLE pair (id int8 PRIMARY KEY, n int8)", "INSERT INTO pair VALUES (1, 0), (2, 0)"])
      let bump = { @Sendable (id: Int64) in
        WriteBatch.Step.run(
          "UPDATE pair SET n = n + 1 FROM (SELECT pg_sleep(0.005)) AS pause WHERE id = $1", [(.integer, .integer(id))], rows: 1)
      }
      let committed = await withTaskGroup(of: Bool.self) { tasks in
        for number in 0..<8 {
          let (a, b): (Int64, Int64) = number % 2 == 0 ? (1, 2) : (2, 1)
          tasks.addTask {
            guard case .committed = try? await store.write(WriteBatch([bump(a), bump(b)])) else { return false }
            return true
          }
        }
        return await tasks.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      let sum = try await store.read(Query("SELECT sum(n)::int8 FROM pair", captures: [.integer])).captured
      #expect(sum == [.integer(Int64(committed) * 2)])
      #expect(committed > 0)
    }
  }

  @Test func manyWritersLoseNothing() async throws {
    try await PostgresServer.with(loops: 2) { server in
      let store = server.store
      try await store.define(["CREATE TABLE c (id int8 PRIMARY KEY, n int8)", "INSERT INTO c VALUES (1, 0)"])
      let loops = server.group.loops
      let step = WriteBatch.Step.run("UPDATE c SET n = n + 1 WHERE id = $1", [(.integer, .integer(1))], rows: 1)
      let done = await withTaskGroup(of: Bool.self) { tasks in
        for number in 0..<200 {
          tasks.addTask(executorPreference: loops[number % 2]) {
            if case .committed = try? await store.write(WriteBatch([step])) { true } else { false }
          }
        }
        return await tasks.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(done == 200)
      #expect(try await store.read(Query("SELECT n FROM c", captures: [.integer])).captured == [.integer(200)])
    }
  }

  @Test func definitionsAreAllOrNothing() async throws {
    try await with { store in
      let error = await #expect(throws: StoreError.self) { try await store.define(["CREATE TABLE a (x int8)", "CREATE TABLE a (x int8)"]) }
      #expect(error?.code == .invalidStatement)
      #expect(error?.message.hasPrefix("statement 2: ") == true)
      let found = try await store.inspect("SELECT to_regclass('a')", [])
      #expect(found == [[nil]])
    }
  }

  @Test func manyStoresMayStartAtOnce() async throws {
    try await PostgresServer.with { server in
      let url = server.url
      let loops = server.group.loops
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        for _ in 0..<6 {
          tasks.addTask {
            let store = try PostgresStore(url: url, loops: loops)
            let outcome = try await store.write(WriteBatch([.guarding("SELECT 3")]))
            guard case .refused(0, 3) = outcome else { throw Unexpected("\(outcome)") }
            await store.close()
          }
        }
        try await tasks.waitForAll()
      }
    }
  }
}

extension WriteBatch.Step {
  /// The same step with another first value.
  fileprivate func with(_ first: Int64) -> Self {
    guard case .returning(let statement, let values, let kinds) = self else { return self }
    return .returning(statement, [.integer(first)] + values.dropFirst(), kinds: kinds)
  }
}
