import Base
import Store
import Testing

@Suite("A store writes a batch whole or not at all") struct ConformanceWrites {
  private func author(_ number: UInt64, _ name: String?, _ store: any Store) -> WriteBatch.Step {
    Library.insert("authors", Library.id(number), ["name": .string(name ?? "author \(number)")], dialect: store.dialect)
  }

  private func author(_ number: UInt64, _ store: any Store) -> WriteBatch.Step { author(number, nil, store) }

  private func delete(_ resource: String, _ id: UUID, _ store: any Store) -> WriteBatch.Step {
    var sql = SQL("DELETE FROM ")
    sql.append(identifier: resource)
    let prepared = (sql + SQL(" WHERE ") + Library.equals("id", .uuid, .uuid(id))).statement(for: store.dialect)
    return .run(prepared.statement, prepared.values(), rows: 1)
  }

  @Test("guards that say zero let it pass, any other number undoes it", arguments: TestStore.available)
  func guards(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await Library.prepare(store)
      let good = try await store.write(WriteBatch([Library.guarding(0, dialect: store.dialect), author(1, store)]))
      guard case .committed(let values) = good else {
        Issue.record("\(good)")
        return
      }
      #expect(values.isEmpty)
      for code in [1, 2, 3, 42] {
        let outcome = try await store.write(WriteBatch([author(2, store), Library.guarding(code, dialect: store.dialect)]))
        guard case .refused(step: 1, code: code) = outcome else {
          Issue.record("\(outcome)")
          return
        }
      }
      let nothing = SQL("SELECT 0 WHERE 1 = 2").statement(for: store.dialect).statement
      let outcome = try await store.write(WriteBatch([.guarding(nothing, []), author(2, store)]))
      guard case .refused(step: 0, code: GuardCode.absent.rawValue) = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(try await Library.count("authors", store) == 1)
    }
  }

  @Test("a unique violation names its table and columns", arguments: TestStore.available)
  func uniqueViolation(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await Library.prepare(store)
      _ = try await store.write(WriteBatch([author(1, "same", store)]))
      let outcome = try await store.write(WriteBatch([author(2, store), author(3, "same", store)]))
      guard case .uniqueViolation(step: 1, let table, let columns) = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(table == "authors" && columns == ["name"])
      let again = try await store.write(WriteBatch([author(1, "other", store)]))
      guard case .uniqueViolation(step: 0, "authors", ["id"]) = again else {
        Issue.record("\(again)")
        return
      }
      #expect(try await Library.count("authors", store) == 1)
    }
  }

  @Test("several columns of one unique index are all named", arguments: TestStore.available)
  func uniquePair(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await Library.prepare(store)
      func review(_ number: UInt64) -> WriteBatch.Step {
        Library.insert(
          "reviews", Library.id(number), ["book": .uuid(Library.id(5)), "stars": .integer(4)], dialect: store.dialect)
      }
      let outcome = try await store.write(
        WriteBatch([
          author(1, store),
          Library.insert(
            "books", Library.id(5), ["author": .uuid(Library.id(1)), "title": .string("t")], dialect: store.dialect), review(6),
          review(7),
        ]))
      guard case .uniqueViolation(step: 3, "reviews", ["book", "stars"]) = outcome else {
        Issue.record("\(outcome)")
        return
      }
    }
  }

  @Test("foreign keys hold, both ways, and act as the contract says", arguments: TestStore.available)
  func foreignKeys(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await Library.prepare(store)
      let book = Library.insert(
        "books", Library.id(5), ["author": .uuid(Library.id(1)), "title": .string("t")], dialect: store.dialect)
      let orphan = try await store.write(WriteBatch([book]))
      guard case .foreignKeyViolation(step: 0, _) = orphan else {
        Issue.record("\(orphan)")
        return
      }
      let review = Library.insert(
        "reviews", Library.id(6), ["book": .uuid(Library.id(5)), "by": .uuid(Library.id(2)), "stars": .integer(4)],
        dialect: store.dialect)
      _ = try await store.write(WriteBatch([author(1, store), author(2, store), book, review]))
      let restricted = try await store.write(WriteBatch([delete("authors", Library.id(1), store)]))
      guard case .foreignKeyViolation(step: 0, _) = restricted else {
        Issue.record("\(restricted)")
        return
      }
      _ = try await store.write(WriteBatch([delete("authors", Library.id(2), store)]))
      #expect(try await store.read(Library.all("reviews", dialect: store.dialect)).objects.first?.contains("\"by\":null") == true)
      _ = try await store.write(WriteBatch([delete("books", Library.id(5), store)]))
      #expect(try await Library.count("reviews", store) == 0)
    }
  }

  @Test(
    "checks hold behind the engine's back", arguments: TestStore.available,
    [
      ("country", .string("de")), ("name", .string("")), ("name", .string(String(repeating: "x", count: 201))), ("name", .null),
    ] as [(String, Value)])
  func checks(_ kind: TestStore, _ field: (column: String, value: Value)) async throws {
    try await kind.run { store in
      try await Library.prepare(store)
      var values: [String: Value] = ["name": .string("n")]
      values[field.column] = field.value
      let outcome = try await store.write(WriteBatch([Library.insert("authors", Library.id(1), values, dialect: store.dialect)]))
      guard case .checkViolation(step: 0, _) = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(try await Library.count("authors", store) == 0)
    }
  }

  @Test("a number of rows other than expected undoes the batch", arguments: TestStore.available)
  func unexpectedRows(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await Library.prepare(store)
      let outcome = try await store.write(WriteBatch([author(1, store), delete("authors", Library.id(9), store)]))
      guard case .unexpectedRows(step: 1, count: 0) = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(try await Library.count("authors", store) == 0)
    }
  }

  @Test("what a statement returns comes back in order", arguments: TestStore.available)
  func returning(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await Library.prepare(store)
      var batch = WriteBatch([author(1, store)])
      for name in ["a", "b"] {
        var sql = SQL("UPDATE authors SET name = ")
        sql.append(parameter: .text, .value(.string(name)))
        let prepared =
          (sql + SQL(", revision = revision + 1 WHERE ") + Library.equals("id", .uuid, .uuid(Library.id(1)))
          + SQL(" RETURNING revision, name")).statement(for: store.dialect)
        batch.steps.append(.returning(prepared.statement, prepared.values(), kinds: [.integer, .text]))
      }
      let outcome = try await store.write(batch)
      guard case .committed(let values) = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(values == [[.integer(2), .string("a")], [.integer(3), .string("b")]])
    }
  }

  @Test("a trial tells what would be there, meets what the write would meet, and leaves nothing", arguments: TestStore.available)
  func trial(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await Library.prepare(store)
      let read = (SQL("SELECT revision, name FROM authors WHERE ") + Library.equals("id", .uuid, .uuid(Library.id(1))))
        .statement(for: store.dialect)
      let look = WriteBatch.Step.returning(read.statement, read.values(), kinds: [.integer, .text])
      guard case .tried(let values) = try await store.write(WriteBatch([author(1, "a", store), look], isTrial: true)) else {
        Issue.record("the trial did not go through")
        return
      }
      #expect(values == [[.integer(1), .string("a")]])
      #expect(try await Library.count("authors", store) == 0)
      // Among others that wait with it, and right before the write itself.
      let committed = try await withThrowingTaskGroup(of: Bool.self) { group in
        for number in 1...40 as ClosedRange<UInt64> {
          group.addTask {
            let outcome = try await store.write(WriteBatch([self.author(number, store)], isTrial: number % 2 == 0))
            if case .committed = outcome { return true }
            if case .tried = outcome { return false }
            throw StoreError(.invalidStatement, "\(outcome)")
          }
        }
        return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(committed == 20)
      #expect(try await Library.count("authors", store) == 20)
      let outcome = try await store.write(WriteBatch([author(1, store)], isTrial: true))
      guard case .uniqueViolation = outcome else {
        Issue.record("\(outcome)")
        return
      }
      guard case .committed = try await store.write(WriteBatch([author(2, store)])) else {
        Issue.record("a write behind a trial that failed")
        return
      }
    }
  }

  @Test("of batches that wait together, those that fail leave the others alone", arguments: TestStore.available)
  func neighbours(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await Library.prepare(store)
      let committed = try await withThrowingTaskGroup(of: Bool.self) { group in
        for number in 0..<256 as Range<UInt64> {
          group.addTask {
            var batch = WriteBatch([self.author(number, store)])
            if number % 4 == 1 { batch.steps.append(Library.guarding(3, dialect: store.dialect)) }
            if number % 4 == 2 { batch.steps.append(self.author(number, "again", store)) }
            if case .committed = try await store.write(batch) { return true }
            return false
          }
        }
        return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(committed == 128)
      #expect(try await Library.count("authors", store) == 128)
    }
  }

  @Test("the same row written by many at once is changed once for each revision", arguments: TestStore.available)
  func revisions(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await Library.prepare(store)
      _ = try await store.write(WriteBatch([author(1, store)]))
      var sql = SQL("UPDATE authors SET revision = revision + 1 WHERE ")
      sql = sql + Library.equals("id", .uuid, .uuid(Library.id(1))) + SQL(" AND revision = ")
      sql.append(parameter: .integer, .slot(0))
      let prepared = sql.statement(for: store.dialect)
      let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
        for _ in 0..<64 {
          group.addTask {
            let outcome = try await store.write(
              WriteBatch([.run(prepared.statement, prepared.values([.integer(1)]), rows: 1)]))
            if case .committed = outcome { return true }
            return false
          }
        }
        return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(winners == 1)
    }
  }

  @Test("what was committed is there when the store is opened again", arguments: TestStore.available)
  func durability(_ kind: TestStore) async throws {
    try await kind.runReopening { open in
      let first = try open()
      try await Library.prepare(first)
      _ = try await first.write(WriteBatch([author(1, first)]))
      await first.close()
      let error = await #expect(throws: StoreError.self) { _ = try await first.write(WriteBatch([author(2, first)])) }
      #expect(error?.code == .closed)
      let second = try open()
      #expect(try await Library.count("authors", second) == 1)
      await second.close()
    }
  }
}
