import Base
@testable import PostgresStore
import Reactor
import Store
import Synchronization
import Testing

/// The same read, asked for by several at once: one statement answers them all, and each is still its own call.
@Suite struct PostgresAlikeReadTests {
  /// A read over one parameter that may not be shared among different ones.
  private static func read(
    _ before: StaticString, _ kind: ColumnKind, _ after: StaticString, as captured: ColumnKind = .text
  ) -> @Sendable (Value) -> Query {
    var sql = SQL(before)
    sql.append(parameter: kind, .slot(0))
    sql.append(after)
    let statement = sql.statement(for: .postgres).statement
    let encoding = RowEncoding(
      fields: [.init(key: Array("\"v\":".utf8), column: 0, content: .scalar(captured))], captures: [.init(column: 0, kind: captured)])
    return { Query(statement, [$0], encoding: encoding, rowsMax: 2) }
  }

  /// The answers of reads that are asked for at once, in their order.
  private static func answers(_ queries: [Query], _ server: PostgresServer) async -> [Result<Rows, StoreError>] {
    let store = server.store
    return await withTaskGroup(of: (Int, Result<Rows, StoreError>).self) { tasks in
      for (place, query) in queries.enumerated() {
        tasks.addTask(executorPreference: server.group.loops[0]) {
          do throws(StoreError) { return (place, .success(try await store.read(query))) } catch { return (place, .failure(error)) }
        }
      }
      var answers = [Result<Rows, StoreError>](repeating: .success(Rows()), count: queries.count)
      for await (place, rows) in tasks { answers[place] = rows }
      return answers
    }
  }

  private static func shared(_ server: PostgresServer) -> Double {
    server.store.gauges().first { $0.name == "shared_reads_total" }?.value ?? -1
  }

  @Test func parametersAreTheSameByteForByte() throws {
    var buffer = ParameterBuffer()
    let kinds: [ColumnKind] = [.text, .integer]
    let places = try [
      [.string("a"), .integer(1)], [.string("a"), .integer(1)], [.string("a"), .integer(12)], [.string(""), .integer(1)],
      [.null, .integer(1)], [.null, .integer(1)], [.string("a1"), .null],
    ].map { (values: [Value]) in try buffer.append(values, as: kinds) }
    for (row, one) in places.enumerated() {
      for (column, other) in places.enumerated() {
        #expect(buffer.isSame(one, other) == (row == column || [[0, 1], [4, 5]].contains([min(row, column), max(row, column)])))
      }
    }
    let none = try buffer.append([], as: [])
    #expect(buffer.isSame(none, none) && !buffer.isSame(none, places[0]))
  }

  @Test func whatWasAddedLastIsTakenAway() throws {
    var buffer = ParameterBuffer()
    _ = try buffer.append([.string("first"), .null], as: [.text, .text])
    let before = (buffer.bytes, buffer.starts)
    for values: [Value] in [[.null, .string("x")], [.string("x"), .string("y")], [.null, .null]] {
      buffer.removeLast(try buffer.append(values, as: [.text, .text]))
      #expect(buffer.bytes == before.0 && buffer.starts == before.1)
    }
    buffer.removeLast(try buffer.append([], as: []))
    #expect(buffer.bytes == before.0 && buffer.starts == before.1)
  }

  /// Each run of the statement has another number: those that are alike have one in common, and never one of others.
  @Test func oneRunAnswersThoseWhoAskTheSame() async throws {
    try await PostgresServer.with { server in
      let read = PostgresAlikeReadTests.read("SELECT ", .text, "::text || ' ' || random()")
      var runs: Set<String> = []
      for _ in 0..<5 {
        for (place, answer) in await PostgresAlikeReadTests.answers((0..<48).map { read(.string("k\($0 % 4)")) }, server).enumerated() {
          let rows = try answer.get()
          guard case .string(let text)? = rows.captured.first else { throw Unexpected("\(rows)") }
          #expect(text.hasPrefix("k\(place % 4) ") && rows.count == 1)
          #expect(String(decoding: rows.json, as: UTF8.self) == #"{"v":"\#(text)""# && rows.ends == [rows.json.count])
          runs.insert(text)
        }
      }
      #expect(runs.count < 5 * 48)
      #expect(PostgresAlikeReadTests.shared(server) > 0)
    }
  }

  /// Equal in Swift, and not the same to the database.
  @Test func valuesThatAreOnlyEqualAreNotTheSame() async throws {
    try await PostgresServer.with { server in
      let texts = ["\u{e9}", "e\u{301}"]
      #expect(texts[0] == texts[1])
      let read = PostgresAlikeReadTests.read("SELECT octet_length(", .text, ")", as: .integer)
      for (place, answer) in await PostgresAlikeReadTests.answers((0..<40).map { read(.string(texts[$0 % 2])) }, server).enumerated() {
        let captured = try answer.get().captured
        #expect(captured == [.integer(place % 2 == 0 ? 2 : 3)])
      }
      let amount = PostgresAlikeReadTests.read("SELECT (", .decimal(scale: 2), ")::text")
      let decimals = [Decimal(units: 1, scale: 0), Decimal(units: 100, scale: 2)]
      for (place, answer) in await PostgresAlikeReadTests.answers((0..<40).map { amount(.decimal(decimals[$0 % 2])) }, server).enumerated()
      {
        let captured = try answer.get().captured
        #expect(captured == [.string(place % 2 == 0 ? "1" : "1.00")])
      }
      #expect(PostgresAlikeReadTests.shared(server) > 0)
    }
  }

  @Test func aFailureIsOfThoseWhoAskedForIt() async throws {
    try await PostgresServer.with { server in
      let read = PostgresAlikeReadTests.read("SELECT 10 / ", .integer, "", as: .integer)
      for _ in 0..<3 {
        let answers = await PostgresAlikeReadTests.answers((0..<40).map { read(.integer($0 % 4 == 3 ? 0 : 5)) }, server)
        for (place, answer) in answers.enumerated() {
          let captured = try? answer.get().captured
          let expected: [Value]? = place % 4 == 3 ? nil : [.integer(2)]
          #expect(captured == expected)
        }
      }
      #expect(PostgresAlikeReadTests.shared(server) > 0)
    }
  }

  @Test func whatCannotBeSentIsRefused() async throws {
    try await PostgresServer.with { server in
      let read = PostgresAlikeReadTests.read("SELECT ", .text, "")
      for (place, answer) in await PostgresAlikeReadTests.answers((0..<40).map { read(.string($0 % 4 == 1 ? "a\0b" : "a")) }, server)
        .enumerated()
      {
        let captured = try? answer.get().captured
        let expected: [Value]? = place % 4 == 1 ? nil : [.string("a")]
        #expect(captured == expected)
      }
    }
  }

  @Test func moreRowsThanAskedForAreADefectForEach() async throws {
    try await PostgresServer.with { server in
      let read = PostgresAlikeReadTests.read("SELECT generate_series(1, ", .integer, ")", as: .integer)
      for (place, answer) in await PostgresAlikeReadTests.answers((0..<24).map { read(.integer($0 % 2 == 0 ? 2 : 3)) }, server).enumerated()
      {
        let captured = try? answer.get().captured
        let expected: [Value]? = place % 2 == 0 ? [.integer(1), .integer(2)] : nil
        #expect(captured == expected)
      }
    }
  }

  /// Whoever's read the statement was sent for first may be gone when it comes back.
  @Test func whoLeavesTakesNobodyAlong() async throws {
    try await PostgresServer.with { server in
      let store = server.store
      let read = PostgresAlikeReadTests.read("SELECT id FROM (SELECT ", .integer, "::int8 AS id, pg_sleep(0.05)) AS s", as: .integer)
      for leaver in 0..<4 {
        let tasks = (0..<16).map { _ in
          Task(executorPreference: server.group.loops[0]) { try await store.read(read(.integer(7))).captured }
        }
        for (number, task) in tasks.enumerated() where number % 4 == leaver { task.cancel() }
        for (number, task) in tasks.enumerated() where number % 4 != leaver {
          let value = try await task.value
          #expect(value == [.integer(7)])
        }
      }
    }
  }

  /// A session that ends under them: each asks again for itself, a bounded number of times, and is told.
  @Test func aSessionThatEndsIsNoEndlessWait() async throws {
    try await PostgresServer.with { server in
      let deadly = PostgresAlikeReadTests.read("SELECT pg_terminate_backend(pg_backend_pid())::text || ", .text, "")
      for answer in await PostgresAlikeReadTests.answers((0..<12).map { _ in deadly(.string("x")) }, server) {
        let captured = try? answer.get().captured
        #expect(captured == nil)
      }
      let read = PostgresAlikeReadTests.read("SELECT ", .integer, "::int8", as: .integer)
      var found: [Value] = []
      let end = SystemClock().monotonicNanoseconds + 20_000_000_000
      let store = server.store
      while found.isEmpty, SystemClock().monotonicNanoseconds < end {
        found = await Task.detached { (try? await store.read(read(.integer(3))).captured) ?? [] }.value
      }
      #expect(found == [.integer(3)])
    }
  }

  @Test func readsSurviveACutNetwork() async throws {
    let url = try PostgresServer.baseURL()
    let relay = try PostgresRelay(to: url)
    defer { relay.end() }
    try await PostgresServer.with(url: relay.url(for: url)) { server in
      let store = server.store
      let read = PostgresAlikeReadTests.read("SELECT id FROM (SELECT ", .integer, "::int8 AS id, pg_sleep(0.2)) AS s", as: .integer)
      let tasks = (0..<8).map { _ in
        Task(executorPreference: server.group.loops[0]) { try await store.read(read(.integer(5))).captured }
      }
      _ = try await store.read(Query("SELECT 1", captures: [.integer]))
      relay.mustCut.store(true, ordering: .relaxed)
      for task in tasks {
        let found = try await task.value
        #expect(found == [.integer(5)])
      }
    }
  }
}
