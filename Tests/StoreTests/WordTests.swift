import Base
import Contract
import Store
import Testing

/// How texts are cut into words, beside how the stores do it.
@Suite("Words are the same everywhere") struct WordTests {
  private static let contract: Contract = {
    var contract = Library.contract
    contract.resources[1].fields[contract.resources[1].fields.firstIndex { $0.name == "title" } ?? 0].isSearched = true
    return contract
  }()

  @Test(
    "a text becomes terms",
    arguments: [
      ("Foo", ["foo*"]), ("foo bar", ["foo", "bar*"]), ("foo-bar ", ["foo bar"]), ("\"a b\" cd", ["a b", "cd*"]), ("\"a bc", ["a bc*"]),
      ("b", ["b"]), ("éÀ.", ["ea"]), ("x\u{301}\u{301}y", ["xy*"]), ("a\u{0}b ", ["a b"]), ("\"\" a1", ["a1*"]),
      ("a\"b\"c ", ["a", "b", "c"]),
    ])
  func terms(_ text: String, _ wanted: [String]) throws {
    let terms = try SearchText(text).terms.map { $0.words.joined(separator: " ") + ($0.isBeginning ? "*" : "") }
    #expect(terms == wanted)
  }

  /// What a store makes of every character between two letters: `a`, the character, `b`.
  private func compare(_ asked: [(value: UInt32, words: String)]) {
    var different: [UInt32] = []
    for (value, words) in asked {
      guard let scalar = Unicode.Scalar(value) else { continue }
      // Quoted, as white space would part the terms; closed, as there is no beginning then.
      var text = "\"a"
      text.unicodeScalars.append(scalar)
      text += "b\""
      let mine = (try? SearchText(text))?.terms.map { $0.words.joined(separator: " ") }.joined(separator: " ")
      if mine != words { different.append(value) }
    }
    #expect(different.isEmpty, "\(different.count): \(different.prefix(20))")
  }

  private static let blockSize: UInt32 = 0x8000
  private static let blocks: [UInt32] = [0, 0x8000, 0x10000, 0x18000, 0x20000, 0x28000, 0xe0000, 0xf8000, 0x108000]

  @Test("every character is to SQLite what it is to us", arguments: blocks)
  func sqlite(_ start: UInt32) async throws {
    try await TestStore.sqlite.run { store in
      try await Library.prepare(store)
      _ = try await SchemaManager().prepare(store, WordTests.contract)
      let made = try await store.inspect("SELECT sql FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE \"_martlet_words_%'", [])
      let sql = try #require(made.first?.first ?? nil)
      let name = try #require(sql.split(separator: "\"").dropFirst().first)
      // The quotation mark parts terms, whatever it is to words.
      try await store.define([
        sql.replacing("\"\(name)\"", with: "probe"),
        """
        WITH RECURSIVE n(value) AS (VALUES (\(max(start, 1))) UNION ALL SELECT value + 1 FROM n WHERE value + 1 < \(start + WordTests.blockSize))
        INSERT INTO probe (rowid, c0) SELECT value, 'a' || char(value) || 'b' FROM n
        WHERE value NOT BETWEEN 55296 AND 57343 AND value <> 34
        """,
        "CREATE VIRTUAL TABLE seen USING fts5vocab(probe, instance)",
      ])
      let rows = try await store.inspect(
        "SELECT doc, group_concat(term, ' ') FROM (SELECT doc, term FROM seen ORDER BY doc, offset) GROUP BY doc", [])
      #expect(rows.count > 30_000)
      compare(rows.compactMap { row in row[0].flatMap { UInt32($0) }.map { ($0, row[1] ?? "") } })
    }
  }

  @Test("every character is to PostgreSQL what it is to us", .enabled(if: TestStore.postgresURL != nil), arguments: blocks)
  func postgres(_ start: UInt32) async throws {
    try await TestStore.postgres.run { store in
      try await Library.prepare(store)
      _ = try await SchemaManager().prepare(store, WordTests.contract)
      let rows = try await store.inspect(
        """
        SELECT value::text, martlet_words_1('a' || chr(value) || 'b') FROM generate_series(\(max(start, 1)), \(start + WordTests.blockSize - 1)) AS value
        WHERE value NOT BETWEEN 55296 AND 57343 AND value <> 34
        """, [])
      #expect(rows.count > 30_000)
      compare(rows.compactMap { row in row[0].flatMap { UInt32($0) }.map { ($0, row[1] ?? "") } })
    }
  }

  @Test("rows that were there are found, and an index goes with its field", arguments: TestStore.available)
  func laterIndex(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await Library.prepare(store)
      let insert = { (number: UInt64, title: String) in
        WriteBatch([
          Library.insert("authors", Library.id(number), ["name": .string("a\(number)"), "country": .string("gb")], dialect: store.dialect),
          Library.insert(
            "books", Library.id(number + 1), ["author": .uuid(Library.id(number)), "title": .string(title), "pages": .integer(50)],
            dialect: store.dialect),
        ])
      }
      _ = try await store.write(insert(1, "Früher da"))
      let applied = try await SchemaManager().prepare(store, WordTests.contract)
      #expect(applied == ["create index of words books (title)"])
      #expect(try await SchemaManager().prepare(store, WordTests.contract) == [])
      _ = try await store.write(insert(3, "Später gekommen"))
      let layout = try #require(Layout(WordTests.contract)["books"])
      let index = try #require(layout.words)
      func found(_ text: String) async throws -> Int {
        let search = WordSearch(try SearchText(text), in: index, fields: index.fields, budget: 100, dialect: store.dialect)
        var list = ListSpecification(
          projection: Projection(members: [], captures: [.field(0)]), order: [OrderTerm(column: layout.key[0], isDescending: false)],
          limit: 10)
        list.drive = search.drive.predicate
        let statement = ReadStatements(dialect: store.dialect, table: layout).list(list)
        return try await store.read(statement.query(search.drive.values)).count
      }
      #expect(try await found("fruher") == 1)
      #expect(try await found("spat") == 1)
      #expect(try await found("da ") == 1)
      #expect(try await found("niemals") == 0)
      if store.dialect == .sqlite {
        // Without one of its triggers an index would tell lies.
        try await store.define(["DROP TRIGGER \"\(index.name)_update\""])
        #expect(
          try await SchemaManager().prepare(store, WordTests.contract)
            == ["drop index of words \(index.name)", "create index of words books (title)"])
        #expect(try await found("fruher") == 1)
      }
      #expect(try await SchemaManager().prepare(store, Library.contract) == ["drop index of words \(index.name)"])
      #expect(try await SchemaManager().prepare(store, Library.contract) == [])
      let live = try await SchemaInspector(store).inspect()
      #expect(!live.tables.contains { $0.name.hasPrefix("_martlet_words") || $0.triggers.contains { $0.contains("_martlet_words") } })
      _ = try await store.write(insert(5, "Danach"))
      #expect(try await Library.count("books", store) == 3)
    }
  }

  @Test("a table that is rebuilt keeps its index of words", arguments: TestStore.available)
  func rebuilding(_ kind: TestStore) async throws {
    try await kind.run { store in
      _ = try await SchemaManager().prepare(store, WordTests.contract)
      var contract = WordTests.contract
      let place = contract.resources[1].fields.firstIndex { $0.name == "pages" } ?? 0
      contract.resources[1].fields[place].type = .integer(minimum: 1, maximum: 77)
      #expect(try await !SchemaManager().prepare(store, contract).contains { $0.contains("words") })
      #expect(try await SchemaManager().prepare(store, contract) == [])
      let outcome = try await store.write(
        WriteBatch([
          Library.insert("authors", Library.id(1), ["name": .string("a"), "country": .string("gb")], dialect: store.dialect),
          Library.insert(
            "books", Library.id(2), ["author": .uuid(Library.id(1)), "title": .string("t"), "pages": .integer(50)], dialect: store.dialect),
        ]))
      guard case .committed = outcome else {
        Issue.record("\(outcome)")
        return
      }
      if store.dialect == .sqlite {
        let name = try #require(Layout(contract)["books"]?.words?.name)
        #expect(try await Library.count(name + "_rows", store) == 1)
      }
    }
  }
}
