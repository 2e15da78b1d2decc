import Base
import Contract
import Store
import Testing

@Suite("SQL that a person wrote") struct SQLScriptTests {
  @Test(
    "is cut into its statements",
    arguments: [
      ("", []), (" ;; -- nothing\n /* ; */ ;", []), ("a; b ;\nc", ["a", "b", "c"]), ("SELECT ';'';' ; b", ["SELECT ';'';'", "b"]),
      ("SELECT \"a;\"\"b\"; c", ["SELECT \"a;\"\"b\"", "c"]), ("SELECT 'a\\'; b", ["SELECT 'a\\'", "b"]),
      ("SELECT E'a\\'; b'; c", ["SELECT E'a\\'; b'", "c"]), ("SELECT $$;$$; b", ["SELECT $$;$$", "b"]),
      ("DO $x$ a; $y$ ; $x$; b", ["DO $x$ a; $y$ ; $x$", "b"]), ("SELECT $1; b", ["SELECT $1", "b"]),
      ("a -- ; b\n; c", ["a -- ; b", "c"]), ("a /* /* ; */ ; */; c", ["a /* /* ; */ ; */", "c"]),
      (
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET b = CASE WHEN 1 THEN 2 END; DELETE FROM c; END; d",
        ["CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET b = CASE WHEN 1 THEN 2 END; DELETE FROM c; END", "d"]
      ),
      ("SELECT CASE WHEN a THEN b END; c", ["SELECT CASE WHEN a THEN b END", "c"]), ("'not ended; b", ["'not ended; b"]),
      ("$x$ not ended; b", ["$x$ not ended; b"]), ("/* not ended; b", []), ("ä; \u{301}b", ["ä", "\u{301}b"]),
      ("CREATE TRIGGER t BEGIN a; b", ["CREATE TRIGGER t BEGIN a; b"]), ("E'\\", ["E'\\"]), ("$", ["$"]), ("'", ["'"]),
    ] as [(String, [String])])
  func statements(_ text: String, _ expected: [String]) {
    #expect(SQLScript.statements(text) == expected)
  }

  @Test(
    "tells a statement by its first word",
    arguments: [("/* a */ -- b\n commit", "COMMIT"), ("( select", ""), ("", ""), ("begin;", "BEGIN")])
  func firstWord(_ text: String, _ expected: String) {
    #expect(SQLScript.firstWord(text) == expected)
  }
}

@Suite("Files of SQL in a migration") struct MigrationFileTests {
  private static let contract = MigrationTests.changed { books in
    books.fields.append(
      Library.field("language", .string(StringOptions(length: 2...2))) {
        $0.isRequired = true
      })
    books.fields[1].isUnique = true
  }

  private func apply(_ store: any Store, _ contract: Contract, _ files: [SchemaFile]) async throws -> [String] {
    try await SchemaManager().apply(store, contract, .applying(allowsLoss: false), actor: "tester", files: files)
  }

  @Test("run once, behind what is added and before what keeps rows out", arguments: TestStore.available)
  func order(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await MigrationTests.fill(store)
      try await store.define(["UPDATE books SET title = 'same'"])
      let files = [
        SchemaFile(name: "2_titles.sql", text: "UPDATE books SET title = 'same' || language || pages WHERE pages IS NOT NULL;"),
        SchemaFile(name: "1_languages.sql", text: "-- every book;\nUPDATE books SET language = 'en'; SELECT 1;"),
        SchemaFile(name: "3_other.\(store.dialect == .sqlite ? "postgres" : "sqlite").sql", text: "nonsense"),
      ]
      await #expect(throws: SchemaError.self) { try await MigrationTests.apply(store, Self.contract) }
      let way = try await SchemaManager().look(store, Self.contract, files: files).way.map(\.description)
      #expect(way.prefix(3) == ["add column books.language", "1_languages.sql", "2_titles.sql"])
      let done = try await apply(store, Self.contract, files)
      #expect(done.prefix(3) == ["add column books.language", "1_languages.sql", "2_titles.sql"])
      try await MigrationTests.expectFit(store, Self.contract)
      #expect(try await SchemaInspector(store).inspect().table("books")?.column("language")?.isNullable == false)
      let titles = try await store.inspect("SELECT title FROM books ORDER BY id", [])
      #expect(titles == [["sameen50"], ["sameen70"], ["same"]])
      #expect(try await apply(store, Self.contract, files).isEmpty)
      var changed = files
      changed[0] = SchemaFile(name: files[0].name, text: files[0].text + " ")
      let refusal = await #expect(throws: SchemaError.self) { _ = try await apply(store, Self.contract, changed) }
      #expect(refusal?.description.contains("2_titles.sql") == true)
      #expect(try await apply(store, Self.contract, []).isEmpty)
    }
  }

  @Test("that fail leave nothing behind", arguments: TestStore.available)
  func failures(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await MigrationTests.fill(store)
      let before = try await store.inspect("SELECT title FROM books ORDER BY id", [])
      for text in [
        "UPDATE books SET title = 'x'; UPDATE nothing SET a = 1", "UPDATE books SET title = 'x'; COMMIT; SELECT 1",
        "UPDATE books SET title = 'x'; DELETE FROM authors", "", "-- nothing\n;",
      ] {
        let file = SchemaFile(name: "1.sql", text: text)
        let refusal = await #expect(throws: SchemaError.self) { _ = try await apply(store, Library.contract, [file]) }
        #expect(refusal != nil, "\(text)")
        #expect(try await store.inspect("SELECT title FROM books ORDER BY id", []) == before)
        #expect(try await Library.count("authors", store) == 2)
      }
      // Mended, it runs.
      _ = try await apply(store, Library.contract, [SchemaFile(name: "1.sql", text: "UPDATE books SET title = 'x'")])
      #expect(try await store.inspect("SELECT DISTINCT title FROM books", []) == [["x"]])
    }
  }

  @Test("keep no record of a column's kind from being true", arguments: TestStore.available)
  func kinds(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await MigrationTests.fill(store)
      let contract = MigrationTests.changed { $0.fields[10].type = .decimal(precision: 12, scale: 1, minimum: nil, maximum: nil) }
      let files = [SchemaFile(name: "1.sql", text: "UPDATE books SET pages = pages + 1")]
      _ = try await apply(store, contract, files)
      try await MigrationTests.expectFit(store, contract)
      let expected: [[String?]] = store.dialect == .sqlite ? [["510"], ["710"], [nil]] : [["51.0"], ["71.0"], [nil]]
      #expect(try await store.inspect("SELECT pages FROM books ORDER BY id", []) == expected)
    }
  }
}

@Suite("A migration that is taken back") struct MigrationDownTests {
  private func down(_ store: any Store, _ contract: Contract, allowsLoss: Bool = false) async throws -> [String] {
    try await SchemaManager().down(store, contract, allowsLoss: allowsLoss, actor: "tester").done
  }

  @Test("leaves what was there before it, and no data is lost unasked", arguments: TestStore.available)
  func takenBack(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await MigrationTests.fill(store)
      let before = try await SchemaInspector(store).inspect()
      var contract = MigrationTests.changed { books in
        books.fields[10].isIndexed = true
        books.fields.append(Library.field("note", .string(StringOptions(length: 0...10))))
      }
      contract.resources.append(Resource(name: "shelves"))
      try await MigrationTests.apply(store, contract)
      try await store.define(["UPDATE books SET note = 'kept' WHERE title = 't'"])
      let refusal = await #expect(throws: SchemaError.self) { _ = try await down(store, contract) }
      #expect(refusal?.description.contains("add column books.note: taking it back loses data") == true, "\(refusal?.description ?? "")")
      #expect(try await store.inspect("SELECT note FROM books WHERE title = 't'", []) == [["kept"]])
      let done = try await down(store, contract, allowsLoss: true)
      #expect(done.contains("create table shelves") && done.contains("add column books.note"))
      let after = try await SchemaInspector(store).inspect()
      #expect(after.tables.map(\.name).sorted() == before.tables.map(\.name).sorted())
      for table in before.tables {
        let same = after.table(table.name)
        #expect(same?.columns.map(\.name) == table.columns.map(\.name))
        #expect(same?.indexes.map(\.name).sorted() == table.indexes.map(\.name).sorted())
      }
      try await MigrationTests.expectFit(store, Library.contract)
      #expect(try await SchemaManager().look(store, Library.contract).drifted.isEmpty)
      // And there again.
      try await MigrationTests.apply(store, contract)
      try await MigrationTests.expectFit(store, contract)
    }
  }

  @Test("stops at what nothing brings back", arguments: TestStore.available)
  func impossible(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await MigrationTests.fill(store)
      let contract = MigrationTests.changed { $0.fields.removeAll { $0.name == "rating" } }
      try await MigrationTests.apply(store, contract, allowsLoss: true)
      let refusal = await #expect(throws: SchemaError.self) { _ = try await down(store, contract, allowsLoss: true) }
      #expect(refusal?.description.contains("nothing brings back") == true)
    }
  }

  @Test("names go back too", arguments: TestStore.available)
  func names(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await MigrationTests.fill(store)
      var contract = Library.contract
      contract.resources[2].name = "opinions"
      contract.resources[2].storage.table = "opinions"
      contract.resources[2].was = "reviews"
      let run = SchemaManager()
      _ = try await run.apply(store, contract, .applying(allowsLoss: false), actor: "tester")
      // What followed from the name, and then the name.
      while try await SchemaInspector(store).inspect().table("opinions") != nil {
        let done = try? await down(store, contract)
        if done?.isEmpty ?? true { break }
      }
      if store.dialect == .postgres { #expect(try await SchemaInspector(store).inspect().table("reviews") != nil) }
      #expect(try await store.inspect("SELECT stars FROM \(store.dialect == .postgres ? "reviews" : "opinions")", []) == [["3"]])
    }
  }
}

@Suite("A schema that somebody else changed") struct SchemaDriftTests {
  @Test("is told of", arguments: TestStore.available)
  func drift(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await MigrationTests.fill(store)
      func drifted() async throws -> [String] {
        var tables: [String] = []
        _ = try await SchemaManager().prepare(store, Library.contract) { tables = $0 }
        return tables
      }
      #expect(try await drifted() == [])
      try await store.define(["CREATE INDEX somebodys ON books (pages)", "ALTER TABLE reviews ADD COLUMN somebodys integer"])
      #expect(try await drifted() == ["books", "reviews"])
      #expect(try await drifted() == ["books", "reviews"])
      // Whoever runs the command has seen it.
      try await MigrationTests.apply(store, Library.contract)
      #expect(try await drifted() == [])
    }
  }
}
