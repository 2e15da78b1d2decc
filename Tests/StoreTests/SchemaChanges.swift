import Base
import Contract
import Store
import Testing

@Suite("A schema follows its contract") struct SchemaChanges {
  /// The library's contract, changed.
  private func changed(_ change: (inout Resource) -> Void) -> Contract {
    var contract = Library.contract
    change(&contract.resources[1])
    return contract
  }

  private func filled(_ store: any Store) async throws {
    try await Library.prepare(store)
    let outcome = try await store.write(
      WriteBatch([
        Library.insert("authors", Library.id(1), ["name": .string("a"), "country": .string("gb")], dialect: store.dialect),
        Library.insert(
          "books", Library.id(2), ["author": .uuid(Library.id(1)), "title": .string("t"), "pages": .integer(50)],
          dialect: store.dialect),
        Library.insert("reviews", Library.id(3), ["book": .uuid(Library.id(2)), "stars": .integer(3)], dialect: store.dialect),
      ]))
    guard case .committed = outcome else { throw StoreError(.invalidValue, "\(outcome)") }
  }

  private func expectObstacle(_ contract: Contract, _ store: any Store, _ words: String) async throws {
    let before = try await SchemaInspector(store).inspect()
    let error = await #expect(throws: SchemaError.self) { _ = try await SchemaManager().prepare(store, contract) }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    #expect(error?.obstacles.isEmpty == false)
    let after = try await SchemaInspector(store).inspect()
    #expect(after.tables.map(\.columns.count) == before.tables.map(\.columns.count))
  }

  @Test("what was prepared needs nothing more", arguments: TestStore.available)
  func idempotent(_ kind: TestStore) async throws {
    try await kind.run { store in
      #expect(try await !SchemaManager().prepare(store, Library.contract).isEmpty)
      #expect(try await SchemaManager().prepare(store, Library.contract) == [])
      let plan = try await SchemaManager().look(store, Library.contract).plan
      #expect(plan.changes.isEmpty && plan.notices.isEmpty && plan.faults.isEmpty)
    }
  }

  @Test("keys, references and indexes are there, each index ending with the id", arguments: TestStore.available)
  func structure(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await Library.prepare(store)
      let live = try await SchemaInspector(store).inspect()
      let books = try #require(live.table("books"))
      #expect(books.key == ["id"])
      #expect(books.foreignKeys.map(\.table) == ["authors"] && books.foreignKeys[0].onDelete == "RESTRICT")
      let own = books.indexes.filter { !$0.isConstraint }.map { $0.parts.map { $0.column + ($0.isDescending ? "-" : "") } }
      #expect(Set(own) == [["published-", "id-"], ["author", "id"]])
      let reviews = try #require(live.table("reviews"))
      #expect(reviews.indexes.contains { $0.isUnique && $0.parts.map(\.column) == ["book", "stars"] })
      #expect(Set(reviews.foreignKeys.map(\.onDelete)) == ["CASCADE", "SET NULL"])
      #expect(books.column("title")?.isNullable == false && books.column("rating")?.isNullable == true)
      #expect(live.table("_martlet_events") != nil && live.table("_martlet_idempotency") != nil)
    }
  }

  @Test("new columns, indexes and tables are added", arguments: TestStore.available)
  func additions(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await filled(store)
      var contract = changed { books in
        books.fields.append(Library.field("note", .string(StringOptions(length: 0...10))) { $0.isIndexed = true })
        books.fields.append(
          Library.field("copies", .integer(minimum: 0, maximum: nil)) {
            $0.isRequired = true
            $0.defaultValue = .value(.integer(1))
          })
        books.fields.append(Library.field("editor", .ref(Reference(resource: "authors"))))
        books.fields.append(Library.field("cost", .money(MoneyOptions(currencies: ["EUR"]))))
      }
      contract.resources.append(Resource(name: "shelves"))
      let applied = try await SchemaManager().prepare(store, contract)
      #expect(applied.count >= 5)
      #expect(try await SchemaManager().prepare(store, contract) == [])
      let rows = try await store.inspect("SELECT copies, note, cost_amount FROM books", [])
      #expect(rows == [["1", nil, nil]])
    }
  }

  @Test("an enum with one value more, and one less that nobody uses", arguments: TestStore.available)
  func enumeration(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await filled(store)
      var contract = Library.contract
      contract.resources[0].fields[1].type = .enumeration(["gb", "de"])
      #expect(try await !SchemaManager().prepare(store, contract).isEmpty)
      #expect(try await SchemaManager().prepare(store, contract) == [])
      let german = try await store.write(
        WriteBatch([
          Library.insert("authors", Library.id(9), ["name": .string("g"), "country": .string("de")], dialect: store.dialect)
        ]))
      guard case .committed = german else {
        Issue.record("\(german)")
        return
      }
      let french = try await store.write(
        WriteBatch([
          Library.insert("authors", Library.id(10), ["name": .string("f"), "country": .string("fr")], dialect: store.dialect)
        ]))
      guard case .checkViolation = french else {
        Issue.record("\(french)")
        return
      }
      // What refers to the rebuilt table still does, and its rows and indexes are there.
      #expect(try await Library.count("books", store) == 1)
      #expect(try await Library.count("reviews", store) == 1)
      let live = try await SchemaInspector(store).inspect()
      #expect(live.table("books")?.foreignKeys.first?.table == "authors")
      #expect(live.table("authors")?.indexes.contains { $0.name == "uq_authors_name" } == true)
      let orphan = try await store.write(
        WriteBatch([
          Library.insert("books", Library.id(20), ["author": .uuid(Library.id(99)), "title": .string("t")], dialect: store.dialect)
        ]))
      guard case .foreignKeyViolation = orphan else {
        Issue.record("\(orphan)")
        return
      }
    }
  }

  @Test("a value in use cannot leave its enum", arguments: TestStore.available)
  func enumerationInUse(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await filled(store)
      var contract = Library.contract
      contract.resources[0].fields[1].type = .enumeration(["fr"])
      try await expectObstacle(contract, store, "rows hold values that it refuses")
    }
  }

  @Test("a required column without a default stops at rows, and is added where there are none", arguments: TestStore.available)
  func requiredColumn(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await filled(store)
      let contract = changed { $0.fields.append(Library.field("language", .string(StringOptions(length: 2...2))) { $0.isRequired = true }) }
      try await expectObstacle(contract, store, "give it a default")
    }
    try await kind.run { store in
      try await Library.prepare(store)
      let contract = changed { $0.fields.append(Library.field("language", .string(StringOptions(length: 2...2))) { $0.isRequired = true }) }
      #expect(try await !SchemaManager().prepare(store, contract).isEmpty)
      #expect(try await SchemaManager().prepare(store, contract) == [])
    }
  }

  @Test("required and back again", arguments: TestStore.available)
  func nullability(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await filled(store)
      try await expectObstacle(changed { $0.fields[3].isRequired = true }, store, "rows hold no value in rating")
      let required = changed { $0.fields[10].isRequired = true }
      #expect(try await !SchemaManager().prepare(store, required).isEmpty)
      #expect(try await SchemaInspector(store).inspect().table("books")?.column("pages")?.isNullable == false)
      #expect(try await !SchemaManager().prepare(store, Library.contract).isEmpty)
      #expect(try await SchemaInspector(store).inspect().table("books")?.column("pages")?.isNullable == true)
      #expect(try await Library.count("books", store) == 1)
    }
  }

  @Test(
    "a type that changes stops", arguments: TestStore.available,
    [FieldType.timestamp, .boolean, .uuid])
  func typeChange(_ kind: TestStore, _ type: FieldType) async throws {
    try await kind.run { store in
      try await filled(store)
      try await expectObstacle(changed { $0.fields[10].type = type }, store, "change column books.pages from")
    }
  }

  @Test("a decimal that loses digits stops", arguments: TestStore.available)
  func scaleChange(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await filled(store)
      let narrower = changed { $0.fields[8].type = .decimal(precision: 12, scale: 1, minimum: nil, maximum: nil) }
      try await expectObstacle(narrower, store, "would have to be converted")
    }
  }

  @Test("a column that has left the contract stays, with a notice", arguments: TestStore.available)
  func droppedColumn(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await filled(store)
      let contract = changed { $0.fields.removeAll { $0.name == "rating" } }
      let plan = try await SchemaManager().look(store, contract).plan
      #expect(plan.notices.contains { $0.contains("books.rating") } && plan.changes.isEmpty)
      _ = try await SchemaManager().prepare(store, contract)
      #expect(try await SchemaInspector(store).inspect().table("books")?.column("rating") != nil)
      // One that must have a value would keep every new row out.
      _ = try await SchemaManager().prepare(store, changed { $0.fields.removeAll { $0.name == "title" } })
      let title = try #require(try await SchemaInspector(store).inspect().table("books")?.column("title"))
      #expect(title.isNullable)
      #expect(try await store.inspect("SELECT title FROM books", []) == [["t"]])
      let text = store.dialect == .sqlite ? "TEXT" : "text"
      try await store.define([
        "DELETE FROM reviews", "DELETE FROM books", "ALTER TABLE authors ADD COLUMN other \(text) NOT NULL DEFAULT ''",
      ])
      _ = try await SchemaManager().prepare(store, Library.contract)
    }
  }

  @Test("a column outside the contract lives through a rebuild", arguments: TestStore.available)
  func foreignColumn(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await filled(store)
      try await store.define(["ALTER TABLE authors ADD COLUMN \"extra\" TEXT DEFAULT 'x'"])
      var contract = Library.contract
      contract.resources[0].fields[1].type = .enumeration(["gb", "de"])
      _ = try await SchemaManager().prepare(store, contract)
      #expect(try await store.inspect("SELECT extra FROM authors", []) == [["x"]])
    }
  }

  @Test("an index that leaves the contract goes, in a change that rebuilds its table too", arguments: TestStore.available)
  func droppedIndex(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await filled(store)
      let contract = changed { books in
        books.indexes = []
        books.fields[10].isRequired = true
      }
      #expect(try await SchemaManager().prepare(store, contract).contains { $0.contains("drop index") })
      let books = try #require(try await SchemaInspector(store).inspect().table("books"))
      #expect(books.indexes.filter { !$0.isConstraint }.map { $0.parts.map(\.column) } == [["author", "id"]])
      #expect(try await SchemaManager().prepare(store, contract) == [])
    }
  }

  @Test("what was renamed is not made anew beside the old one", arguments: TestStore.available)
  func renamed(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await filled(store)
      let column = changed { books in
        books.fields[10].name = "page_count"
        books.fields[10].column = "page_count"
        books.fields[10].was = "pages"
      }
      try await expectObstacle(column, store, "rename column books.pages to page_count")
      try await store.define(["ALTER TABLE books RENAME COLUMN pages TO page_count"])
      _ = try await SchemaManager().prepare(store, column)
      #expect(try await SchemaManager().prepare(store, column) == [])
      #expect(try await store.inspect("SELECT page_count FROM books", []) == [["50"]])
      var table = column
      table.resources[2].name = "opinions"
      table.resources[2].storage.table = "opinions"
      table.resources[2].was = "reviews"
      try await expectObstacle(table, store, "rename table reviews to opinions")
      try await store.define(["ALTER TABLE reviews RENAME TO opinions"])
      _ = try await SchemaManager().prepare(store, table)
      #expect(try await SchemaManager().prepare(store, table) == [])
      #expect(try await store.inspect("SELECT stars FROM opinions", []) == [["3"]])
      let names = try await SchemaInspector(store).inspect().table("opinions")?.indexes.map(\.name) ?? []
      #expect(names.contains("uq_opinions_book_stars") && !names.contains { $0.contains("reviews") && $0.hasPrefix("uq_") })
    }
  }

  @Test("deleted records come to be kept, and do not come back unasked", arguments: TestStore.available)
  func deletion(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await filled(store)
      var soft = Library.contract
      for place in soft.resources.indices { soft.resources[place].isSoftDeleted = true }
      _ = try await SchemaManager().prepare(store, soft)
      #expect(try await SchemaManager().prepare(store, soft) == [])
      let indexes = try await SchemaInspector(store).inspect().table("reviews")?.indexes.filter { !$0.isConstraint } ?? []
      #expect(
        Set(indexes.map { "\($0.name) \($0.isUnique) \($0.isPartial)" }) == [
          "lu_reviews_book_stars true true", "lx_reviews_book false true", "lx_reviews_by false true", "lx_reviews_id false true",
          "ix_reviews_book_deleted_at false false", "ix_reviews_by_deleted_at false false",
        ])
      // What stands twice among the deleted stops no index of the living.
      let rows = [4, 5].map { number in
        Library.insert("books", Library.id(number), ["author": .uuid(Library.id(1)), "title": .string("t")], dialect: store.dialect)
      }
      _ = try await store.write(WriteBatch(rows))
      try await store.define(["UPDATE books SET deleted_at = updated_at WHERE title = 't'"])
      soft.resources[1].fields[1].isUnique = true
      _ = try await SchemaManager().prepare(store, soft)
      #expect(try await SchemaManager().prepare(store, soft) == [])
      try await expectObstacle(Library.contract, store, "delete: soft")
      try await store.define(["DELETE FROM books WHERE deleted_at IS NOT NULL"])
      _ = try await SchemaManager().prepare(store, Library.contract)
      #expect(try await SchemaManager().prepare(store, Library.contract) == [])
      let names = try await SchemaInspector(store).inspect().table("books")?.indexes.map(\.name) ?? []
      #expect(!names.contains { $0.hasPrefix("l") } && names.contains("ix_books_author"))
    }
  }

  @Test("a quote is one whatever stands behind it", arguments: TestStore.available)
  func quotes(_ kind: TestStore) async throws {
    try await kind.run { store in
      var contract = Library.contract
      // Swift takes a quote and the accent behind it for one character, a database does not.
      contract.resources[0].fields[1].type = .enumeration(["gb", "o'\u{301}x"])
      #expect(try await !SchemaManager().prepare(store, contract).isEmpty)
      #expect(try await SchemaManager().prepare(store, contract) == [])
      let outcome = try await store.write(
        WriteBatch([
          Library.insert(
            "authors", Library.id(1), ["name": .string("a"), "country": .string("o'\u{301}x")], dialect: store.dialect)
        ]))
      guard case .committed = outcome else {
        Issue.record("\(outcome)")
        return
      }
    }
  }

  @Test("values that stand twice stop a unique index", arguments: TestStore.available)
  func duplicates(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await filled(store)
      _ = try await store.write(
        WriteBatch([
          Library.insert("books", Library.id(4), ["author": .uuid(Library.id(1)), "title": .string("t")], dialect: store.dialect)
        ]))
      try await expectObstacle(changed { $0.fields[1].isUnique = true }, store, "the same value more than once")
    }
  }

  @Test("an adopted table is only looked at", arguments: TestStore.available)
  func adopted(_ kind: TestStore) async throws {
    try await kind.run { store in
      var contract = Contract()
      var resource = Resource(name: "tracks")
      resource.storage.isManaged = false
      resource.storage.table = "Track"
      resource.storage.hasRevision = false
      resource.storage.hasTimestamps = false
      resource.storage.key = [KeyColumn(name: "id", column: "TrackId", type: .integer(minimum: nil, maximum: nil))]
      resource.fields = [Library.field("name", .string(StringOptions(length: 0...200))) { $0.column = "Name" }]
      contract.resources = [resource]
      try await expectObstacle(contract, store, "table Track does not exist")
      try await store.define(["CREATE TABLE \"Track\" (\"TrackId\" INTEGER PRIMARY KEY)"])
      try await expectObstacle(contract, store, "has no column Name")
      try await store.define(["ALTER TABLE \"Track\" ADD COLUMN \"Name\" TEXT"])
      _ = try await SchemaManager().prepare(store, contract)
      #expect(try await SchemaManager().prepare(store, contract) == [])
    }
  }
}
