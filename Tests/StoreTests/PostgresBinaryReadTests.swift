import Base
import JSON
@testable import PostgresStore
import Reactor
import Store
import Synchronization
import TestSupport
import Testing

/// Results in PostgreSQL's binary format: what a caller is told does not depend on the format.
@Suite struct PostgresBinaryReadTests {
  private static let kinds: [ColumnKind] = [.text, .integer, .boolean, .uuid, .timestamp]

  private static func octets<T>(_ bytes: [UInt8], _ body: (ColumnOctets) throws -> T) rethrows -> T {
    // Safety: the buffer lives for the call.
    try bytes.withUnsafeBufferPointer { try body(ColumnOctets(ColumnText($0))) }
  }

  @Test func aNumberHasTwoFourOrEightOctets() {
    for (bytes, number): ([UInt8], Int64?) in [
      ([0x80, 0], -32_768), ([0x7f, 0xff], 32_767), ([0xff, 0xff, 0xff, 0xff], -1), ([0x80, 0, 0, 0], -2_147_483_648),
      ([0x80, 0, 0, 0, 0, 0, 0, 0], .min), ([0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], .max), ([], nil), ([1], nil),
      ([0, 0, 1], nil), ([0, 0, 0, 0, 1], nil), ([UInt8](repeating: 0, count: 16), nil),
    ] {
      #expect(PostgresBinaryReadTests.octets(bytes) { $0.integer } == number)
    }
  }

  /// Whatever the octets: no trap, and what is written is JSON of its kind or nothing.
  @Test func anyOctetsAreReadOrRefused() {
    var random = SplitMix64(seed: 7)
    for _ in 0..<20_000 {
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 0...17, using: &random) {
        let choices: [UInt8] = [0, 1, 0x7f, 0x80, 0xff, UInt8.random(in: .min ... .max, using: &random)]
        bytes.append(choices.randomElement(using: &random) ?? 0)
      }
      for kind in PostgresBinaryReadTests.kinds {
        PostgresBinaryReadTests.octets(bytes) { column in
          var out: [UInt8] = []
          let isWritten = column.appendJSON(as: RowEncoding.Form(.scalar(kind)), to: &out)
          let value = column.value(as: kind)
          #expect(isWritten == (value != nil) && isWritten == !out.isEmpty)
          guard let value else {
            #expect(column.oddText(as: kind) == nil || kind == .timestamp && bytes.count == 8)
            return
          }
          var expected: [UInt8] = []
          value.appendJSON(to: &expected)
          #expect(out == expected, "\(kind) \(bytes)")
        }
      }
    }
  }

  private static let id = RowEncoding.Field(key: [], column: 0, content: .scalar(.uuid))

  @Test(
    arguments: [
      ([2950, 25], [id], true), ([2950], [id], true), ([25], [id], false), ([], [id], false), ([2950, 1700], [id], false),
      ([20, 25], [.init(key: [], column: 0, content: .money)], true), ([20], [.init(key: [], column: 0, content: .money)], false),
      ([25, 20], [.init(key: [], column: 0, content: .money)], false),
      ([23], [.init(key: [], column: 0, content: .scalar(.number))], false),
      ([25, 16], [.init(key: [], column: 0, content: .scalar(.text), visibleWhen: 1)], true),
      ([25, 25], [.init(key: [], column: 0, content: .scalar(.text), visibleWhen: 1)], false),
      ([21, 1043], [.init(key: [], column: 0, content: .joined([.integer, .text]))], true),
      ([21], [.init(key: [], column: 0, content: .joined([.integer, .text]))], false),
      ([1114], [.init(key: [], column: 0, content: .scalar(.timestamp))], false),
      ([1184], [.init(key: [], column: -1, content: .scalar(.timestamp))], false),
    ] as [([UInt32], [RowEncoding.Field], Bool)])
  func everyColumnMustFit(types: [UInt32], fields: [RowEncoding.Field], fits: Bool) {
    let encoding = RowEncoding(fields: fields, captures: [])
    #expect(BinaryColumns.fit(types, encoding, isShared: false) == fits)
    #expect(BinaryColumns.fit(types + [20], encoding, isShared: true) == fits)
    #expect(!BinaryColumns.fit(types + [25], encoding, isShared: true))
    #expect(!BinaryColumns.fit(types + [2278], encoding, isShared: false))
  }

  @Test func whatIsCapturedMustFit() {
    let encoding = RowEncoding(fields: [], captures: [.init(column: 0, kind: .integer), .init(column: 1, kind: .timestamp)])
    #expect(BinaryColumns.fit([23, 1184], encoding, isShared: false))
    #expect(!BinaryColumns.fit([23, 1082], encoding, isShared: false) && !BinaryColumns.fit([23], encoding, isShared: false))
  }

  /// Moments over all that the server can hold, beside the server's own text.
  @Test func aMomentIsWhatTheServerWrites() async throws {
    try await PostgresServer.with { server in
      let query = Query(
        """
        SELECT t, t::text FROM (SELECT timestamptz '2000-01-01 00:00:00Z' + n * interval '1 microsecond' AS t FROM (
          SELECT (sin(g * 12.9898) * 43758.5453 - floor(sin(g * 12.9898) * 43758.5453)) * 9.43e18 - 2.1e17 AS x, g FROM generate_series(1, 900) AS g
        ) AS s, LATERAL (SELECT (CASE g % 3 WHEN 0 THEN x WHEN 1 THEN x / 9e18 * 1e16 ELSE floor(x / 9e18 * 6.3e4) * 1e12 END)::numeric::int8 AS n) AS l
          UNION ALL VALUES (timestamptz 'infinity'), ('-infinity'), ('0001-01-01 00:00:00Z'), ('0001-12-31 23:59:59.999999Z BC'),
            ('4714-11-24 00:00:00Z BC'), ('9999-12-31 23:59:59.999999Z'), ('10000-01-01 00:00:00Z'), ('294276-12-31 23:59:59.999999Z'),
            ('1999-12-31 23:59:59.999999Z'), ('2000-02-29 12:00:00.1Z'), ('1970-01-01 00:00:00Z'), (NULL)) AS m
        """, captures: [.timestamp, .text])
      let first = try await server.store.read(query)
      var odd = 0
      for _ in 0..<3 {
        let rows = try await server.store.read(query)
        #expect(rows.captured == first.captured && rows.count == 912)
        for row in 0..<rows.count {
          guard case .string(let text) = rows.captured[row * 2 + 1] else { continue }
          switch rows.captured[row * 2] {
          case .timestamp(let time): #expect(Timestamp(Array((text + ":00").utf8)) == time, "\(text)")
          case let value:
            odd += 1
            #expect(value == .string(text))
          }
        }
      }
      #expect(odd > 300)
    }
  }

  /// Fewer octets come once the server has described the statement.
  @Test func theServerSendsOctets() async throws {
    let url = try PostgresServer.baseURL()
    let relay = try PostgresRelay(to: url)
    defer { relay.end() }
    try await PostgresServer.with(url: relay.url(for: url)) { server in
      let query = Query("SELECT gen_random_uuid(), now() FROM generate_series(1, 500)", captures: [.uuid, .timestamp])
      var counts: [Int] = []
      for _ in 0..<12 {
        let before = relay.said.load(ordering: .relaxed)
        let rows = try await server.store.read(query)
        #expect(rows.count == 500)
        counts.append(relay.said.load(ordering: .relaxed) - before)
      }
      // A row is 39 octets, where the text is about 80.
      #expect((counts.last ?? 0) < 500 * 45 && (counts.first ?? 0) > 500 * 70)
    }
  }

  /// Another type under the same statement: it is prepared and described again.
  @Test func aColumnMayChangeItsType() async throws {
    try await PostgresServer.with { server in
      let store = server.store
      try await store.define(["CREATE TABLE t (id int8 PRIMARY KEY, v text)", "INSERT INTO t SELECT n, n FROM generate_series(1, 3) AS n"])
      var sql = SQL("SELECT v, id FROM t WHERE id = ")
      sql.append(parameter: .integer, .slot(0))
      let encoding = RowEncoding(
        fields: [.init(key: Array("\"v\":".utf8), column: 0, content: .scalar(.text))], captures: [.init(column: 1, kind: .integer)])
      for isShared in [false, true] {
        let statement = sql.statement(for: .postgres, isShared: isShared).statement
        for type in ["varchar(10)", "char(1)", "numeric", "int4", "json", "text"] {
          try await store.define(["ALTER TABLE t ALTER v TYPE \(type) USING v::text::\(type)"])
          try await withThrowingTaskGroup(of: Void.self) { tasks in
            for number in 0..<24 {
              tasks.addTask(executorPreference: server.group.loops[0]) {
                let id = Int64(1 + number % 3)
                for _ in 0..<3 {
                  let rows = try await store.read(Query(statement, [.integer(id)], encoding: encoding, rowsMax: 1))
                  #expect(rows.text == "{\"v\":\"\(id)\"" && rows.captured == [.integer(id)], "\(type)")
                }
              }
            }
            try await tasks.waitForAll()
          }
        }
      }
    }
  }

  /// Every kind and NULL, rule booleans and money, in rows of many columns.
  @Test func aWholeRowIsTheSameInBothFormats() async throws {
    try await PostgresServer.with { server in
      func key(_ name: String) -> [UInt8] { Array("\"\(name)\":".utf8) }
      let text = """
        SELECT n, CASE WHEN n % 2 = 0 THEN 'a"' || n END, 1999::int8, 'EUR'::varchar, NULL::int8, NULL::text, n > 1, NULL::bool, n::int2,
          ('00000000-0000-7000-8001-' || lpad(to_hex(n), 12, '0'))::uuid, timestamptz '2026-01-31 10:00:00Z' + n * interval '1 ms',
          CASE WHEN n = 3 THEN timestamptz 'infinity' END, n = 2, ''::text FROM generate_series(1, 3) AS n
        """
      func encoding(_ more: [RowEncoding.Capture]) -> RowEncoding {
        RowEncoding(
          fields: [
            .init(key: key("id"), column: 0, content: .joined([.integer, .text])), .init(key: key("total"), column: 2, content: .money),
            .init(key: key("none"), column: 4, content: .money), .init(key: key("text"), column: 1, content: .scalar(.text)),
            .init(key: key("seen"), column: 8, content: .scalar(.integer), visibleWhen: 6),
            .init(key: key("unseen"), column: 0, content: .scalar(.integer), visibleWhen: 7),
            .init(key: key("uuid"), column: 9, content: .scalar(.uuid)), .init(key: key("time"), column: 10, content: .scalar(.timestamp)),
            .init(key: key("odd"), column: 11, content: .scalar(.timestamp)),
            .init(key: key("flag"), column: 12, content: .scalar(.boolean)),
            .init(key: key("empty"), column: 13, content: .scalar(.text)),
          ],
          captures: [
            .init(column: 0, kind: .integer), .init(column: 9, kind: .uuid), .init(column: 10, kind: .timestamp),
            .init(column: 11, kind: .timestamp), .init(column: 12, kind: .boolean), .init(column: 1, kind: .text),
            .init(column: 13, kind: .text),
          ] + more)
      }
      let query = Query(Statement(text: text, parameters: []), [], encoding: encoding([]), rowsMax: 3)
      // A column of another type keeps all of it in text.
      let plain = Query(
        Statement(text: text.replacing(" FROM", with: ", 1.5::numeric FROM"), parameters: []), [],
        encoding: encoding([]), rowsMax: 3)
      let expected = try await server.store.read(plain)
      #expect(expected.text.contains(#""odd":"infinity","flag":false,"empty":"""#) && expected.text.contains(#"{"id":"2,a\"2""#))
      for _ in 0..<4 {
        for query in [query, plain] {
          let rows = try await server.store.read(query)
          #expect(rows.text == expected.text && rows.captured == expected.captured && rows.ends == expected.ends)
        }
      }
    }
  }
}
