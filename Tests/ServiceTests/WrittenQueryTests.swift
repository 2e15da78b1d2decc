import Base
import Contract
import Identity
import JSON
import Service
import Store
import Synchronization
import Testing

/// A store that remembers how it was asked last.
private final class NotedStore: Store {
  private let store: any Store
  private let query = Mutex<Query?>(nil)

  init(_ store: any Store) { self.store = store }

  var last: Query? { query.withLock { $0 } }
  var dialect: Dialect { store.dialect }
  func read(_ query: Query) async throws(StoreError) -> Rows {
    self.query.withLock { $0 = query }
    return try await store.read(query)
  }
  func write(_ batch: WriteBatch) async throws(StoreError) -> WriteOutcome { try await store.write(batch) }
  func define(_ statements: [String]) async throws(StoreError) { try await store.define(statements) }
  func inspect(_ statement: String, _ values: [Value]) async throws(StoreError) -> [[String?]] {
    try await store.inspect(statement, values)
  }
  func ping() async throws(StoreError) { try await store.ping() }
  func gauges() -> [StoreGauge] { store.gauges() }
  func close() async {}
}

/// Queries by a statement of the contract's own, on both stores.
@Suite struct WrittenQueryTests {
  private static let resources = """
    martlet: 1
    service: {name: shop, version: v1}
    store: {url: "STORE"}
    roles: [finance]
    resources:
      orders:
        fields:
          owner:  {ref: users, default: caller.id}
          name:   {type: string, length: 0..1000}
          amount: {type: integer}
          weight: {type: decimal, precision: "8,3"}
          ratio:  number
          gift:   boolean
          placed: timestamp
          day:    date
          kind:   {type: enum, values: [a, b]}
          extra:  json
        access: {create: authenticated, read: record.owner == caller.id}
    queries:

    """

  private static func contract(_ queries: String, on store: BenchStore) -> String {
    resources.replacing("STORE", with: store == .sqlite ? "sqlite:x.db" : "postgres://x/y")
      + queries.split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }.joined(separator: "\n") + "\n"
  }

  /// A query `q` that everybody with the role may ask, of one statement for both stores.
  private static func query(_ sql: String, columns: String = "a: integer", more: String = "") -> String {
    "q: {sql: \"\(sql)\", bypasses_rules: true, access: [finance], columns: {\(columns)}\(more.isEmpty ? "" : ", " + more)}"
  }

  private struct Scene: Sendable {
    let bench: Bench
    let finance: Caller

    init(_ bench: Bench) async throws {
      self.bench = bench
      finance = try await bench.caller("fin", roles: ["finance"])
    }

    func order(_ body: String, of caller: Caller? = nil) async throws {
      _ = try await bench.create("orders", body, as: caller ?? finance)
    }

    func ask(
      _ name: String = "q", _ values: [(String, String)] = [], limit: String? = nil, after: String? = nil, as caller: Caller? = nil
    ) async throws(Failure) -> JSONValue {
      var parameters = QueryParameters()
      parameters.values = values.map { (name: $0.0, value: $0.1) }
      parameters.limit = limit
      parameters.after = after
      return try await bench.perform(.query(parameters), name, as: caller ?? finance).json
    }

    /// What it is refused with, and the cause that the log is told.
    func refusal(_ values: [(String, String)] = [], as caller: Caller? = nil) async -> Failure? {
      do throws(Failure) {
        _ = try await ask("q", values, as: caller)
        Issue.record("it was not refused")
        return nil
      } catch {
        return error
      }
    }
  }

  private static func run(
    _ queries: String, on store: BenchStore, _ body: @escaping @Sendable (Scene) async throws -> Void
  ) async throws {
    try await store.run(contract(queries, on: store)) { bench in try await body(Scene(bench)) }
  }

  // MARK: What goes well

  @Test("every type is told as it is declared", arguments: BenchStore.available)
  func types(store: BenchStore) async throws {
    let queries = """
      q:
        sql: select id, name, amount, weight, ratio, gift, placed, day, kind, extra, 1 as unnamed from orders order by amount
        bypasses_rules: true
        access: [finance]
        columns:
          id: uuid
          name: text
          amount: integer
          weight: {type: decimal, precision: "8,3"}
          ratio: number
          gift: boolean
          placed: timestamp
          day: date
          kind: {type: enum, values: [a, b]}
          extra: json
      """
    try await Self.run(queries, on: store) { scene in
      try await scene.bench.engine.checkWrittenQueries()
      #expect(try await scene.ask().rows.isEmpty)
      try await scene.order(
        #"{"name": "é \"x\"", "amount": -7, "weight": "1.500", "ratio": 0.5, "gift": true, "placed": "2026-01-02T03:04:05.678901Z", "day": "2026-02-28", "kind": "b", "extra": {"a": [1]}}"#
      )
      // Another's: no row rule holds.
      try await scene.order("{}", of: try await scene.bench.caller("bob"))
      let rows = try await scene.ask().rows
      #expect(rows.count == 2)
      var full = try #require(rows.first { $0["amount"] == -7 }?.objectValue)
      #expect(full["id"]?.stringValue?.count == 36)
      full["id"] = nil
      #expect(
        JSONValue.object(full) == [
          "name": "é \"x\"", "amount": -7, "weight": "1.500", "ratio": 0.5, "gift": true, "placed": "2026-01-02T03:04:05.678901Z",
          "day": "2026-02-28", "kind": "b", "extra": ["a": [1]],
        ])
      let empty = try #require(rows.first { $0["amount"] == .null }?.objectValue)
      #expect(empty.members.filter { $0.value == .null }.count == 9 && empty.count == 10)
    }
  }

  @Test("parameters are bound by their names, with their types", arguments: BenchStore.available)
  func parameters(store: BenchStore) async throws {
    let queries = """
      q:
        sql: select name, amount from orders where (name = :name or :name is null) and amount >= :least and amount >= :least order by amount
        params: {name: string, least: {type: integer, default: 0}}
        bypasses_rules: true
        access: [finance]
        columns: {name: string, amount: integer}
      typed:
        sql: select name from orders where day = :day and placed = :placed and weight = :weight and gift = :gift and ratio = :ratio and kind = :kind and id = :id
        params: {day: date, placed: timestamp, weight: {type: decimal}, gift: boolean, ratio: number, kind: {type: enum, values: [a, b]}, id: uuid}
        bypasses_rules: true
        access: [finance]
        columns: {name: string}
      mine:
        sql: select name from orders where owner = :caller_id and (:caller_tenant is null)
        bypasses_rules: true
        access: authenticated
        columns: {name: string}
      """.replacing("weight = :weight", with: store == .sqlite ? "weight * 1000 = :weight" : "weight = :weight")
    try await Self.run(queries, on: store) { scene in
      try await scene.bench.engine.checkWrittenQueries()
      let bob = try await scene.bench.caller("bob")
      for (name, amount) in [("plain", 1), ("a' or '1'='1", 2), ("x'; drop table orders; --", 3), (":least", 4), ("?1 $1", 5)] {
        let body = JSONValue.object(["name": .string(name), "amount": .integer(Int64(amount))])
        try await scene.order(String(decoding: body.bytes, as: UTF8.self), of: amount == 1 ? bob : nil)
      }
      #expect(try await scene.ask().rows.count == 5)
      #expect(try await scene.ask("q", [("least", "4")]).rows.map { $0["amount"] } == [4, 5])
      // Each finds what has that name, and nothing else happens.
      for (name, amount) in [("a' or '1'='1", 2), ("x'; drop table orders; --", 3), (":least", 4), ("?1 $1", 5)] {
        #expect(try await scene.ask("q", [("name", name)]).rows.map { $0["amount"] } == [.integer(Int64(amount))])
      }
      for name in ["' or 1=1 --", "plain' --", "\\", "%", "$$", "a\" or \"\"=\""] {
        #expect(try await scene.ask("q", [("name", name)]).rows.isEmpty)
      }
      #expect(try await scene.ask().rows.count == 5)
      for (name, value) in [("least", "4; drop table orders"), ("least", "1 or 1=1"), ("least", "9223372036854775808")] {
        #expect(await scene.refusal([(name, value)])?.code == .badParameter)
      }
      #expect(await scene.refusal([("name", "a\u{0}b")])?.code == .badParameter)
      #expect(await scene.refusal([("lest", "4")])?.code == .unknownParameter)
      #expect(await scene.refusal([("caller_id", "4")])?.code == .unknownParameter)
      #expect(try await scene.ask("mine", as: bob).rows.map { $0["name"] } == ["plain"])
      #expect(try await scene.ask("mine").rows.count == 4)

      let all = [
        ("day", "2026-02-28"), ("placed", "2026-01-02T03:04:05Z"), ("weight", "1.5"), ("gift", "true"), ("ratio", "0.5"), ("kind", "b"),
      ]
      let made = try await scene.bench.create(
        "orders",
        #"{"name": "all", "weight": "1.500", "ratio": 0.5, "gift": true, "placed": "2026-01-02T03:04:05Z", "day": "2026-02-28", "kind": "b"}"#,
        as: scene.finance)
      let id = try #require(made["id"]?.stringValue)
      #expect(try await scene.ask("typed", all + [("id", id)]).rows == [["name": "all"]])
      #expect(try await scene.ask("typed", all).rows.isEmpty)
    }
  }

  @Test("pages follow the sort, and need rows that can be told apart", arguments: BenchStore.available)
  func pages(store: BenchStore) async throws {
    let queries = """
      q: {sql: "select name, amount, kind from orders", bypasses_rules: true, access: [finance], sort: -amount, limit: 3, columns: {amount: integer, name: string, kind: string}}
      whole: {sql: select amount from orders, bypasses_rules: true, access: [finance], limit: 3, columns: {amount: integer}}
      alike: {sql: select amount from orders, bypasses_rules: true, access: [finance], limit: 2, sort: -amount, columns: {amount: integer}}
      """
    try await Self.run(queries, on: store) { scene in
      for number in 0..<3 { try await scene.order(##"{"name": "n\##(number)", "amount": \##(number / 2)}"##) }
      #expect(try await scene.ask("whole").rows.count == 3)
      for number in 3..<8 { try await scene.order(##"{"name": "n\##(number)", "amount": \##(number == 7 ? "null" : "\(number / 2)")}"##) }
      var seen: [JSONValue] = []
      var next: String?
      repeat {
        let page = try await scene.ask("q", after: next)
        seen += page.rows
        next = page.page("next").stringValue
      } while next != nil
      #expect(seen.map { $0["name"]?.stringValue } == ["n6", "n5", "n4", "n3", "n2", "n1", "n0", "n7"])
      #expect(seen.allSatisfy { $0["kind"] == .null })
      let one = try await scene.ask("q", limit: "1")
      let cursor = try #require(one.page("next").stringValue)
      #expect(one.rows.count == 1)
      #expect(await scene.bench.refusal { () throws(Failure) in try await scene.ask("alike", after: cursor) } == .badCursor)
      // More than are told: never a part of them as if it were all.
      for (name, code) in [("whole", FailureCode.tooCostly), ("alike", .internal)] {
        #expect(await scene.bench.refusal { () throws(Failure) in try await scene.ask(name) } == code)
      }
      #expect(await scene.bench.refusal { () throws(Failure) in try await scene.ask("whole", limit: "1") } == .badParameter)
      #expect(await scene.bench.refusal { () throws(Failure) in try await scene.ask("whole", after: cursor) } == .badCursor)
    }
  }

  @Test("who is not granted it is refused before the store is asked", arguments: BenchStore.available)
  func access(store: BenchStore) async throws {
    // Asked, it would fail.
    let zero = store == .sqlite ? "json('{') " : "1 / (length(:x) * 0) "
    try await Self.run(Self.query("select \(zero) as a from orders where :x = :x", more: "params: {x: string}"), on: store) { scene in
      #expect(await scene.refusal(as: .anonymous)?.code == .unauthenticated)
      #expect(await scene.refusal(as: try? await scene.bench.caller("bob"))?.code == .forbidden)
      try await scene.order("{}")
      #expect(await scene.refusal([("x", "1")])?.code == .internal)
    }
  }

  // MARK: What the database is asked at the start

  @Test("a statement that the database does not take is found at the start", arguments: BenchStore.available)
  func refusedAtStart(store: BenchStore) async throws {
    var wrong = [
      "select b from orders", "select amount as b from orders", "select amount as a from no_such", "select a a a", "select no_such(1) as a",
      "with x as (delete from orders returning amount as a) select a from x", "with x as (select 1 as a) delete from orders",
      "select 1 as a into made_here", "values (1)",
    ]
    if store == .postgres {
      wrong += [
        "select sum(amount) as a from orders", "select name as a from orders", "select amount::text as a from orders", "select now() as a",
        "select amount as a, amount as a from orders", "select avg(amount) as a from orders", "select '1' as a",
      ]
    }
    for sql in wrong {
      try await Self.run(Self.query(sql), on: store) { scene in
        do throws(StatementRefusal) {
          try await scene.bench.engine.checkWrittenQueries()
          Issue.record("\(sql) was taken")
        } catch {
          #expect(error.description.hasPrefix("martlet.yaml:20: queries.q."), "\(error)")
          #expect(!error.isUnreachable)
        }
      }
    }
    try await Self.run(
      Self.query(store == .sqlite ? "select sum(amount) as a from orders; -- end" : "select sum(amount)::bigint as a from orders;"),
      on: store
    ) { scene in
      try await scene.bench.engine.checkWrittenQueries()
      try await scene.order(#"{"amount": 5}"#)
      #expect(try await scene.ask().rows == [["a": 5]])
    }
  }

  @Test("a statement for another store is none for this one", arguments: BenchStore.available)
  func otherStore(store: BenchStore) throws {
    let other = store == .sqlite ? "postgres" : "sqlite"
    let text = Self.contract(
      "q: {sql: {\(other): select 1 as a}, bypasses_rules: true, access: [finance], columns: {a: integer}}", on: store)
    let contract = try #require(ContractLoader.load(text: text).contract)
    let found = ContractReview(contract, dialect: store == .sqlite ? .sqlite : .postgres).errors
    #expect(found.map(\.code) == ["MRT0509"] && found.allSatisfy { $0.message.contains("no statement for \(store.rawValue)") })
  }

  // MARK: Attacks, and what a statement may not do

  @Test("what a column may not hold is never told", arguments: BenchStore.available)
  func misfits(store: BenchStore) async throws {
    let cases: [(type: String, sql: String)] =
      store == .sqlite
      ? [
        ("integer", "'x'"), ("integer", "1.5"), ("integer", "'1'"), ("string", "1"), ("string", "x'00'"), ("boolean", "2"),
        ("boolean", "'t'"),
        ("date", "'2026-02-30'"), ("date", "'2026-1-1'"), ("date", "20260101"), ("timestamp", "9e99"), ("timestamp", "9223372036854775807"),
        ("uuid", "x'00'"), ("uuid", "'0190a1fd-0000-7000-8000-000000000000'"), ("json", "'{'"), ("number", "'1'"), ("number", "9e999"),
        ("{type: enum, values: [x, y]}", "'z'"),
      ]
      : [
        ("number", "'NaN'::float8"), ("number", "'Infinity'::float8"), ("timestamp", "'infinity'::timestamptz"),
        ("timestamp", "'0044-03-15 00:00:00 BC'::timestamptz"), ("date", "'infinity'::date"), ("date", "'12026-01-01'::date"),
        ("{type: decimal, precision: '4,2'}", "1.234"), ("decimal", "'NaN'::numeric"), ("decimal", "1e19::numeric"),
        ("{type: enum, values: [x, y]}", "'z'::text"),
      ]
    for (type, sql) in cases {
      try await Self.run(Self.query("select \(sql) as a", columns: "a: \(type)"), on: store) { scene in
        try await scene.bench.engine.checkWrittenQueries()
        let failure = await scene.refusal()
        #expect(
          failure?.code == .internal && failure?.cause?.contains("not of its declared type") == true, "\(type) of \(sql): \(failure as Any)"
        )
      }
    }
  }

  @Test("a statement that runs for ever ends after its time", arguments: BenchStore.available)
  func endless(store: BenchStore) async throws {
    let endless = "with recursive c(n) as (select 1 union all select n + 1 - 1 from c) select max(n) as a from c"
    var statements = [endless, "select amount as a from orders where amount < (\(endless))"]
    if store == .postgres {
      statements += [
        "select 1 as a from pg_sleep(1000)",
        "select 1 as a from orders where set_config('statement_timeout', '0', true) = '0' and pg_sleep(1000) is not null",
      ]
    }
    for sql in statements {
      try await Self.run(Self.query(sql, more: "timeout: 200ms"), on: store) { scene in
        try await scene.bench.engine.checkWrittenQueries()
        try await scene.order(#"{"amount": 1}"#)
        #expect(await scene.refusal()?.code == .timeout, "\(sql)")
        // The connection is of use as before.
        #expect(try await scene.bench.list("orders", as: scene.finance).rows.count == 1)
      }
    }
  }

  @Test("a declared query has a time of its own too", arguments: BenchStore.available)
  func declaredTimeout(store: BenchStore) async throws {
    let query =
      "q: {from: orders, select: {n: count()}, access: authenticated, timeout: 5s}\nr: {from: orders, select: {n: count()}, access: authenticated}"
    try await Self.run(query, on: store) { scene in
      try await scene.order("{}")
      #expect(try await scene.ask().rows == [["n": 1]])
      let noted = NotedStore(scene.bench.store)
      let bench = try await Bench(Self.contract(query, on: store), on: noted)
      let caller = try await bench.caller("ada")
      for (name, timeout) in [("q", Duration.seconds(5)), ("r", nil)] {
        _ = try await bench.perform(.query(QueryParameters()), name, as: caller)
        #expect(noted.last?.apart?.timeout == timeout && (noted.last?.apart == nil) == (timeout == nil))
      }
    }
  }

  @Test("of a million rows no more are told than it may have", arguments: BenchStore.available)
  func million(store: BenchStore) async throws {
    let million = "with recursive c(n) as (select 1 union all select n + 1 from c where n < 1000000) select n as a from c"
    try await Self.run(Self.query(million), on: store) { scene in
      #expect(await scene.refusal()?.code == .tooCostly)
    }
    let long =
      store == .sqlite ? "select hex(zeroblob(20000000)) as a" : "select repeat('x', 40000000) as a"
    try await Self.run(Self.query(long, columns: "a: text"), on: store) { scene in
      #expect(await scene.refusal()?.code == .tooCostly)
      let others = try await scene.bench.list("orders", as: scene.finance)
      #expect(others.rows.isEmpty)
    }
  }

  @Test("nothing that a statement calls changes the database or the session")
  func postgresEffects() async throws {
    guard BenchStore.available.contains(.postgres) else { return }
    let effects = [
      "nextval('s')", "setval('s', 77)", "lo_create(4711)", "txid_current()", "pg_notify('a', 'b')::text::bigint",
      "set_config('transaction_read_only', 'off', true)::bigint",
    ]
    for effect in effects {
      try await Self.run(Self.query("select \(effect)::bigint as a"), on: .postgres) { scene in
        try await scene.bench.store.define(["CREATE SEQUENCE s"])
        try await scene.bench.engine.checkWrittenQueries()
        // Refused, or undone with its transaction.
        if effect.contains("val(") { #expect(await scene.refusal()?.code == .internal) } else { _ = try? await scene.ask() }
        let large = try await scene.bench.store.inspect("SELECT count(*) FROM pg_largeobject_metadata", [])
        #expect(large == [["0"]])
        let sequence = try await scene.bench.store.inspect("SELECT last_value, is_called FROM s", [])
        #expect(sequence == [["1", "f"]], "\(effect)")
      }
    }
    // A setting of the session would outlive the request, and the next one could write: it is undone.
    let settings = ["default_transaction_read_only", "statement_timeout", "search_path", "role"]
    let values = ["off", "0", "pg_catalog", "none"]
    for (setting, value) in zip(settings, values) {
      let sql = "select set_config('\(setting)', '\(value)', false) as a"
      try await Self.run(Self.query(sql, columns: "a: text"), on: .postgres) { scene in
        let before = try await scene.bench.store.inspect("SELECT current_setting('\(setting)')", [])
        for _ in 0..<12 { _ = try await scene.ask() }
        for _ in 0..<12 {
          #expect(try await scene.bench.store.inspect("SELECT current_setting('\(setting)')", []) == before)
        }
        #expect(try await scene.bench.list("orders", as: scene.finance).rows.isEmpty)
      }
    }
    try await Self.run(Self.query("select amount as a from orders for update"), on: .postgres) { scene in
      try await scene.order("{}")
      #expect(await scene.refusal()?.code == .internal)
    }
  }

  @Test("SQLite lets a statement load no code and reach no other file") func sqliteEffects() async throws {
    for call in ["load_extension('x')", "writefile('/tmp/x', 'y')", "readfile('/etc/hostname')", "edit('x')", "fts3_tokenizer('simple')"] {
      try await Self.run(Self.query("select \(call) as a", columns: "a: text"), on: .sqlite) { scene in
        var isRefused = false
        do throws(StatementRefusal) { try await scene.bench.engine.checkWrittenQueries() } catch { isRefused = true }
        if !isRefused { #expect(await scene.refusal()?.code == .internal, "\(call)") }
      }
    }
    // What is left of pragmas in a statement that reads: those that tell.
    for sql in ["select count(*) as a from pragma_query_only(0)", "select count(*) as a from pragma_journal_mode('delete')"] {
      try await Self.run(Self.query(sql), on: .sqlite) { scene in
        _ = try? await scene.ask()
        _ = try? await scene.ask()
        try await scene.order("{}")
        #expect(try await scene.bench.store.inspect("PRAGMA query_only", []) == [["1"]])
        #expect(try await scene.bench.store.inspect("PRAGMA journal_mode", []) == [["wal"]])
      }
    }
  }
}
