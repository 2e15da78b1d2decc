import Store
import TestSupport
import Testing

@testable import SQLiteStore

/// What a file's own schema can bring about, on a file with an index of words, whose writing connection trusts it.
@Suite("A schema that means harm") struct SQLiteTrustTests {
  private static func store(_ folder: TemporaryFolder, calling call: String?) async throws -> SQLiteStore {
    let store = try SQLiteStore(path: folder.path + "/test.db")
    try await store.define([
      "CREATE TABLE notes (a TEXT)", "CREATE VIRTUAL TABLE words USING fts5(a, content='')",
      "CREATE TRIGGER _martlet_words_x AFTER INSERT ON notes BEGIN INSERT INTO words(rowid, a) VALUES (new.rowid, new.a); END",
    ])
    if let call { try await store.define(["CREATE TRIGGER harm AFTER INSERT ON notes BEGIN SELECT \(call); END"]) }
    await store.close()
    return try SQLiteStore(path: folder.path + "/test.db")
  }

  private static func insert(into store: SQLiteStore) async throws(StoreError) {
    let statement = Statement(text: "INSERT INTO notes (a) VALUES ('x')", parameters: [])
    _ = try await store.write(WriteBatch([.run(statement, [], rows: nil)]))
  }

  @Test("an index of words is kept") func words() async throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let store = try await Self.store(folder, calling: nil)
    try await Self.insert(into: store)
    #expect(try await store.inspect("SELECT count(*) FROM words WHERE words MATCH 'x'", []) == [["1"]])
    await store.close()
  }

  @Test(
    "loads no code and reaches no other file",
    arguments: ["load_extension('x')", "fts3_tokenizer('simple', x'00')", "writefile('x', 'y')", "readfile('x')"])
  func harm(call: String) async throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let store = try await Self.store(folder, calling: call)
    await #expect(throws: StoreError.self) { try await Self.insert(into: store) }
    #expect(try await store.inspect("SELECT count(*) FROM notes", []) == [["0"]])
    await store.close()
  }

  @Test("connections that read trust no schema") func readers() async throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let store = try await Self.store(folder, calling: nil)
    #expect(try await store.inspect("PRAGMA trusted_schema", []) == [["0"]])
    await store.close()
  }
}
