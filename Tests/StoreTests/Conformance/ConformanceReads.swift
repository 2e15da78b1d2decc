import Base
import JSON
import Store
import Testing

@Suite("A store reads what was written") struct ConformanceReads {
  static let full: [String: Value] = [
    "author": .uuid(Library.id(1)), "title": .string("L'\"Étranger\" \\ \u{1}\n😀"), "price_amount": .integer(-0 + 1999),
    "price_currency": .string("EUR"), "rating": .number(4.25), "in_print": .boolean(true),
    "published": .date(CalendarDate(days: -10_089)), "sold_at": .timestamp(Library.time), "code": .uuid(Library.id(77)),
    "weight": .decimal(Decimal(units: -12_345, scale: 2)), "meta": .json(Array("{\"a\": [1, null, \"x\"]}".utf8)),
    "pages": .integer(123), "blurb": .string(""),
  ]

  @Test("every kind comes back as JSON and as a value", arguments: TestStore.available)
  func kinds(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await Library.prepare(store)
      let batch = WriteBatch([
        Library.insert("authors", Library.id(1), ["name": .string("Camus"), "country": .string("o'x")], dialect: store.dialect),
        Library.insert("books", Library.id(2), Self.full, dialect: store.dialect),
        Library.insert("books", Library.id(3), ["author": .uuid(Library.id(1)), "title": .string("x")], dialect: store.dialect),
      ])
      guard case .committed = try await store.write(batch) else {
        Issue.record("not committed")
        return
      }
      let rows = try await store.read(Library.all("books", dialect: store.dialect))
      #expect(rows.count == 2)
      let first = try JSONValue(parsing: Array(rows.objects[0].utf8))
      let wanted = try JSONValue(
        parsing: Array(
          #"""
          {"id":"01900000-0000-7000-8000-000000000002","author":"01900000-0000-7000-8000-000000000001",
          "title":"L'\"Étranger\" \\ \u0001\n😀","price":{"amount":1999,"currency":"EUR"},"rating":4.25,"in_print":true,
          "published":"1942-05-19","sold_at":"2023-11-14T22:13:20.123456Z","code":"01900000-0000-7000-8000-00000000004d",
          "weight":"-123.45","meta":{"a":[1,null,"x"]},"pages":123,"blurb":"","created_at":"2023-11-14T22:13:20.123456Z",
          "updated_at":"2023-11-14T22:13:20.123456Z","revision":1}
          """#.utf8))
      #expect(first == wanted)
      #expect(
        rows.objects[1]
          == #"{"id":"01900000-0000-7000-8000-000000000003","author":"01900000-0000-7000-8000-000000000001","title":"x","#
          + #""price":null,"rating":null,"in_print":null,"published":null,"sold_at":null,"code":null,"weight":null,"meta":null,"#
          + #""pages":null,"blurb":null,"created_at":"2023-11-14T22:13:20.123456Z","updated_at":"2023-11-14T22:13:20.123456Z","#
          + #""revision":1}"#)
      let columns = Library.layout["books"]?.fields.flatMap(\.columns) ?? []
      for (place, column) in columns.enumerated() where column.name != "meta" {
        guard let value = Self.full[column.name] else { continue }
        #expect(rows.captured[place] == value, "\(column.name)")
        if !["author", "title"].contains(column.name) { #expect(rows.captured[columns.count + place] == .null, "\(column.name)") }
      }
    }
  }

  @Test("extreme values come back exactly", arguments: TestStore.available)
  func extremes(_ kind: TestStore) async throws {
    try await kind.run { store in
      let cases: [(ColumnKind, Value, String)] = [
        (.integer, .integer(.max), "9223372036854775807"), (.integer, .integer(.min), "-9223372036854775808"),
        (.number, .number(.leastNonzeroMagnitude), "5e-324"), (.number, .number(.greatestFiniteMagnitude), "1.7976931348623157e+308"),
        (.number, .number(0.1), "0.1"), (.decimal(scale: 4), .decimal(Decimal(units: 1, scale: 4)), "\"0.0001\""),
        (.timestamp, .timestamp(.minimum), "\"0001-01-01T00:00:00Z\""),
        (.timestamp, .timestamp(.maximum), "\"9999-12-31T23:59:59.999999Z\""), (.boolean, .boolean(false), "false"),
        (.date, .date(Timestamp.minimum.date), "\"0001-01-01\""), (.text, .string(""), "\"\""),
        (.timestampAsText, .timestamp(Timestamp(microseconds: 1_500_000)), "\"1970-01-01T00:00:01.500000Z\""),
        (.dateAsText, .date(CalendarDate(days: 1)), "\"1970-01-02\""),
        (.timestampAsUnixSeconds, .timestamp(Timestamp(microseconds: 5_000_000)), "\"1970-01-01T00:00:05Z\""),
        (.timestampAsUnixMilliseconds, .timestamp(Timestamp(microseconds: 5000)), "\"1970-01-01T00:00:00.005000Z\""),
        (.booleanAsTexts(yes: "Y", no: "N"), .boolean(true), "true"), (.uuidAsText, .uuid(Library.id(9)), "\"\(Library.id(9))\""),
        (.decimalAsReal(scale: 2), .decimal(Decimal(units: 99, scale: 2)), "\"0.99\""),
      ]
      for (kind, value, json) in cases {
        var sql = SQL("SELECT ")
        sql.append(parameter: kind, .slot(0))
        let prepared = sql.statement(for: store.dialect)
        let encoding = RowEncoding(
          fields: [.init(key: Array("\"x\":".utf8), column: 0, content: .scalar(kind))], captures: [.init(column: 0, kind: kind)])
        let rows = try await store.read(Query(prepared.statement, prepared.values([value]), encoding: encoding, rowsMax: 1))
        #expect(rows.objects == ["{\"x\":\(json)}"], "\(kind)")
        #expect(rows.captured == [value], "\(kind)")
      }
    }
  }

  @Test("a field that its row hides is left out, and a composite key is joined", arguments: TestStore.available)
  func visibility(_ kind: TestStore) async throws {
    try await kind.run { store in
      var sql = SQL("SELECT ")
      let values: [(ColumnKind, Value)] = [
        (.text, .string("a")), (.boolean, .boolean(false)), (.integer, .integer(7)), (.boolean, .boolean(true)), (.text, .string("b,\"c")),
        (.boolean, .null),
      ]
      for (place, value) in values.enumerated() {
        if place > 0 { sql.append(", ") }
        sql.append(parameter: value.0, .value(value.1))
      }
      func key(_ name: String) -> [UInt8] { Array("\"\(name)\":".utf8) }
      let encoding = RowEncoding(
        fields: [
          .init(key: key("hidden"), column: 0, content: .scalar(.text), visibleWhen: 1),
          .init(key: key("shown"), column: 2, content: .scalar(.integer), visibleWhen: 3),
          .init(key: key("unknown"), column: 2, content: .scalar(.integer), visibleWhen: 5),
          .init(key: key("flag"), column: 1, content: .scalar(.boolean)),
        ], captures: [])
      let prepared = sql.statement(for: store.dialect)
      let rows = try await store.read(Query(prepared.statement, prepared.values(), encoding: encoding, rowsMax: 1))
      #expect(rows.objects == [#"{"shown":7,"flag":false}"#])

      var pair = SQL("SELECT ")
      pair.append(parameter: .integer, .value(.integer(12)))
      pair.append(", ")
      pair.append(parameter: .text, .value(.string("b,\"c")))
      let joined = RowEncoding(fields: [.init(key: key("id"), column: 0, content: .joined([.integer, .text]))], captures: [])
      let statement = pair.statement(for: store.dialect)
      let one = try await store.read(Query(statement.statement, statement.values(), encoding: joined, rowsMax: 1))
      #expect(one.objects == [#"{"id":"12,b~1\"c"}"#])
    }
  }

  @Test("more rows than were asked for are a defect, not a surprise", arguments: TestStore.available)
  func tooManyRows(_ kind: TestStore) async throws {
    try await kind.run { store in
      let statement = SQL("SELECT 1 UNION ALL SELECT 2").statement(for: store.dialect).statement
      let encoding = RowEncoding(fields: [], captures: [.init(column: 0, kind: .integer)])
      let two = try await store.read(Query(statement, [], encoding: encoding, rowsMax: 2))
      #expect(two.count == 2 && two.captured == [.integer(1), .integer(2)])
      let error = await #expect(throws: StoreError.self) {
        _ = try await store.read(Query(statement, [], encoding: encoding, rowsMax: 1))
      }
      #expect(error?.code == .invalidStatement)
    }
  }

  @Test("a statement that the database refuses is an error of its own, and the store goes on", arguments: TestStore.available)
  func brokenStatement(_ kind: TestStore) async throws {
    try await kind.run { store in
      let broken = Statement(text: "SELECT nothing FROM nowhere", parameters: [])
      let encoding = RowEncoding(fields: [], captures: [])
      let error = await #expect(throws: StoreError.self) {
        _ = try await store.read(Query(broken, [], encoding: encoding, rowsMax: 1))
      }
      #expect(error?.code == .invalidStatement)
      let failed = await #expect(throws: StoreError.self) { _ = try await store.write(WriteBatch([.run(broken, [], rows: nil)])) }
      #expect(failed?.code == .invalidStatement)
      try await store.ping()
    }
  }

  @Test("many readers at once each get their own answer", arguments: TestStore.available)
  func concurrency(_ kind: TestStore) async throws {
    try await kind.run { store in
      var sql = SQL("SELECT ")
      sql.append(parameter: .integer, .slot(0))
      let prepared = sql.statement(for: store.dialect)
      let encoding = RowEncoding(fields: [], captures: [.init(column: 0, kind: .integer)])
      let right = try await withThrowingTaskGroup(of: Bool.self) { group in
        for number in 0..<500 {
          group.addTask {
            let query = Query(prepared.statement, prepared.values([.integer(Int64(number))]), encoding: encoding, rowsMax: 1)
            while true {
              do throws(StoreError) {
                return try await store.read(query).captured == [.integer(Int64(number))]
              } catch {
                // Where the machine is busy some are put off, and ask again.
                guard error.code == .overloaded else { throw error }
              }
            }
          }
        }
        return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(right == 500)
    }
  }

  @Test("a read whose task is cancelled says so", arguments: TestStore.available)
  func cancellation(_ kind: TestStore) async throws {
    try await kind.run { store in
      let statement = SQL("SELECT 1").statement(for: store.dialect).statement
      let encoding = RowEncoding(fields: [], captures: [])
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return try await store.read(Query(statement, [], encoding: encoding, rowsMax: 1))
      }
      let result = await task.result
      #expect(throws: StoreError.self) { try result.get() }
      if case .failure(let error as StoreError) = result { #expect(error.code == .cancelled) }
    }
  }
}
