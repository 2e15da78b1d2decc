import Base
import JSON
import PostgresStore
import Reactor
import Store
import Synchronization
import Testing

@Suite struct PostgresReadTests {
  @Test func itAnswersAPing() async throws {
    try await PostgresServer.with { server in try await server.store.ping() }
  }

  /// Every kind as JSON, and as the value that is handed over.
  static let encodings: [(sql: String, kind: ColumnKind, json: String, value: Value)] = [
    ("'a\"\\b'||chr(10)||chr(1)||'ä€😀'", .text, #""a\"\\b\n\u0001ä€😀""#, .string("a\"\\b\n\u{1}ä€😀")),
    ("''", .text, #""""#, .string("")),
    ("9223372036854775807::int8", .integer, "9223372036854775807", .integer(.max)),
    ("(-9223372036854775808)::int8", .integer, "-9223372036854775808", .integer(.min)),
    ("7::int2", .integer, "7", .integer(7)),
    ("12.5::numeric(10,2)", .decimal(scale: 2), #""12.50""#, .decimal(Decimal(units: 1250, scale: 2))),
    ("(-0.05)::numeric", .decimal(scale: 2), #""-0.05""#, .decimal(Decimal(units: -5, scale: 2))),
    ("0.1::float8", .number, "0.1", .number(0.1)),
    ("1e300::float8", .number, "1e+300", .number(1e300)),
    ("3::float8", .number, "3.0", .number(3)),
    ("true", .boolean, "true", .boolean(true)),
    ("false", .boolean, "false", .boolean(false)),
    (
      "timestamptz '2026-01-31 10:00:00.1234+02'", .timestamp, #""2026-01-31T08:00:00.123400Z""#,
      .timestamp(Timestamp(microseconds: 1_769_846_400_123_400))
    ),
    (
      "timestamptz '2026-01-31 10:00:00Z'", .timestamp, #""2026-01-31T10:00:00Z""#,
      .timestamp(Timestamp(microseconds: 1_769_853_600_000_000))
    ),
    ("timestamp '2026-01-31 10:00:00'", .timestamp, #""2026-01-31T10:00:00Z""#, .timestamp(Timestamp(microseconds: 1_769_853_600_000_000))),
    ("date '2026-01-31'", .date, #""2026-01-31""#, .date(CalendarDate(days: 20484))),
    (
      "'0190163d-8694-739b-aea5-966c26f8ad90'::uuid", .uuid, #""0190163d-8694-739b-aea5-966c26f8ad90""#,
      .uuid(UUID(high: 0x0190_163d_8694_739b, low: 0xaea5_966c_26f8_ad90))
    ),
    (
      #"'{"b": [1, "x, : y"], "a": {"c": null}}'::jsonb"#, .json, #"{"a":{"c":null},"b":[1,"x, : y"]}"#,
      .json(Array(#"{"a":{"c":null},"b":[1,"x, : y"]}"#.utf8))
    ),
    (#"'\x00ff10'::bytea"#, .bytes, #""AP8Q""#, .bytes([0, 255, 16])),
    ("0.99::float4", .decimalAsReal(scale: 2), #""0.99""#, .decimal(Decimal(units: 99, scale: 2))),
    (
      "'2009-01-01 00:00:00'::text", .timestampAsText, #""2009-01-01T00:00:00Z""#,
      .timestamp(Timestamp(microseconds: 1_230_768_000_000_000))
    ),
    ("'2009-01-01 00:00:00'::text", .dateAsText, #""2009-01-01""#, .date(CalendarDate(days: 14245))),
    ("1230768000::int8", .timestampAsUnixSeconds, #""2009-01-01T00:00:00Z""#, .timestamp(Timestamp(microseconds: 1_230_768_000_000_000))),
    (
      "1230768000500::int8", .timestampAsUnixMilliseconds, #""2009-01-01T00:00:00.500000Z""#,
      .timestamp(Timestamp(microseconds: 1_230_768_000_500_000))
    ),
    ("'Y'::text", .booleanAsTexts(yes: "Y", no: "N"), "true", .boolean(true)),
    (
      "'0190163D-8694-739B-AEA5-966C26F8AD90'::text", .uuidAsText, #""0190163d-8694-739b-aea5-966c26f8ad90""#,
      .uuid(UUID(high: 0x0190_163d_8694_739b, low: 0xaea5_966c_26f8_ad90))
    ),
    ("NULL::text", .text, "null", .null),
  ]

  @Test func everyKindIsReadAsItsJSONAndItsValue() async throws {
    try await PostgresServer.with { server in
      for (sql, kind, json, value) in PostgresReadTests.encodings {
        let query = Query(json: "SELECT " + sql, as: kind)
        // Text at first; then in the binary format where it is one of those that have one.
        for _ in 0..<3 {
          let rows = try await server.store.read(query)
          #expect(rows.text == "{\"v\":" + json, "\(sql)")
          #expect(rows.captured == [value], "\(sql)")
          #expect(rows.ends == [rows.json.count])
        }
      }
    }
  }

  @Test(arguments: [
    ("timestamptz 'infinity'", ColumnKind.timestamp), ("timestamptz '44-03-15 12:00:00 BC'", .timestamp),
    ("timestamptz '12026-01-01 00:00:00'", .timestamp), ("date '-infinity'", .date), ("date '0044-03-15 BC'", .date),
    ("'NaN'::float8", .number), ("'Infinity'::float8", .number), ("'NaN'::numeric", .decimal(scale: 2)),
    ("1e40::numeric", .decimal(scale: 2)), ("'x'", .integer), ("99999999999999999999::numeric", .integer), ("''", .integer),
    ("'-'", .integer),
    ("'x'", .uuid), ("'maybe'", .boolean), ("'x'", .booleanAsTexts(yes: "Y", no: "N")), ("'yesterday'", .timestampAsText),
    ("9223372036854775807", .timestampAsUnixSeconds), ("'x'", .bytes),
  ]) func whatAKindCannotHoldIsItsText(sql: String, kind: ColumnKind) async throws {
    try await PostgresServer.with { server in
      let text = try await server.store.inspect("SELECT (\(sql))::text", []).first?.first ?? nil
      let query = Query(json: "SELECT " + sql, as: kind)
      var answers: Set<[UInt8]> = []
      for _ in 0..<3 {
        let rows = try await server.store.read(query)
        #expect(rows.captured == [.string(try #require(text))])
        #expect(
          rows.count == 1 && (try? JSONDocument.parse(rows.json + [UInt8(ascii: "}")])) != nil,
          "\(String(decoding: rows.json, as: UTF8.self))")
        answers.insert(rows.json)
      }
      #expect(answers.count == 1)
    }
  }

  static let parameters: [(ColumnKind, Value, String)] = [
    (.text, .string("it's ä"), "it's ä"), (.integer, .integer(.min), "-9223372036854775808"), (.boolean, .boolean(true), "true"),
    (.decimal(scale: 2), .decimal(Decimal(units: -5, scale: 2)), "-0.05"), (.number, .number(1e-7), "1e-07"),
    (.timestamp, .timestamp(Timestamp(microseconds: 1_769_853_600_000_001)), "2026-01-31 10:00:00.000001+00"),
    (.date, .date(CalendarDate(days: 20484)), "2026-01-31"), (.json, .json(Array(#"{"a":1}"#.utf8)), #"{"a": 1}"#),
    (.uuid, .uuid(UUID(high: 1, low: 2)), "00000000-0000-0001-0000-000000000002"), (.bytes, .bytes([0, 255]), "\\x00ff"),
    (.booleanAsTexts(yes: "Y", no: "N"), .boolean(false), "N"), (.timestampAsUnixSeconds, .timestamp(Timestamp(microseconds: -1)), "-1"),
    (.timestampAsText, .timestamp(Timestamp(microseconds: 1_230_768_000_000_000)), "2009-01-01 00:00:00"),
  ]

  @Test func everyKindIsBound() async throws {
    try await PostgresServer.with { server in
      for (kind, value, text) in PostgresReadTests.parameters {
        let rows = try await server.store.read(Query("SELECT ($1)::text", [(kind, value)], captures: [.text]))
        #expect(rows.captured == [.string(text)], "\(kind)")
        let none = try await server.store.read(Query("SELECT ($1)::text", [(kind, .null)], captures: [.text]))
        #expect(none.captured == [.null], "\(kind)")
      }
    }
  }

  @Test func moneyCompositeKeysAndHiddenFields() async throws {
    try await PostgresServer.with { server in
      func key(_ name: String) -> [UInt8] { Array("\"\(name)\":".utf8) }
      let encoding = RowEncoding(
        fields: [
          .init(key: key("id"), column: 0, content: .joined([.integer, .text])), .init(key: key("total"), column: 2, content: .money),
          .init(key: key("none"), column: 4, content: .money),
          .init(key: key("seen"), column: 0, content: .scalar(.integer), visibleWhen: 6),
          .init(key: key("unseen"), column: 0, content: .scalar(.integer), visibleWhen: 7),
        ], captures: [.init(column: 0, kind: .integer)])
      let rows = try await server.store.read(
        Query(
          Statement(
            text: #"SELECT n, 'a"b', 1999::int8, 'EUR', NULL::int8, NULL::text, true, false FROM generate_series(1, 2) AS n"#,
            parameters: []), [],
          encoding: encoding, rowsMax: 2))
      let first = #"{"id":"1,a\"b","total":{"amount":1999,"currency":"EUR"},"none":null,"seen":1"#
      #expect(rows.text == first + first.replacing("\"id\":\"1", with: "\"id\":\"2").replacing("\"seen\":1", with: "\"seen\":2"))
      #expect(rows.count == 2)
      #expect(rows.captured == [.integer(1), .integer(2)])
    }
  }

  @Test func moreRowsThanAskedForAreADefect() async throws {
    try await PostgresServer.with { server in
      let error = await #expect(throws: StoreError.self) {
        _ = try await server.store.read(Query("SELECT generate_series(1, 3)", captures: [.integer], rowsMax: 2))
      }
      #expect(error?.code == .invalidStatement)
    }
  }

  @Test func aReadThatFailsDoesNotTakeItsNeighboursWithIt() async throws {
    try await PostgresServer.with { server in
      let good = Statement(text: "SELECT $1::int8 * 2", parameters: [.integer])
      let bad = Statement(text: "SELECT 10 / $1::int8", parameters: [.integer])
      let encoding = RowEncoding(fields: [], captures: [.init(column: 0, kind: .integer)])
      for _ in 0..<5 {
        let answers = await withTaskGroup(of: (Int, Value?).self) { tasks in
          for number in 0..<40 {
            tasks.addTask {
              let isBad = number % 10 == 3
              let query = Query(isBad ? bad : good, [.integer(isBad ? 0 : Int64(number))], encoding: encoding, rowsMax: 1)
              return (number, try? await server.store.read(query).captured.first)
            }
          }
          var answers: [Int: Value] = [:]
          for await (number, value) in tasks { answers[number] = value }
          return answers
        }
        for number in 0..<40 { #expect(answers[number] == (number % 10 == 3 ? nil : .integer(Int64(number) * 2))) }
      }
      let groups = server.store.gauges().first { $0.name == "group_size" }
      #expect((groups?.value ?? 0) >= 1)
    }
  }

  @Test func readsCannotWrite() async throws {
    try await PostgresServer.with { server in
      try await server.store.define(["CREATE TABLE t (a int8)"])
      let error = await #expect(throws: StoreError.self) {
        _ = try await server.store.read(Query("INSERT INTO t VALUES (1) RETURNING a", captures: [.integer]))
      }
      #expect(error?.code == .readOnly)
    }
  }

  @Test func preparedStatementsAreBounded() async throws {
    var options = PostgresOptions()
    options.statementsMax = 4
    try await PostgresServer.with(options: options) { server in
      for number in 0..<50 {
        let rows = try await server.store.read(Query("SELECT \(number)::int8", captures: [.integer]))
        #expect(rows.captured == [.integer(Int64(number))])
      }
      let count = try await server.store.inspect("SELECT count(*) FROM pg_prepared_statements", [])
      #expect(Int((count.first?.first ?? nil) ?? "99") ?? 99 <= 5)
    }
  }

  @Test func aChangedSchemaIsPreparedAnew() async throws {
    try await PostgresServer.with { server in
      try await server.store.define(["CREATE TABLE t (a int8)"])
      let query = Query("SELECT * FROM t", captures: [])
      _ = try await server.store.read(query)
      try await server.store.define(["ALTER TABLE t ADD COLUMN b text"])
      for _ in 0..<3 { _ = try await server.store.read(query) }
    }
  }

  /// A page of a list: the rows that its filter wants lie one after the other in the filter's index, and far apart in the key's.
  @Test func aListWalksItsFiltersIndex() async throws {
    try await PostgresServer.with { server in
      try await server.store.define([
        "CREATE TABLE t (id uuid PRIMARY KEY, kind text NOT NULL, text text NOT NULL)",
        "INSERT INTO t SELECT lpad(to_hex(n), 32, '0')::uuid, substr('abcdefghij', 1 + n % 10, 1), repeat('x', 60) FROM generate_series(1, 20000) n",
        "CREATE INDEX ix_t_kind ON t (kind, id)", "ANALYZE t",
      ])
      let plan = try await server.store.inspect("EXPLAIN SELECT * FROM t WHERE kind = $1 ORDER BY id DESC LIMIT 21", [.string("a")])
      let text = plan.compactMap { $0.first ?? nil }.joined(separator: "\n")
      #expect(text.contains("ix_t_kind") && !text.contains("Filter"), "\(text)")
    }
  }

  @Test func inspectionTakesValuesAndGivesText() async throws {
    try await PostgresServer.with { server in
      let table = try await server.store.inspect("SELECT $1 || 'x', NULL, $2 + 1", [.string("a"), .integer(1)])
      #expect(table == [["ax", nil, "2"]])
      let plan = try await server.store.inspect("EXPLAIN SELECT 1 WHERE 1 = $1", [.integer(1)])
      #expect(!plan.isEmpty)
    }
  }

  @Test func aCallFromElsewhereGoesToALoop() async throws {
    try await PostgresServer.with(loops: 2) { server in
      let store = server.store
      async let a = Task.detached { try await store.read(Query("SELECT 1::int8", captures: [.integer])).captured }.value
      async let b = Task(executorPreference: server.group.loops[1]) {
        try await store.read(Query("SELECT 2::int8", captures: [.integer])).captured
      }.value
      let both = try await [a, b]
      #expect(both == [[.integer(1)], [.integer(2)]])
    }
  }

  @Test func slowReadsDoNotHoldUpQuickOnes() async throws {
    try await PostgresServer.with { server in
      let store = server.store
      let slow = Query("SELECT 1 FROM pg_sleep($1)", [(.number, .number(0.1))], captures: [.integer])
      var slower = slow
      slower.values = [.number(2)]
      let longer = slower
      let quick = Query("SELECT 2", captures: [.integer])
      // Known to be slow from here on.
      _ = try await store.read(slow)
      let awake = Counter()
      let sleeping = (0..<4).map { _ in
        Task(executorPreference: server.group.loops[0]) {
          _ = try await store.read(longer)
          awake.value.add(1, ordering: .relaxed)
        }
      }
      for _ in 0..<10 { _ = try await store.read(quick) }
      #expect(awake.value.load(ordering: .relaxed) == 0)
      for task in sleeping { try await task.value }
    }
  }
}

private final class Counter: Sendable {
  let value = Atomic<Int>(0)
}
