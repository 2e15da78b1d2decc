import Base
import Contract
import Expression
import PostgresStore
import Store
import Testing

/// Columns of PostgreSQL's own types in tables that others made.
@Suite(.enabled(if: TestStore.postgresURL != nil)) struct AdoptedColumnTests {
  static func contract(_ resource: String) throws -> Contract {
    let text = "martlet: 1\nservice: {name: test}\nresources:\n  things:\n    table: things\n    revision: none\n\(resource)\n"
    let result = ContractLoader.load(text: text)
    guard let contract = result.contract else { throw Unexpected("\(result.diagnostics)\n\(text)") }
    return contract
  }

  @Test func `the catalog is looked behind domains, arrays and sequences`() async throws {
    try await PostgresServer.with { server in
      try await server.store.define([
        "CREATE TYPE mood AS ENUM ('z', 'a\"[1]\u{1f}', 'ü')", "CREATE DOMAIN amount AS numeric(10,2)",
        "CREATE DOMAIN price AS amount NOT NULL",
        "CREATE DOMAIN moods AS mood[]", "CREATE SEQUENCE \"odd 's\"\"eq\"",
        """
        CREATE TABLE "t'""\u{e9}" (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n serial, cost price, feelings moods, at timestamp(3)[],
          costs price[], own integer DEFAULT nextval('"odd ''s""eq"'), no_own integer DEFAULT nextval('"odd ''s""eq"') + 1, feeling mood,
          "a\u{1f}b" integer)
        """,
        "CREATE INDEX down ON \"t'\"\"\u{e9}\" (n DESC)", "CREATE INDEX words ON \"t'\"\"\u{e9}\" USING hash (feeling)",
        "CREATE INDEX low ON \"t'\"\"\u{e9}\" (own NULLS FIRST, \"a\u{1f}b\" DESC NULLS LAST)",
      ])
      let schema = try await SchemaInspector(server.store).inspect()
      let table = try #require(schema.table("t'\"\u{e9}"))
      func native(_ name: String) throws -> NativeType { try #require(table.column(name)?.native) }
      #expect(try native("cost").printed == "numeric(10,2)" && table.column("cost")?.isNullable == false)
      #expect(try native("feelings").element?.labels == ["z", "a\"[1]\u{1f}", "ü"] && native("feelings").labels == nil)
      #expect(try native("feeling").labels == ["z", "a\"[1]\u{1f}", "ü"])
      #expect(try native("at").element?.printed == "timestamp(3) without time zone")
      let element = try #require(try native("costs").element)
      #expect(element.name.name == "price" && element.base.name == "numeric" && element.printed == "numeric(10,2)")
      #expect(table.column("id")?.isAlwaysNumbered == true && table.column("id")?.sequence?.hasSuffix("_id_seq\"") == true)
      #expect(table.column("own")?.sequence == "\(server.schema).\"odd 's\"\"eq\"")
      #expect(table.column("no_own")?.sequence == nil && table.column("feeling")?.sequence == nil)
      let sequence = try #require(table.column("n")?.sequence)
      let next = WriteStatements(dialect: .postgres, table: Library.layout.tables[0]).nextNumber(sequence)
      // Undone, and taken all the same.
      for number in [1, 2] as [Int64] {
        let batch = WriteBatch([.returning(next.statement, next.values(), kinds: [.integer])], isTrial: true)
        guard case .tried(let rows) = try await server.store.write(batch) else { throw Unexpected("the trial was refused") }
        #expect(rows == [[.integer(number)]])
      }
      #expect(table.indexes.first { $0.name == "down" }?.nullIsHighest == [true])
      #expect(table.indexes.first { $0.name == "low" }?.nullIsHighest == [false, false])
      #expect(table.indexes.first { $0.name == "low" }?.parts.map(\.column) == ["own", "a\u{1f}b"])
      #expect(table.indexes.first { $0.name == "words" }?.isOrdered == false)
    }
  }

  static let faults: [(column: String, field: String, fault: String?)] = [
    ("mood", "{type: enum, values: [a, b]}", nil), ("mood", "{type: enum, values: [a, c]}", "cannot hold a enum"),
    ("mood", "{type: string}", "cannot hold a string"), ("mood", "{type: enum, values: [a], index: true}", nil),
    ("int[]", "{type: list of integer}", nil), ("int[]", "{type: list of text}", "cannot hold a list of text"),
    ("int[]", "{type: json}", "cannot hold a json"), ("int[]", "{type: string}", "cannot hold a string"),
    ("jsonb", "{type: list of text}", nil),
    ("numeric(8,2)[]", "{type: list of decimal, precision: \"8,2\"}", nil),
    ("numeric(8,2)[]", "{type: list of decimal, precision: \"8,3\"}", "cannot hold a list of decimal"),
    ("interval", "{type: string}", nil), ("interval", "{type: string, index: true}", "by which no row can be looked up"),
    ("real", "{type: number}", nil), ("real", "{type: number, unique: true}", "by which no row can be looked up"),
    ("bytea", "{type: string}", "cannot hold a string"), ("pair", "{type: string}", "cannot hold a string"),
    ("numeric(5,0)", "{type: integer}", nil), ("numeric(5,1)", "{type: integer}", "cannot hold a integer"),
    ("positive", "{type: integer}", nil), ("positive", "{type: date}", "cannot hold a date"),
    ("char(3)", "{type: string, index: true}", nil),
    ("bigint", "{type: timestamp, stored_as: unix}", nil), ("text", "{type: uuid, stored_as: text}", nil),
    ("money", "{type: decimal}", nil),
  ]

  @Test("a service starts where a column can hold its field", arguments: faults.indices)
  func fault(_ place: Int) async throws {
    let (column, field, fault) = Self.faults[place]
    try await PostgresServer.with { server in
      try await server.store.define([
        "CREATE TYPE mood AS ENUM ('a', 'b')", "CREATE TYPE pair AS (a int, b int)", "CREATE DOMAIN positive AS integer CHECK (VALUE > 0)",
        "CREATE TABLE things (id integer PRIMARY KEY, x \(column))",
      ])
      let contract = try Self.contract("    id: {column: id, type: integer}\n    fields: {x: \(field)}")
      do {
        _ = try await SchemaManager().prepare(server.store, contract)
        #expect(fault == nil)
      } catch {
        #expect(fault.map { "\(error)".contains($0) } == true, "\(error)")
      }
    }
  }

  @Test(
    "a list's order has null where the database's index has it, and its pages go on from there",
    arguments: ["", "NULLS FIRST", "DESC", "DESC NULLS LAST"])
  func nulls(_ order: String) async throws {
    try await PostgresServer.with { server in
      try await server.store.define([
        "CREATE TABLE things (id integer PRIMARY KEY, x real, n integer)",
        "INSERT INTO things SELECT n, n, CASE n % 3 WHEN 0 THEN NULL ELSE n / 4 END FROM generate_series(1, 20) AS n",
        "INSERT INTO things SELECT n, n, n FROM generate_series(21, 4000) AS n", "CREATE INDEX by_n ON things (n \(order))",
        "ANALYZE things",
      ])
      let contract = try Self.contract("    id: {column: id, type: integer}\n    fields: {x: number, n: {type: integer, index: true}}")
      let layout = try await SchemaManager().layout(server.store, contract)
      let table = try #require(layout["things"])
      let reads = ReadStatements(dialect: .postgres, table: table)
      let (key, column) = (table.key[0], try #require(table.field("n")?.columns.first))
      for isDescending in [false, true] {
        let terms = [OrderTerm(column: column, isDescending: isDescending), OrderTerm(column: key, isDescending: isDescending)]
        let projection = Projection(members: [], captures: [.column(column), .column(key)])
        var specification = ListSpecification(projection: projection, order: terms, limit: 5000)
        let whole = reads.list(specification)
        let rows = try await server.store.read(whole.query([]))
        let plan = try await server.store.inspect("EXPLAIN " + whole.prepared.statement.text.replacing("LIMIT 5000", with: "LIMIT 5"), [])
        #expect(plan.contains { $0.first??.contains("by_n") == true }, "the index does not serve it: \(plan)")
        #expect(rows.count == 4000)
        specification.limit = 7
        for start in stride(from: 0, to: 40, by: 3) + [3990] {
          let seek = Array(rows.captured[start * 2..<start * 2 + 2])
          specification.seek = seek.map(\.isNull)
          let page = try await server.store.read(reads.list(specification).query(seek))
          let expected = rows.captured[(start * 2 + 2)...].prefix(14)
          #expect(page.captured == Array(expected), "after row \(start), descending \(isDescending)")
        }
      }
    }
  }

  @Test func `a list that others filled with something else holds no condition, and ends no statement`() async throws {
    try await PostgresServer.with { server in
      try await server.store.define([
        "CREATE TABLE things (id integer PRIMARY KEY, n jsonb, grid integer[], texts text[])",
        """
        INSERT INTO things VALUES (1, '[1, 2]', '{1,2}', '{a}'), (2, '["x"]', '{{1,2},{3,4}}', '{NULL}'), (3, '[1.5]', '{}', '{}'),
          (4, '[1e400]', '{NULL}', '{b}'), (5, '{"a": 1}', NULL, NULL), (6, '[null]', '{5}', '{{a}}'), (7, '[]', '{7}', '{a,c}')
        """,
      ])
      let contract = try Self.contract(
        "    id: {column: id, type: integer}\n    fields: {n: list of integer, grid: list of integer, texts: list of text}\n    filterable: [n]"
      )
      let layout = try await SchemaManager().layout(server.store, contract)
      var environment = ExpressionEnvironment(schema: ContractExpressionSchema(contract))
      environment.record = "things"
      for (expression, ids) in [
        ("record.n.exists(x, x > 0)", [1]), ("record.n.all(x, x > 0)", [1, 7]), ("1 in record.n", [1]), ("!(1 in record.n)", [7]),
        ("size(record.n) == 0", [7]), ("record.grid.exists(x, x > 4)", [6, 7]), ("record.grid.all(x, x > 0)", [1, 3, 6, 7]),
        ("'a' in record.texts", [1, 7]), ("!('a' in record.texts)", [3, 4]),
      ] {
        let rule = RulePlan(try CheckedExpression.check(expression, expecting: .boolean, in: environment))
        let condition = try PredicateCompiler(layout, dialect: .postgres).compile(rule.probe, resource: "things")
        let prepared = (SQL("SELECT t.\"id\" FROM \"things\" AS t WHERE ") + condition + SQL(" ORDER BY 1")).statement(for: .postgres)
        let encoding = RowEncoding(fields: [], captures: [RowEncoding.Capture(column: 0, kind: .integer)])
        let rows = try await server.store.read(Query(prepared.statement, prepared.values(), encoding: encoding, rowsMax: 9))
        #expect(rows.captured == ids.map { .integer(Int64($0)) }, "\(expression)")
      }
    }
  }
}
