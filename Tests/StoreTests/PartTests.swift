import Base
import Contract
import PostgresStore
import Reactor
import Synchronization
import Testing

@testable import Store

/// A clock that a test moves.
private final class MovedClock: Clock {
  private let time: Mutex<Timestamp>
  init(_ text: String) { time = Mutex(Timestamp(text) ?? Timestamp(microseconds: 0)) }
  var now: Timestamp { time.withLock { $0 } }
  var monotonicNanoseconds: UInt64 { UInt64(now.microseconds) * 1000 }
  func move(to text: String) { time.withLock { $0 = Timestamp(text) ?? $0 } }
}

@Suite("Which parts a table has") struct PartCalendarTests {
  private func time(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }
  private func texts(_ parts: [TablePart]) -> [String] {
    parts.map { "\($0.lower?.date.description ?? "-") \($0.upper?.date.description ?? "-")" }
  }

  @Test(
    "parts begin at midnight UTC, on a Monday, on the first",
    arguments: [
      (Partitioning.Period.day, "2024-02-28T23:59:59.999999Z", 1, "2024-02-29"), (.day, "2024-02-28T00:00:00Z", 2, "2024-03-01"),
      (.week, "2026-11-22T12:00:00Z", 0, "2026-11-16"), (.week, "2026-11-23T00:00:00Z", 0, "2026-11-23"),
      (.week, "1969-12-31T00:00:00Z", 0, "1969-12-29"), (.week, "2026-11-22T12:00:00Z", -1, "2026-11-09"),
      (.month, "2026-11-22T12:00:00Z", 0, "2026-11-01"), (.month, "2026-11-30T12:00:00Z", 3, "2027-02-01"),
      (.month, "2026-01-31T12:00:00Z", -1, "2025-12-01"), (.month, "2026-11-22T12:00:00Z", -23, "2024-12-01"),
      (.year, "2026-11-22T12:00:00Z", 1, "2027-01-01"), (.year, "2026-11-22T12:00:00Z", -2026, "0001-01-01"),
      (.month, "9999-12-31T12:00:00Z", 5, "9999-12-31"), (.day, "0001-01-01T00:00:00Z", -10_000, "0001-01-01"),
      (.year, "2026-11-22T12:00:00Z", Int.min, "0001-01-01"), (.week, "2026-11-22T12:00:00Z", Int.max, "9999-12-31"),
    ])
  func starts(_ every: Partitioning.Period, _ now: String, _ moved: Int, _ expected: String) throws {
    #expect(every.start(of: try time(now).date, moved: moved).description == expected)
  }

  @Test("what is kept ends where the oldest part begins, or where retain says, whichever is later") func kept() throws {
    let now = try time("2026-11-22T12:00:00Z")
    var resource = Resource(name: "orders")
    #expect(!resource.keepsForATime && resource.keptFrom(at: now) == nil)
    resource.partitioning = Partitioning(every: .month)
    #expect(!resource.keepsForATime && resource.keptFrom(at: now) == nil)
    resource.partitioning = Partitioning(every: .month, keep: 1)
    #expect(resource.keptFrom(at: now)?.date.description == "2026-11-01")
    resource.partitioning?.keep = 24
    #expect(resource.keepsForATime && resource.keptFrom(at: now)?.date.description == "2024-12-01")
    resource.retention = .seconds(86_400)
    #expect(resource.keptFrom(at: now)?.date.description == "2026-11-21")
    resource.retention = .seconds(Int64.max / 2)
    #expect(resource.keptFrom(at: now)?.date.description == "2024-12-01")
  }

  @Test("a table begins with the part before now; later only what is ahead is made") func missing() throws {
    let calendar = PartCalendar(table: "orders", schema: nil, every: .month)
    let now = try time("2026-11-22T12:00:00Z")
    let first = calendar.missing(beside: [], at: now)
    #expect(first.map(\.name) == ["orders_p20261001", "orders_p20261101", "orders_p20261201", "orders_p20270101", "orders_p20270201"])
    #expect(PartCalendar.end(of: first, from: now)?.date.description == "2027-03-01")
    #expect(calendar.missing(beside: first, at: now).isEmpty)
    #expect(texts(calendar.missing(beside: first, at: try time("2026-12-01T00:00:00Z"))) == ["2027-03-01 2027-04-01"])
    // After a long rest the months that nobody can write to any more are passed over.
    #expect(calendar.missing(beside: first, at: try time("2030-06-01T00:00:00Z")).count == 4)
    // Other lengths begin where the parts that are there end.
    let weekly = PartCalendar(table: "orders", schema: nil, every: .week)
    let weeks = weekly.missing(beside: first, at: try time("2027-02-22T00:00:00Z"))
    #expect(texts(weeks).prefix(2) == ["2027-03-01 2027-03-08", "2027-03-08 2027-03-15"])
    let yearly = PartCalendar(table: "orders", schema: nil, every: .year)
    #expect(texts(yearly.missing(beside: first, at: now)) == ["2027-03-01 2028-01-01", "2028-01-01 2029-01-01"])
    // A gap is filled up to what is there.
    #expect(
      texts(calendar.missing(beside: [first[0], first[1], first[3]], at: now)) == ["2026-12-01 2027-01-01", "2027-02-01 2027-03-01"])
    #expect(PartCalendar.end(of: [first[0], first[1], first[3]], from: now)?.date.description == "2026-12-01")
    #expect(PartCalendar.end(of: [first[0]], from: now) == now)
    let all = TablePart(name: "all", schema: nil, lower: nil, upper: nil)
    #expect(calendar.missing(beside: [all], at: now).isEmpty && PartCalendar.end(of: [all], from: now) == nil)
  }

  @Test("an operator hears of it when half of what is made ahead is used up", arguments: Partitioning.Period.allCases)
  func short(_ every: Partitioning.Period) throws {
    let calendar = PartCalendar(table: "t", schema: nil, every: every)
    let start = try time("2026-03-02T00:00:00Z")
    let end = PartCalendar.end(of: calendar.missing(beside: [], at: start), from: start)
    #expect(!calendar.isShort(end, at: start) && !calendar.isShort(nil, at: start))
    #expect(calendar.isShort(end, at: Timestamp(microseconds: try #require(end).microseconds - 1)))
  }

  @Test(
    "bounds read as they are printed, and nothing else does",
    arguments: [
      ("FOR VALUES FROM ('019d0d4d-d000-0000-0000-000000000000') TO ('019dac6a-e000-0000-0000-000000000000')", true),
      ("FOR VALUES FROM (MINVALUE) TO ('019dac6a-e000-0000-0000-000000000000')", true), ("FOR VALUES FROM (MINVALUE) TO (MAXVALUE)", true),
      ("DEFAULT", false), ("", false), ("FOR VALUES FROM (", false), ("FOR VALUES FROM ('", false),
      ("FOR VALUES FROM ('x') TO ('y')", false),
      ("FOR VALUES FROM ('019d0d4d-d000-7000-0000-000000000000') TO (MAXVALUE)", false),
      ("FOR VALUES FROM ('019d0d4d-d000-0000-0000-000000000001') TO (MAXVALUE)", false),
      ("FOR VALUES FROM (MINVALUE) TO (MAXVALUE) x", false), ("FOR VALUES FROM (1) TO (2)", false), ("FOR VALUES IN (1)", false),
      ("FOR VALUES FROM ('ffffffff-ffff-0000-0000-000000000000') TO (MAXVALUE)", true),
    ])
  func bounds(_ text: String, _ isOwn: Bool) throws {
    let part = TablePart(LivePart(name: "p", schema: nil, bounds: text))
    #expect((part != nil) == isOwn)
    if let part, part.lower.map({ $0 <= .maximum }) ?? true { #expect(part.bounds.text(.postgres) == text) }
  }

  @Test("names are of the table's own, and at most 63 bytes long") func names() throws {
    let long = String(repeating: "ä", count: 31)
    #expect(TablePart.name(of: long, from: try time("2026-03-01T00:00:00Z")).utf8.count <= 63)
    #expect(TablePart.name(of: "orders", from: nil) == "orders_p00000000")
    #expect(TablePart.isOwnName("orders_p20260301", of: "orders") && !TablePart.isOwnName("orders_p2026", of: "orders"))
    #expect(!TablePart.isOwnName("orders_p2026030x", of: "orders") && !TablePart.isOwnName("", of: "orders"))
    #expect(TablePart.isOwnName(TablePart.name(of: long, from: nil), of: long))
  }
}

/// A transaction of somebody else, which lasts until it is told to end.
private final class Holder: Sendable {
  private let gate: PostgresStore
  private let store: PostgresStore
  private let held: Task<Void, any Error>

  init(_ server: PostgresServer, _ statement: String, of table: String, _ mode: String) async throws {
    var options = server.options
    options.pool = 1
    options.lockTimeout = .seconds(300)
    options.timeout = .seconds(300)
    options.changesSchema = true
    gate = try PostgresStore(url: server.url, options: options, loops: server.group.loops)
    let store = try PostgresStore(url: server.url, options: options, loops: server.group.loops)
    self.store = store
    let number = Int.random(in: 1 ... .max)
    _ = try await gate.inspect("SELECT pg_advisory_lock(\(number))", [])
    held = Task { _ = try await store.inspect("WITH w AS (\(statement)) SELECT pg_advisory_lock(\(number))::text FROM w LIMIT 1", []) }
    while try await server.store.inspect(
      "SELECT 1 FROM pg_locks WHERE relation = '\(table)'::regclass AND mode = '\(mode)' AND granted AND pid <> pg_backend_pid()", []
    ).isEmpty {}
  }

  func end() async throws {
    _ = try await gate.inspect("SELECT pg_advisory_unlock_all()", [])
    try await held.value
    await store.close()
    await gate.close()
  }
}

@Suite("A table in parts on PostgreSQL", .enabled(if: TestStore.postgresURL != nil)) struct PartTests {
  private static func contract(_ more: String = "", partition: String = "{by: created_at, every: month, keep: 2}") throws -> Contract {
    let text = """
      martlet: 1
      service: {name: shop, version: v1}
      resources:
        customers:
          fields: {name: string}
          access: {read: anyone, create: anyone}
        orders:
          fields:
            customer: {ref: customers}
            note: {type: string}
      \(more)
          \(partition.isEmpty ? "" : "partition: \(partition)")
          access: {read: anyone, create: anyone, delete: anyone}
        lines:
          fields: {order: {ref: orders, on_delete: cascade}}
          access: {read: anyone, create: anyone}
      """
    let result = ContractLoader.load(text: text)
    return try #require(result.contract, "\(result.errors.map { $0.rendered() })")
  }

  private let clock = MovedClock("2026-03-15T12:00:00Z")
  private var manager: SchemaManager { SchemaManager(clock: clock) }

  private func key(_ time: String, _ number: UInt64) throws -> String {
    UUID.version7(at: try #require(Timestamp(time)), random: (1, number)).description
  }

  private func order(_ time: String, _ number: UInt64, customer: String? = nil) throws -> String {
    "INSERT INTO orders (id, customer, created_at, updated_at, revision) VALUES ('\(try key(time, number))', "
      + "\(customer.map { "'\($0)'" } ?? "NULL"), '\(time)', '\(time)', 1)"
  }

  private func parts(_ store: any Store, of table: String = "orders") async throws -> [String] {
    let rows = try await store.inspect(
      "SELECT c.relname::text FROM pg_inherits AS h JOIN pg_class AS c ON c.oid = h.inhrelid WHERE h.inhparent = '\(table)'::regclass "
        + "AND NOT h.inhdetachpending ORDER BY 1", [])
    return rows.compactMap { $0[0].map { String($0.suffix(8)) } }
  }

  private func count(_ store: any Store, _ what: String) async throws -> Int {
    try await Int(store.inspect("SELECT count(*) FROM \(what)", [])[0][0] ?? "") ?? -1
  }

  private func keep(_ store: any Store, _ contract: Contract, attempts: Int = 20) async throws -> [PartState] {
    try await PartKeeper(clock: clock, attempts: attempts).keep(store, contract) { _ in }
  }

  private func expectFit(_ store: any Store, _ contract: Contract) async throws {
    #expect(try await manager.look(store, contract).plan.changes.map(\.description) == [])
    #expect(try await manager.prepare(store, contract) == [])
  }

  @Test("a record that no part takes is refused as an outage, and nothing of its batch happens") func outside() async throws {
    try await PostgresServer.with { server in
      let contract = try Self.contract()
      _ = try await manager.prepare(server.store, contract)
      let steps: [WriteBatch.Step] = [
        .run(
          "INSERT INTO customers (id, created_at, updated_at, revision) VALUES ('\(try key("2026-03-15T12:00:00Z", 1))', now(), now(), 1)",
          rows: 1),
        .run(try order("2031-01-01T00:00:00Z", 1), rows: 1),
      ]
      let error = await #expect(throws: StoreError.self) { _ = try await server.store.write(WriteBatch(steps)) }
      #expect(error?.code == .unavailable && error?.message.contains("orders") == true, "\(String(describing: error))")
      #expect(try await count(server.store, "customers") == 0)
      // The store goes on.
      guard case .committed = try await server.store.write(WriteBatch([.run(try order("2026-03-15T12:00:00Z", 2), rows: 1)])) else {
        throw Unexpected("not written")
      }
      try await server.store.ping()
    }
  }

  @Test("parts are there from the migration on, and what was prepared needs nothing more") func made() async throws {
    try await PostgresServer.with { server in
      let contract = try Self.contract()
      let done = try await manager.prepare(server.store, contract)
      #expect(done.contains("create table orders"))
      #expect(try await parts(server.store) == ["20260201", "20260301", "20260401", "20260501", "20260601"])
      try await expectFit(server.store, contract)
      #expect(try await keep(server.store, contract).map(\.trouble) == [nil])
    }
  }

  @Test("parts are made ahead by one of many that want to, and a start makes those that it lacks") func ahead() async throws {
    try await PostgresServer.with(loops: 2) { server in
      let contract = try Self.contract(partition: "{by: created_at, every: month}")
      _ = try await manager.prepare(server.store, contract)
      clock.move(to: "2026-05-02T00:00:00Z")
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<6 {
          group.addTask {
            let states = try await keep(server.store, contract)
            #expect(states.count == 1)
          }
        }
        try await group.waitForAll()
      }
      #expect(try await parts(server.store).suffix(2) == ["20260701", "20260801"])
      #expect(try await keep(server.store, contract).map(\.trouble) == [nil])
      // Nobody was there for years.
      clock.move(to: "2030-01-10T00:00:00Z")
      _ = try await manager.prepare(server.store, contract)
      #expect(try await parts(server.store).suffix(4) == ["20300101", "20300201", "20300301", "20300401"])
      try await server.store.define([try order("2030-01-10T00:00:00Z", 1)])
      try await expectFit(server.store, contract)
    }
  }

  @Test("a part that could not be made is told, and made when it can be; meanwhile nobody waits long") func held() async throws {
    try await PostgresServer.with { server in
      let contract = try Self.contract()
      _ = try await manager.prepare(server.store, contract)
      clock.move(to: "2026-05-20T00:00:00Z")
      // A writer of what refers to it.
      try await server.store.define([
        "INSERT INTO lines (id, created_at, updated_at, revision) VALUES ('\(try key("2026-03-15T12:00:00Z", 5))', now(), now(), 1)"
      ])
      let holder = try await Holder(server, "UPDATE lines SET revision = revision RETURNING 1", of: "lines", "RowExclusiveLock")
      let states = try await keep(server.store, contract, attempts: 1)
      #expect(states.first?.trouble?.contains("could not be made") == true, "\(states)")
      #expect(states.first?.end?.date.description == "2026-07-01")
      try await holder.end()
      #expect(try await keep(server.store, contract).map(\.trouble) == [nil])
      #expect(try await parts(server.store).last == "20260801")
    }
  }

  @Test("what is spent and empty goes; what holds a record stays, and so does the part of yesterday") func dropped() async throws {
    try await PostgresServer.with { server in
      let contract = try Self.contract()
      _ = try await manager.prepare(server.store, contract)
      try await server.store.define([try order("2026-03-15T12:00:00Z", 1)])
      clock.move(to: "2026-04-01T00:00:00Z")
      _ = try await keep(server.store, contract)
      #expect(try await parts(server.store).first == "20260201")
      clock.move(to: "2026-04-02T00:00:00Z")
      let told = Mutex<[String]>([])
      _ = try await PartKeeper(clock: clock).keep(server.store, contract) { text in told.withLock { $0.append(text) } }
      #expect(told.withLock { $0 } == ["dropped part orders_p20260201"])
      clock.move(to: "2026-06-10T00:00:00Z")
      _ = try await keep(server.store, contract)
      // March has a record, April none.
      #expect(try await parts(server.store).prefix(2) == ["20260301", "20260501"])
      try await server.store.define(["DELETE FROM orders"])
      _ = try await keep(server.store, contract)
      #expect(try await parts(server.store).first == "20260501")
      #expect(try await count(server.store, "_martlet_schema WHERE name LIKE 'leaving:%'") == 0)
      #expect(try await count(server.store, "pg_class WHERE relname LIKE 'orders_p202602%' OR relname LIKE 'orders_p202603%'") == 0)
      try await expectFit(server.store, contract)
    }
  }

  @Test("an old reader keeps a part from going for a while, and what was begun is gone on with") func broken() async throws {
    try await PostgresServer.with { server in
      let contract = try Self.contract()
      _ = try await manager.prepare(server.store, contract)
      clock.move(to: "2026-04-05T00:00:00Z")
      let reader = try await Holder(server, "SELECT count(*) FROM orders", of: "orders", "AccessShareLock")
      _ = try await keep(server.store, contract, attempts: 2)
      // Begun: no new read meets it, and it is written down.
      #expect(try await count(server.store, "pg_inherits WHERE inhparent = 'orders'::regclass AND inhdetachpending") == 1)
      #expect(try await count(server.store, "_martlet_schema WHERE name = 'leaving:orders_p20260201'") == 1)
      #expect(try await parts(server.store).first == "20260301")
      try await reader.end()
      _ = try await keep(server.store, contract)
      #expect(try await count(server.store, "pg_class WHERE relname = 'orders_p20260201'") == 0)
      #expect(try await count(server.store, "_martlet_schema WHERE name LIKE 'leaving:%'") == 0)
    }
  }

  @Test("a record that came into a part on its way out brings it back") func returned() async throws {
    try await PostgresServer.with { server in
      let contract = try Self.contract()
      _ = try await manager.prepare(server.store, contract)
      clock.move(to: "2026-04-05T00:00:00Z")
      let bounds = try await server.store.inspect(
        "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'orders_p20260201'", [])
      let leave = Departure(
        part: "orders_p20260201", schema: "\(server.schema)", table: "orders", tableSchema: nil, bounds: try #require(bounds[0][0]))
      #expect(Departure(note: leave.note, name: leave.part) == leave)
      #expect(Departure(note: "a\nb\nc", name: "x") == nil && Departure(note: "a\nb\nc\nDEFAULT; DROP", name: "x") == nil)
      try await server.store.define([
        SchemaNotes.statement(leave.noteName, leave.note, at: clock.now, .postgres),
        try order("2026-02-15T12:00:00Z", 1), "ALTER TABLE orders DETACH PARTITION orders_p20260201",
      ])
      #expect(try await count(server.store, "orders") == 0)
      _ = try await keep(server.store, contract)
      #expect(try await count(server.store, "orders") == 1)
      #expect(try await parts(server.store).first == "20260201")
      #expect(try await count(server.store, "_martlet_schema WHERE name LIKE 'leaving:%'") == 0)
    }
  }

  @Test("what is added to a table in parts is added to all of them, and what was broken off is gone on with") func changed() async throws {
    try await PostgresServer.with { server in
      let plain = try Self.contract()
      _ = try await manager.prepare(server.store, plain)
      try await server.store.define([
        "INSERT INTO customers (id, created_at, updated_at, revision) VALUES ('\(try key("2026-03-15T12:00:00Z", 7))', now(), now(), 1)",
        try order("2026-02-15T12:00:00Z", 1), try order("2026-03-15T12:00:00Z", 2, customer: try key("2026-03-15T12:00:00Z", 7)),
      ])
      let contract = try Self.contract(
        """
              status: {type: enum, values: [open, paid], default: open, index: true, required: true}
              words: {type: string, search: true}
              second: {ref: customers}
        """.replacing("        status", with: "      status"))
      // As a process that was killed leaves it.
      try await server.store.define(["ALTER TABLE orders ADD COLUMN status text COLLATE \"C\" NOT NULL DEFAULT 'open'"])
      try await server.store.define(["CREATE INDEX ix_orders_status ON ONLY orders (status, id)"])
      _ = try await manager.prepare(server.store, contract)
      try await expectFit(server.store, contract)
      let invalid = try await count(
        server.store, "pg_index AS x JOIN pg_class AS c ON c.oid = x.indrelid WHERE NOT x.indisvalid AND c.relname LIKE 'orders%'")
      #expect(invalid == 0)
      let references = "pg_constraint WHERE contype = 'f' AND conrelid = 'orders_p20260301'::regclass AND convalidated"
      #expect(try await count(server.store, references) == 2)
      // A part that comes later has all of it.
      clock.move(to: "2026-04-15T12:00:00Z")
      _ = try await keep(server.store, contract)
      try await expectFit(server.store, contract)
      let outcome = try await server.store.write(
        WriteBatch([
          .run("UPDATE orders SET second = '\(try key("2026-03-15T12:00:00Z", 8))'", rows: 2)
        ]))
      guard case .foreignKeyViolation = outcome else { throw Unexpected("\(outcome)") }
      // And back again.
      _ = try await manager.apply(server.store, plain, .applying(allowsLoss: true), actor: "tester@here")
      try await expectFit(server.store, plain)
    }
  }

  @Test("a default for what becomes required is filled in in every part") func filled() async throws {
    try await PostgresServer.with { server in
      _ = try await manager.prepare(server.store, try Self.contract())
      try await server.store.define([try order("2026-02-15T12:00:00Z", 1), try order("2026-03-15T12:00:00Z", 2)])
      var contract = try Self.contract()
      let place = try #require(contract.resources.firstIndex { $0.name == "orders" })
      contract.resources[place].fields[1].isRequired = true
      contract.resources[place].fields[1].defaultValue = .value(.string("none"))
      _ = try await manager.apply(server.store, contract, .applying(allowsLoss: false), actor: "tester@here")
      try await expectFit(server.store, contract)
      #expect(try await count(server.store, "orders WHERE note = 'none'") == 2)
    }
  }

  @Test("a contract without the parts, with others' parts or with a default one is told so") func others() async throws {
    try await PostgresServer.with { server in
      let contract = try Self.contract()
      _ = try await manager.prepare(server.store, contract)
      let without = try Self.contract(partition: "")
      let error = await #expect(throws: SchemaError.self) { try await manager.prepare(server.store, without) }
      #expect(error?.description.contains("nobody would make the next one") == true, "\(String(describing: error))")
      try await server.store.define(["CREATE TABLE rest PARTITION OF orders DEFAULT"])
      #expect(try await keep(server.store, contract).first?.trouble?.contains("default part") == true)
      try await server.store.define(["DROP TABLE lines, orders"])
      try await server.store.define([
        "CREATE TABLE orders (id uuid, customer uuid, note text, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, revision bigint NOT NULL, PRIMARY KEY (id, created_at)) PARTITION BY RANGE (created_at)"
      ])
      let foreign = await #expect(throws: SchemaError.self) { try await manager.prepare(server.store, contract) }
      #expect(foreign?.obstacles.isEmpty == false, "\(String(describing: foreign))")
    }
  }
}
