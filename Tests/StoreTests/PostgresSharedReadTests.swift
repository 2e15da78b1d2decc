import Base
@testable import PostgresStore
import Reactor
import Store
import Testing

/// Reads of one statement that go to the server as one: each has its own answer, whatever becomes of the others.
@Suite struct PostgresSharedReadTests {
  /// `SELECT` of an expression over one parameter, as a read that may be shared.
  private static func read(
    _ before: StaticString, _ kind: ColumnKind, _ after: StaticString, as captured: ColumnKind = .text
  ) -> @Sendable (Value) -> Query {
    var sql = SQL(before)
    sql.append(parameter: kind, .slot(0))
    sql.append(after)
    let statement = sql.statement(for: .postgres, isShared: true).statement
    let encoding = RowEncoding(fields: [], captures: [.init(column: 0, kind: captured)])
    return { Query(statement, [$0], encoding: encoding, rowsMax: 1) }
  }

  /// The answers of reads that are asked for at once, in their order; nil where one failed.
  private static func answers(_ queries: [Query], _ server: PostgresServer) async -> [Rows?] {
    let store = server.store
    return await withTaskGroup(of: (Int, Rows?).self) { tasks in
      for (place, query) in queries.enumerated() {
        tasks.addTask(executorPreference: server.group.loops[0]) { (place, try? await store.read(query)) }
      }
      var answers = [Rows?](repeating: nil, count: queries.count)
      for await (place, rows) in tasks { answers[place] = rows }
      return answers
    }
  }

  private static func shared(_ server: PostgresServer) -> Double {
    server.store.gauges().first { $0.name == "shared_reads_total" }?.value ?? -1
  }

  @Test func onlyPostgresIsAskedForSeveral() {
    var sql = SQL("SELECT 1 WHERE 1 = ")
    sql.append(parameter: .integer, .slot(0))
    #expect(sql.statement(for: .postgres).statement.shared == nil)
    #expect(sql.statement(for: .sqlite, isShared: true).statement.shared == nil)
    #expect(SQL("SELECT 1").statement(for: .postgres, isShared: true).statement.shared == nil)
    #expect(
      sql.statement(for: .postgres, isShared: true).statement.shared
        == "SELECT martlet_row.*,martlet_set.n FROM unnest((SELECT $1)) WITH ORDINALITY AS martlet_set(a1,n) "
        + "CROSS JOIN LATERAL (SELECT 1 WHERE 1 = martlet_set.a1) AS martlet_row")
  }

  @Test func anArrayIsText() {
    var buffer = ParameterBuffer()
    var refused: [Int] = []
    let rows: [[Value]] = [
      [.integer(-1), .string(#"a"\,{}"#)], [.null, .string("")], [.integer(2), .string("a\0b")], [.integer(3), .string("NULL")],
    ]
    let kinds: [ColumnKind] = [.integer, .text]
    let place = buffer.appendArrays(of: 4, as: kinds, value: { rows[$0][$1] }, refused: { place, _ in refused.append(place) })
    #expect(place == 0..<2 && refused == [2])
    #expect(String(decoding: buffer.bytes, as: UTF8.self) == "{-1,NULL,2,3}\0" + #"{"a\"\\,{}","",NULL,"NULL"}"# + "\0")
  }

  /// The words of an adopted column may be any: unquoted, these would be two elements, and move the others' values along.
  @Test func anAdoptedBooleansWordsAreOneElement() {
    var buffer = ParameterBuffer()
    let kinds: [ColumnKind] = [.booleanAsTexts(yes: "y,es", no: "")]
    _ = buffer.appendArrays(of: 2, as: kinds, value: { place, _ in .boolean(place == 0) }, refused: { _, _ in })
    #expect(String(decoding: buffer.bytes, as: UTF8.self) == #"{"y,es",""}"# + "\0")
  }

  @Test func everyKindIsAnElement() async throws {
    try await PostgresServer.with { server in
      for (kind, value, text) in PostgresReadTests.parameters {
        let read = PostgresSharedReadTests.read("SELECT (", kind, ")::text")
        let answers = await PostgresSharedReadTests.answers((0..<12).map { read($0 % 3 == 2 ? .null : value) }, server)
        for (place, rows) in answers.enumerated() {
          #expect(rows?.captured == [place % 3 == 2 ? .null : .string(text)], "\(kind)")
        }
      }
      #expect(PostgresSharedReadTests.shared(server) > 0)
    }
  }

  /// What means something in an array's text, in every order.
  @Test func everyTextComesBackAsItWas() async throws {
    var generator = SystemRandomNumberGenerator()
    let pieces = ["\"", "\\", "{", "}", ",", " ", "NULL", "\n", "\t", "'", "$1", "ä", "😀", "a", "", "\u{7f}", "\u{1}"]
    let texts = (0..<600).map { _ in (0..<Int.random(in: 0...8, using: &generator)).map { _ in pieces.randomElement() ?? "" }.joined() }
    try await PostgresServer.with { server in
      let read = PostgresSharedReadTests.read("SELECT ", .text, "")
      for start in stride(from: 0, to: texts.count, by: 60) {
        let some = Array(texts[start..<start + 60])
        let answers = await PostgresSharedReadTests.answers(some.map { read(.string($0)) }, server)
        for (text, rows) in zip(some, answers) { #expect(rows?.captured == [.string(text)]) }
      }
      #expect(PostgresSharedReadTests.shared(server) > 0)
    }
  }

  @Test func whoFailsFailsAlone() async throws {
    try await PostgresServer.with { server in
      let read = PostgresSharedReadTests.read("SELECT 10 / ", .integer, "", as: .integer)
      for _ in 0..<3 {
        let answers = await PostgresSharedReadTests.answers((0..<40).map { read(.integer($0 % 10 == 3 ? 0 : 5)) }, server)
        for (place, rows) in answers.enumerated() {
          let expected: [Value]? = place % 10 == 3 ? nil : [.integer(2)]
          #expect(rows?.captured == expected)
        }
      }
      #expect(PostgresSharedReadTests.shared(server) > 0)
    }
  }

  @Test func whatCannotBeSentIsRefusedAlone() async throws {
    try await PostgresServer.with { server in
      let read = PostgresSharedReadTests.read("SELECT ", .text, "")
      let answers = await PostgresSharedReadTests.answers((0..<20).map { read(.string($0 == 7 ? "a\0b" : "\($0)")) }, server)
      for (place, rows) in answers.enumerated() {
        let expected: [Value]? = place == 7 ? nil : [.string("\(place)")]
        #expect(rows?.captured == expected)
      }
    }
  }

  @Test func someFindTheirRowAndSomeNone() async throws {
    try await PostgresServer.with { server in
      try await server.store.define([
        "CREATE TABLE t (id int8 PRIMARY KEY, v text)", "INSERT INTO t SELECT n, 'v' || n FROM generate_series(0, 9) n",
      ])
      let read = PostgresSharedReadTests.read("SELECT v FROM t WHERE id = ", .integer, "")
      for _ in 0..<3 {
        let answers = await PostgresSharedReadTests.answers((0..<60).map { read(.integer($0 % 20)) }, server)
        for (place, rows) in answers.enumerated() {
          let expected: [Value] = place % 20 < 10 ? [.string("v\(place % 20)")] : []
          #expect(rows?.captured == expected && rows?.count == expected.count)
        }
        // The statement's rows have another type from here on: it is prepared again.
        try await server.store.define(["ALTER TABLE t ALTER v TYPE varchar(40)"])
      }
      #expect(PostgresSharedReadTests.shared(server) > 0)
    }
  }

  /// A second row for one of them is a defect of the statement, and is the answer of those who asked for it only.
  @Test func twoRowsAreADefect() async throws {
    try await PostgresServer.with { server in
      let read = PostgresSharedReadTests.read("SELECT generate_series(1, ", .integer, ")", as: .integer)
      let answers = await PostgresSharedReadTests.answers((0..<20).map { read(.integer($0 == 4 ? 2 : 1)) }, server)
      for (place, rows) in answers.enumerated() {
        let expected: [Value]? = place == 4 ? nil : [.integer(1)]
        #expect(rows?.captured == expected)
      }
    }
  }

  @Test func whoLeavesTakesNobodyAlong() async throws {
    try await PostgresServer.with { server in
      let store = server.store
      let read = PostgresSharedReadTests.read("SELECT id FROM (SELECT ", .integer, "::int8 AS id, pg_sleep(0.05)) AS s", as: .integer)
      let tasks = (0..<16).map { number in
        Task(executorPreference: server.group.loops[0]) { try await store.read(read(.integer(Int64(number)))).captured }
      }
      for (number, task) in tasks.enumerated() where number % 4 == 1 { task.cancel() }
      for (number, task) in tasks.enumerated() where number % 4 != 1 {
        let value = try await task.value
        #expect(value == [.integer(Int64(number))])
      }
    }
  }
}
