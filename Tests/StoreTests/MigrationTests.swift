import Base
import Contract
import Store
import Synchronization
import Testing

@Suite("A migration") struct MigrationTests {
  /// The library's contract, its books changed.
  static func changed(_ change: (inout Resource) -> Void) -> Contract {
    var contract = Library.contract
    change(&contract.resources[1])
    return contract
  }

  /// Two authors, three books of which one has no pages and no price, a review.
  static func fill(_ store: any Store) async throws {
    try await Library.prepare(store)
    let dialect = store.dialect
    let steps = [
      Library.insert("authors", Library.id(1), ["name": .string("a"), "country": .string("gb")], dialect: dialect),
      Library.insert("authors", Library.id(9), ["name": .string("b")], dialect: dialect),
      Library.insert(
        "books", Library.id(2), ["author": .uuid(Library.id(1)), "title": .string("t"), "pages": .integer(50)], dialect: dialect),
      Library.insert(
        "books", Library.id(3),
        ["author": .uuid(Library.id(1)), "title": .string("u"), "pages": .integer(70), "weight": .decimal(.init(units: 125, scale: 2))],
        dialect: dialect),
      Library.insert("books", Library.id(4), ["author": .uuid(Library.id(9)), "title": .string("v")], dialect: dialect),
      Library.insert("reviews", Library.id(5), ["book": .uuid(Library.id(2)), "stars": .integer(3)], dialect: dialect),
    ]
    guard case .committed = try await store.write(WriteBatch(steps)) else { throw StoreError(.invalidValue, "not filled") }
  }

  @discardableResult
  static func apply(_ store: any Store, _ contract: Contract, allowsLoss: Bool = false) async throws -> [String] {
    try await SchemaManager().apply(store, contract, .applying(allowsLoss: allowsLoss), actor: "tester@here")
  }

  /// Nothing is left to do, for whoever serves.
  static func expectFit(_ store: any Store, _ contract: Contract) async throws {
    let look = try await SchemaManager().look(store, contract)
    #expect(look.plan.changes.map(\.description) == [])
    #expect(try await SchemaManager().prepare(store, contract) == [])
  }

  private func expectRefusal(_ store: any Store, _ contract: Contract, allowsLoss: Bool = false, _ words: String) async throws {
    let error = await #expect(throws: SchemaError.self) { try await Self.apply(store, contract, allowsLoss: allowsLoss) }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }

  @Test("keeps every value of a column whose type becomes a wider one", arguments: TestStore.available)
  func conversions(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await Self.fill(store)
      let contract = Self.changed { books in
        books.fields[10].type = .decimal(precision: 12, scale: 3, minimum: nil, maximum: nil)
        books.fields[10].defaultValue = .value(.integer(7))
        books.fields[8].type = .decimal(precision: 18, scale: 4, minimum: nil, maximum: nil)
      }
      let refusal = await #expect(throws: SchemaError.self) { try await SchemaManager().prepare(store, contract) }
      #expect(refusal?.description.contains("martlet migrate apply") == true)
      try await Self.apply(store, contract)
      try await Self.expectFit(store, contract)
      let rows = try await store.inspect("SELECT pages, weight FROM books ORDER BY id", [])
      let expected: [[String?]] =
        store.dialect == .sqlite
        ? [["50000", nil], ["70000", "12500"], [nil, nil]] : [["50.000", nil], ["70.000", "1.2500"], [nil, nil]]
      #expect(rows == expected)
      // Once more is no second conversion.
      #expect(try await Self.apply(store, contract).isEmpty)
      let text = Self.changed { books in
        books.fields[10].type = .string(StringOptions(length: 0...20))
        books.fields[7].type = .string(StringOptions(length: 36...36))
      }
      try await expectRefusal(store, text, "would have to be converted")
    }
  }

  @Test("writes numbers, days and ids as the wider type has them", arguments: TestStore.available)
  func moreConversions(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await Self.fill(store)
      try await store.define([
        store.dialect == .sqlite
          ? "UPDATE books SET published = '1969-12-31', code = x'0190000000007000800000000000000a'"
          : "UPDATE books SET published = '1969-12-31', code = '01900000-0000-7000-8000-00000000000a'"
      ])
      let contract = Self.changed { books in
        books.fields[5].type = .timestamp
        books.fields[7].type = .string(StringOptions(length: 36...36))
        books.fields[10].type = .string(StringOptions(length: 0...20))
      }
      try await Self.apply(store, contract)
      try await Self.expectFit(store, contract)
      let row = try await store.inspect("SELECT published, code, pages FROM books ORDER BY id LIMIT 1", [])
      #expect(
        row == [[store.dialect == .sqlite ? "-86400000000" : "1969-12-31 00:00:00+00", "01900000-0000-7000-8000-00000000000a", "50"]])
    }
  }

  @Test("stops at a value that the wider type cannot hold", arguments: TestStore.available)
  func misfit(_ kind: TestStore) async throws {
    try await kind.run { store in
      var contract = Library.contract
      contract.resources[1].fields[10].type = .integer(minimum: nil, maximum: nil)
      _ = try await SchemaManager().prepare(store, contract)
      try await Self.fill(store)
      _ = try await SchemaManager().prepare(store, contract)
      try await store.define(["UPDATE books SET pages = 9007199254740993 WHERE title = 't'"])
      contract.resources[1].fields[10].type = .number(minimum: nil, maximum: nil)
      try await expectRefusal(store, contract, "cannot hold")
      #expect(try await store.inspect("SELECT pages FROM books WHERE title = 't'", []) == [["9007199254740993"]])
    }
  }

  @Test("gives rows the default of a field that becomes required", arguments: TestStore.available)
  func required(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await Self.fill(store)
      let euro = try #require(Currency("EUR"))
      let contract = Self.changed { books in
        books.fields[10].isRequired = true
        books.fields[10].defaultValue = .value(.integer(11))
        books.fields[2].isRequired = true
        books.fields[2].defaultValue = .value(.money(Money(amount: 5, currency: euro)))
      }
      let refusal = await #expect(throws: SchemaError.self) { try await SchemaManager().prepare(store, contract) }
      #expect(refusal?.description.contains("rows hold no value in") == true, "\(refusal?.description ?? "")")
      #expect(try await Library.count("books", store) == 3)
      try await Self.apply(store, contract)
      try await Self.expectFit(store, contract)
      let rows = try await store.inspect("SELECT pages, price_amount, price_currency FROM books ORDER BY id", [])
      #expect(rows == [["50", "5", "EUR"], ["70", "5", "EUR"], ["11", "5", "EUR"]])
      let live = try await SchemaInspector(store).inspect().table("books")
      #expect(live?.column("pages")?.isNullable == false)
      #expect(live?.checks.contains { $0.hasPrefix("_martlet") } == false)
    }
  }

  @Test("names the columns that it adds, where a table is built anew for another reason too", arguments: TestStore.available)
  func namedColumns(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await Self.fill(store)
      let contract = Self.changed { books in
        var shelf = books.fields[10]
        shelf.name = "shelf"
        shelf.column = "shelf"
        books.fields.append(shelf)
        books.fields[10].isRequired = true
        books.fields[10].defaultValue = .value(.integer(11))
      }
      let plan = try await SchemaManager().look(store, contract).plan
      #expect(plan.changes.contains { $0.description.contains("add column") && $0.description.contains("shelf") })
      try await Self.apply(store, contract)
      try await Self.expectFit(store, contract)
    }
  }

  @Test("gives the default of the new kind where the type changes too", arguments: TestStore.available)
  func requiredAndConverted(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await Self.fill(store)
      let contract = Self.changed { books in
        books.fields[10].isRequired = true
        books.fields[10].type = .decimal(precision: 12, scale: 1, minimum: nil, maximum: nil)
        books.fields[10].defaultValue = .value(.integer(11))
      }
      try await Self.apply(store, contract)
      try await Self.expectFit(store, contract)
      let rows = try await store.inspect("SELECT pages FROM books ORDER BY id", [])
      #expect(rows == (store.dialect == .sqlite ? [["500"], ["700"], ["110"]] : [["50.0"], ["70.0"], ["11.0"]]))
    }
  }

  @Test("renames tables and columns with what hangs on them, in one call", arguments: TestStore.available)
  func renames(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await Self.fill(store)
      var contract = Self.changed { books in
        books.fields[10].name = "page_count"
        books.fields[10].column = "page_count"
        books.fields[10].was = "pages"
        books.fields[10].isRequired = true
        books.fields[10].defaultValue = .value(.integer(1))
      }
      contract.resources[2].name = "opinions"
      contract.resources[2].storage.table = "opinions"
      contract.resources[2].was = "reviews"
      await #expect(throws: SchemaError.self) { try await SchemaManager().prepare(store, contract) }
      try await Self.apply(store, contract)
      try await Self.expectFit(store, contract)
      #expect(try await store.inspect("SELECT page_count FROM books ORDER BY id", []) == [["50"], ["70"], ["1"]])
      #expect(try await store.inspect("SELECT stars FROM opinions", []) == [["3"]])
      let live = try await SchemaInspector(store).inspect()
      #expect(live.table("reviews") == nil && live.table("opinions")?.foreignKeys.contains { $0.table == "books" } == true)
      // What was once called so is nobody's to drop.
      contract.resources[2].was = nil
      try await store.define(["CREATE TABLE reviews (id integer)"])
      #expect(try await SchemaManager().look(store, contract).plan.removals.isEmpty)
    }
  }

  @Test("drops what the contract has no more only where that is allowed", arguments: TestStore.available)
  func removals(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await Self.fill(store)
      try await store.define(["ALTER TABLE books ADD COLUMN somebodys integer", "CREATE TABLE somebodys (id integer)"])
      var contract = Self.changed { $0.fields.removeAll { ["title", "rating", "price"].contains($0.name) } }
      contract.resources.remove(at: 2)
      try await Self.apply(store, contract)
      try await Self.expectFit(store, contract)
      var live = try await SchemaInspector(store).inspect()
      #expect(live.table("reviews") != nil && live.table("books")?.column("title") != nil)
      let removals = try await SchemaManager().look(store, contract).plan.removals
      #expect(removals.map(\.safety) == [.losesData, .losesData])
      try await Self.apply(store, contract, allowsLoss: true)
      try await Self.expectFit(store, contract)
      live = try await SchemaInspector(store).inspect()
      let names = live.table("books")?.columns.map(\.name) ?? []
      #expect(live.table("reviews") == nil && live.table("somebodys") != nil)
      #expect(!names.contains { ["title", "rating", "price_amount", "price_currency"].contains($0) } && names.contains("somebodys"))
      #expect(try await SchemaManager().look(store, contract).plan.removals.isEmpty)
      #expect(try await store.inspect("SELECT pages FROM books ORDER BY id", []) == [["50"], ["70"], [nil]])
    }
  }

  @Test("is written down step by step", arguments: TestStore.available)
  func ledger(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await Self.fill(store)
      let contract = Self.changed { $0.fields[10].isIndexed = true }
      let done = try await Self.apply(store, contract)
      let look = try await SchemaManager().look(store, contract)
      let steps = try await SchemaManager().steps(of: store, look, limit: 100)
      #expect(steps.allSatisfy { $0.state == "done" && $0.microseconds != nil && !$0.checksum.isEmpty })
      let last = steps.filter { $0.migration == 2 }
      #expect(last.map(\.name) == done && !done.isEmpty)
      #expect(last.allSatisfy { $0.actor == "tester@here" && $0.kind == "plan" && $0.startedAt.hasPrefix("20") })
      #expect(Set(steps.filter { $0.migration == 1 }.map(\.actor)) == ["serve"])
      #expect(steps.map(\.number) == Array(1...steps.count))
    }
  }

  @Test("goes on where it was broken off, wherever that was", arguments: TestStore.available)
  func resumes(_ kind: TestStore) async throws {
    var contract = Self.changed { books in
      books.fields[10].name = "page_count"
      books.fields[10].column = "page_count"
      books.fields[10].was = "pages"
      books.fields[10].isRequired = true
      books.fields[10].defaultValue = .value(.integer(1))
      books.fields[10].isIndexed = true
      books.fields[8].type = .decimal(precision: 18, scale: 4, minimum: nil, maximum: nil)
      books.fields[5].type = .timestamp
      books.fields[1].isUnique = true
      books.fields.append(Library.field("editor", .ref(Reference(resource: "authors"))))
      books.fields.append(Library.field("note", .string(StringOptions(length: 0...10))) { $0.isIndexed = true })
      books.fields.removeAll { $0.name == "rating" }
    }
    contract.resources[0].fields[1].type = .enumeration(["gb", "de"])
    contract.resources.append(Resource(name: "shelves"))
    let wanted = contract
    var calls = 0
    var isWhole = false
    while !isWhole {
      let limit = calls
      isWhole = try await kind.broken(after: limit, wanted)
      calls += 1
      try #require(calls < 200)
    }
    #expect(calls > (kind == .sqlite ? 3 : 25))
  }
}

extension TestStore {
  /// Breaks a migration off after so many calls, goes on, and looks at what has come of it.
  ///
  /// - Returns: whether it came to its end before.
  fileprivate func broken(after calls: Int, _ contract: Contract) async throws -> Bool {
    let isWhole = Mutex(false)
    try await run { store in
      try await MigrationTests.fill(store)
      let failing = FailingStore(inner: store, calls: calls)
      do {
        try await MigrationTests.apply(failing, contract, allowsLoss: true)
        isWhole.withLock { $0 = true }
      } catch is SchemaError {}
      try await MigrationTests.apply(store, contract, allowsLoss: true)
      try await MigrationTests.expectFit(store, contract)
      let rows = try await store.inspect("SELECT title, page_count, weight, published FROM books ORDER BY id", [])
      let weight = store.dialect == .sqlite ? "12500" : "1.2500"
      #expect(rows == [["t", "50", nil, nil], ["u", "70", weight, nil], ["v", "1", nil, nil]], "after \(calls) calls")
      #expect(try await SchemaInspector(store).inspect().table("books")?.column("rating") == nil)
    }
    return isWhole.withLock(\.self)
  }
}

/// Takes so many calls that change something, and none after that.
private final class FailingStore: Store {
  private let inner: any Store
  private let left: Mutex<Int>

  init(inner: any Store, calls: Int) {
    self.inner = inner
    left = Mutex(calls)
  }

  func use() throws(StoreError) {
    let isOver = left.withLock { left in
      left -= 1
      return left < 0
    }
    if isOver { throw StoreError(.unavailable, "killed") }
  }

  var dialect: Dialect { inner.dialect }
  func read(_ query: Query) async throws(StoreError) -> Rows { try await inner.read(query) }
  func write(_ batch: WriteBatch) async throws(StoreError) -> WriteOutcome { try await inner.write(batch) }
  func define(_ statements: [String]) async throws(StoreError) { try await inner.define(statements) }
  func inspect(_ statement: String, _ values: [Value]) async throws(StoreError) -> [[String?]] {
    try await inner.inspect(statement, values)
  }
  func schemaSession() async throws(StoreError) -> any SchemaSession { FailingSession(store: self, inner: try await inner.schemaSession()) }
  func ping() async throws(StoreError) { try await inner.ping() }
  func gauges() -> [StoreGauge] { inner.gauges() }
  func close() async {}
}

private struct FailingSession: SchemaSession {
  let store: FailingStore
  let inner: any SchemaSession

  func lock() async throws(StoreError) -> Bool { try await inner.lock() }

  func transact(_ statements: [String]) async throws(StoreError) {
    try store.use()
    try await inner.transact(statements)
  }

  func perform(_ statement: String) async throws(StoreError) -> [[String?]] {
    try store.use()
    return try await inner.perform(statement)
  }

  func close() async { await inner.close() }
}
