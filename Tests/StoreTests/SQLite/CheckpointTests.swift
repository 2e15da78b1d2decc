import Base
import Store
import TestSupport
import Testing

@testable import SQLiteStore

@Suite("The write-ahead log", .timeLimit(.minutes(2))) struct CheckpointTests {
  @Test("is copied by the thread first, by the writer when little is left or too much") func plan() {
    var plan = CheckpointPlan(pages: 100)
    #expect(plan.action(logPages: 0, isLittleLeft: false) == .none)
    #expect(plan.action(logPages: 99, isLittleLeft: false) == .none)
    #expect(plan.action(logPages: 100, isLittleLeft: false) == .request)
    // Not for every commit.
    #expect(plan.action(logPages: 101, isLittleLeft: false) == .none)
    #expect(plan.action(logPages: 150, isLittleLeft: false) == .none)
    #expect(plan.action(logPages: 151, isLittleLeft: false) == .request)
    #expect(plan.action(logPages: 160, isLittleLeft: true) == .finish)
    // Begun anew.
    #expect(plan.action(logPages: 5, isLittleLeft: false) == .none)
    #expect(plan.action(logPages: 100, isLittleLeft: false) == .request)
    // Nobody could copy.
    #expect(plan.action(logPages: 399, isLittleLeft: false) == .request)
    #expect(plan.action(logPages: 400, isLittleLeft: false) == .run)
    #expect(plan.action(logPages: 401, isLittleLeft: false) == .none)
    #expect(plan.action(logPages: 412, isLittleLeft: false) == .none)
    #expect(plan.action(logPages: 413, isLittleLeft: false) == .run)
    #expect(plan.action(logPages: 3, isLittleLeft: false) == .none)
    #expect(plan.action(logPages: 400, isLittleLeft: false) == .run)
  }

  @Test("has a plan for any setting", arguments: [Int.min, -1, 0, 1, 2, Int.max]) func settings(_ pages: Int) {
    var plan = CheckpointPlan(pages: pages)
    for logPages in [0, 1, 2, 3, 4, 5, 100, 1_000_000, Int(Int32.max)] { _ = plan.action(logPages: logPages, isLittleLeft: false) }
    #expect(plan.pages >= 1)
    #expect(plan.pagesMax >= 4)
  }

  private static let insert = Statement(text: "INSERT INTO t (body) VALUES (?1)", parameters: [.bytes])

  private func withStore(_ options: SQLiteOptions, _ body: (SQLiteStore, _ folder: TemporaryFolder) async throws -> Void) async throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let store = try SQLiteStore(path: folder.path + "/test.db", options: options)
    do {
      try await store.define(["CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB)"])
      try await body(store, folder)
    } catch {
      await store.close()
      throw error
    }
    await store.close()
    #expect(folder.names == ["test.db", "test.db.lock"])
  }

  private func logPages(_ store: SQLiteStore) -> Int {
    Int(store.gauges().first { $0.name == "log_pages" }?.value ?? -1)
  }

  private func write(_ count: Int, _ store: SQLiteStore) async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for _ in 0..<count {
        tasks.addTask {
          let batch = WriteBatch([.run(Self.insert, [.bytes([UInt8](repeating: 7, count: 3000))], rows: 1)])
          guard case .committed = try await store.write(batch) else { throw StoreError(.storage, "not committed") }
        }
      }
      try await tasks.waitForAll()
    }
  }

  @Test("stays within its bound while writes go on") func bounded() async throws {
    var options = SQLiteOptions()
    options.checkpointPages = 64
    options.groupMax = 8
    try await withStore(options) { store, _ in
      var longest = 0
      for _ in 0..<150 {
        try await write(40, store)
        longest = max(longest, logPages(store))
      }
      // 6,000 rows of a page each. Beyond four times the setting each group of 8 copies for itself.
      #expect(longest > 64)
      #expect(longest < 64 * 4 + 100)
      #expect(try await store.inspect("SELECT count(*) FROM t", []) == [["6000"]])
    }
  }

  @Test("grows while a reader needs the old pages, harms nobody, and is short again afterwards") func oldSnapshot() async throws {
    var options = SQLiteOptions()
    options.checkpointPages = 32
    try await withStore(options) { store, folder in
      try await write(10, store)
      let reader = try Connection(path: folder.path + "/test.db", role: .reader, options: options)
      try reader.execute("BEGIN")
      #expect(try reader.rows("SELECT count(*) FROM t") == [["10"]])
      for _ in 0..<30 { try await write(20, store) }
      #expect(logPages(store) > 600)
      #expect(try reader.rows("SELECT count(*) FROM t") == [["10"]])
      try reader.execute("COMMIT")
      reader.close()
      for _ in 0..<200 where logPages(store) >= 128 { try await write(1, store) }
      #expect(logPages(store) < 128)
      #expect(try await store.inspect("PRAGMA integrity_check", []) == [["ok"]])
    }
  }

  @Test("is gone when the store is closed, however its threads end") func closing() async throws {
    var options = SQLiteOptions()
    options.readers = 4
    options.checkpointPages = 1
    for round in 0..<40 {
      try await withStore(options) { store, _ in
        try await write(round % 5, store)
        if round % 2 == 0 { _ = try await store.inspect("SELECT count(*) FROM t", []) }
      }
    }
  }

  @Test("a store that is only let go of leaves no log either") func letGo() async throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    do {
      let store = try SQLiteStore(path: folder.path + "/test.db")
      try await store.define(["CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB)"])
    }
    while folder.names != ["test.db", "test.db.lock"] { await Task.yield() }
    // The file is free for the next.
    var next: SQLiteStore?
    while next == nil { next = try? SQLiteStore(path: folder.path + "/test.db") }
    #expect(try await next?.inspect("SELECT count(*) FROM t", []) == [["0"]])
    await next?.close()
  }
}
