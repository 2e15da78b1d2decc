import Base
import Reactor
import SQLiteStore
import Store
import Synchronization
import TestSupport
import Testing

@Suite("SQLite's threads", .timeLimit(.minutes(2))) struct SQLiteThreads {
  private func run(_ options: SQLiteOptions, _ body: @escaping @Sendable (SQLiteStore) async throws -> Void) async throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let store = try SQLiteStore(path: folder.path + "/test.db", options: options)
    let result = await Task { try await body(store) }.result
    await store.close()
    try result.get()
  }

  /// Counts to `limit`: as long as one likes.
  private func counting(to limit: Int64) -> Query {
    var sql = SQL("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ")
    sql.append(parameter: .integer, .value(.integer(limit)))
    let prepared = (sql + SQL(") SELECT max(i) FROM n")).statement(for: .sqlite)
    return Query(
      prepared.statement, prepared.values(), encoding: RowEncoding(fields: [], captures: [.init(column: 0, kind: .integer)]),
      rowsMax: 1)
  }

  @Test("a read that takes too long is ended") func timeout() async throws {
    var options = SQLiteOptions()
    options.timeout = .milliseconds(50)
    try await run(options) { store in
      let error = await #expect(throws: StoreError.self) { _ = try await store.read(self.counting(to: 1 << 40)) }
      #expect(error?.code == .timeout)
      // On a busy machine the next one may wait as long as the limit, too.
      var answers = false
      for _ in 0..<100 where !answers { answers = (try? await store.ping()) != nil }
      #expect(answers)
    }
  }

  @Test("more reads than can be done: some are refused, the others answered, and then it is over") func flood() async throws {
    var options = SQLiteOptions()
    options.readers = 1
    try await run(options) { store in
      // Half a second and more of work on any machine.
      let codes = await withTaskGroup(of: StoreError.Code?.self) { tasks in
        for _ in 0..<400 {
          tasks.addTask {
            do throws(StoreError) {
              _ = try await store.read(self.counting(to: 100_000))
              return nil
            } catch { return error.code }
          }
        }
        var codes: [StoreError.Code?] = []
        for await code in tasks { codes.append(code) }
        return codes
      }
      #expect(codes.allSatisfy { $0 == nil || $0 == .overloaded })
      #expect(codes.count { $0 == .overloaded } > 100)
      #expect(codes.count { $0 == nil } >= 64)
      _ = try await store.read(self.counting(to: 100_000))
    }
  }

  @Test("a read that runs is ended when its task is cancelled") func cancellation() async throws {
    try await run(SQLiteOptions()) { store in
      let task = Task { try await store.read(self.counting(to: 1 << 40)) }
      while store.gauges().first(where: { $0.name == "reads_running" })?.value != 1 { await Task.yield() }
      task.cancel()
      let result = await task.result
      if case .failure(let error as StoreError) = result {
        #expect(error.code == .cancelled)
      } else {
        Issue.record("\(result)")
      }
      try await store.ping()
    }
  }

  @Test("a read that waits behind a slow one is taken by another thread", arguments: [1, 20])
  func slowReadFirst(_ others: Int) async throws {
    let group = try EventLoopGroup(count: 1)
    try await run(SQLiteOptions()) { store in
      try await store.ping()
      let slow = Mutex<Task<Rows, any Error>?>(nil)
      // In one tick, so that one thread is woken for all of them.
      let answered = await withCheckedContinuation { (handedOver: CheckedContinuation<[Task<Rows, any Error>], Never>) in
        group.loops[0].execute {
          slow.withLock { $0 = Task(executorPreference: group.loops[0]) { try await store.read(self.counting(to: 1 << 40)) } }
          let tasks = (0..<others).map { _ in
            Task<Rows, any Error>(executorPreference: group.loops[0]) { try await store.read(self.counting(to: 3)) }
          }
          handedOver.resume(returning: tasks)
        }
      }
      for task in answered { #expect(try await task.value.captured == [.integer(3)]) }
      slow.withLock { $0?.cancel() }
    }
    group.stop()
  }

  @Test("quick reads do not wait behind any number of slow ones, once it is known that they are slow") func lanes() async throws {
    try await run(SQLiteOptions()) { store in
      var query = self.counting(to: 100_000)
      // As long as it takes on any machine: the first times are those of a statement that nobody knows.
      while !query.statement.isSlow { _ = try await store.read(query) }
      query.values = [.integer(1 << 40)]
      let slow = (0..<50).map { _ in Task { [query] in try await store.read(query) } }
      while store.gauges().first(where: { $0.name == "slow_read_queue" })?.value != 48 { await Task.yield() }
      for number: Int64 in 1...100 { #expect(try await store.read(self.counting(to: number)).captured == [.integer(number)]) }
      #expect(store.gauges().first { $0.name == "slow_read_queue" }?.value == 48)
      for task in slow { task.cancel() }
      for task in slow { _ = await task.result }
    }
  }

  @Test("a statement is slow once it took long again and again, and quick as soon as it was") func pace() {
    let statement = counting(to: 1).statement
    #expect(!statement.isSlow)
    statement.note(nanoseconds: 10_000)
    for _ in 0..<5 { statement.note(nanoseconds: 50_000_000) }
    #expect(!statement.isSlow)
    for _ in 0..<50 { statement.note(nanoseconds: 50_000_000) }
    #expect(statement.isSlow)
    statement.note(nanoseconds: 20_000)
    #expect(!statement.isSlow)
    statement.note(nanoseconds: .max)
    statement.note(nanoseconds: 0)
    #expect(!statement.isSlow)
    let other = counting(to: 1).statement
    other.note(nanoseconds: 1_000_000)
    #expect(other.isSlow)
    let third = counting(to: 1).statement
    for _ in 0..<3 { third.note(nanoseconds: .max) }
  }

  @Test("reads past the queue's bound are refused") func overload() async throws {
    var options = SQLiteOptions()
    options.readers = 1
    options.readQueueMax = 2
    try await run(options) { store in
      let long = Task { try await store.read(self.counting(to: 1 << 40)) }
      while store.gauges().first(where: { $0.name == "reads_running" })?.value != 1 { await Task.yield() }
      let waiting = (0..<2).map { _ in Task { try await store.read(self.counting(to: 1)) } }
      while store.gauges().first(where: { $0.name == "read_queue" })?.value != 2 { await Task.yield() }
      let error = await #expect(throws: StoreError.self) { _ = try await store.read(self.counting(to: 1)) }
      #expect(error?.code == .overloaded)
      waiting[0].cancel()
      let cancelled = await waiting[0].result
      if case .failure(let error as StoreError) = cancelled { #expect(error.code == .cancelled) } else { Issue.record("not cancelled") }
      long.cancel()
      _ = await long.result
      let rows = try await waiting[1].value
      #expect(rows.captured == [.integer(1)])
    }
  }

  @Test("a write that takes too long is undone, and those that waited with it are not") func slowWrite() async throws {
    var options = SQLiteOptions()
    options.timeout = .milliseconds(300)
    try await run(options) { store in
      try await Library.prepare(store)
      let slow = SQL("UPDATE authors SET name = (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n)")
        .statement(for: .sqlite).statement
      _ = try await store.write(
        WriteBatch([Library.insert("authors", Library.id(1), ["name": .string("one")], dialect: .sqlite)]))
      let error = await #expect(throws: StoreError.self) { _ = try await store.write(WriteBatch([.run(slow, [], rows: nil)])) }
      #expect(error?.code == .timeout)
      #expect(try await store.inspect("SELECT name FROM authors", []) == [["one"]])
    }
  }

  @Test("more statements than the cache holds are compiled anew, not kept") func statementCache() async throws {
    var options = SQLiteOptions()
    options.readers = 1
    try await run(options) { store in
      for round in 0..<2000 {
        var sql = SQL("SELECT ")
        sql.append(round)
        let statement = sql.statement(for: .sqlite).statement
        let query = Query(
          statement, [], encoding: RowEncoding(fields: [], captures: [.init(column: 0, kind: .integer)]), rowsMax: 1)
        let rows = try await store.read(query)
        #expect(rows.captured == [.integer(Int64(round))])
      }
    }
  }

  @Test("a stored value that its kind cannot hold is an error, never a trap") func misfits() async throws {
    try await run(SQLiteOptions()) { store in
      let texts = ["'x'", "9e999", "x'00ff'", "''", "-1", "99999999999999999999", "'2024-02-30'", "1.5", "NULL"]
      let kinds: [ColumnKind] = [
        .integer, .decimal(scale: 2), .decimal(scale: 99), .number, .boolean, .timestamp, .date, .uuid, .json, .bytes, .text,
        .decimalAsReal(scale: 2), .decimalAsReal(scale: -3), .timestampAsText, .dateAsText, .timestampAsUnixSeconds,
        .timestampAsUnixMilliseconds, .booleanAsTexts(yes: "Y", no: "N"), .uuidAsText,
      ]
      for text in texts {
        for kind in kinds {
          let statement = Statement(text: "SELECT \(text)", parameters: [])
          let encodings = [
            RowEncoding(fields: [.init(key: Array("\"x\":".utf8), column: 0, content: .scalar(kind))], captures: []),
            RowEncoding(fields: [], captures: [.init(column: 0, kind: kind)]),
            RowEncoding(fields: [.init(key: Array("\"x\":".utf8), column: 0, content: .joined([kind]))], captures: []),
            RowEncoding(fields: [.init(key: Array("\"x\":".utf8), column: 7, content: .scalar(kind))], captures: []),
            RowEncoding(fields: [.init(key: Array("\"x\":".utf8), column: 0, content: .money)], captures: []),
          ]
          for encoding in encodings {
            do {
              _ = try await store.read(Query(statement, [], encoding: encoding, rowsMax: 1))
            } catch let error as StoreError {
              #expect(error.code == .invalidValue || error.code == .invalidStatement)
            }
          }
        }
      }
    }
  }
}
