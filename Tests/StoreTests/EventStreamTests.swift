import Base
import PostgresStore
import Reactor
import Store
import Synchronization
import Testing

@Suite("The order of all events") struct EventStreamTests {
  private static let authors = 6

  private final class Writing: Sendable {
    private let isOver = Atomic<Bool>(false)
    var goesOn: Bool { !isOver.load(ordering: .acquiring) }
    func end() { isOver.store(true, ordering: .releasing) }
  }

  private static func prepare(_ store: any Store) async throws {
    try await Library.prepare(store)
    for number in 0..<authors {
      _ = try await store.write(
        WriteBatch([
          Library.insert(
            "authors", Library.id(UInt64(number)), ["name": .string("a\(number)"), "country": .string("gb")], dialect: store.dialect)
        ]))
    }
  }

  /// A change of one record as the service sends it: its row, its event, and what else `more` says.
  private static func change(_ author: Int, _ revision: Int, _ dialect: Dialect, _ more: [WriteBatch.Step] = []) -> WriteBatch {
    var sql = SQL("UPDATE authors SET revision = ")
    sql.append(parameter: .integer, .value(.integer(Int64(revision))))
    sql.append(" WHERE ")
    let update = (sql + Library.equals("id", .uuid, .uuid(Library.id(UInt64(author))))).statement(for: dialect)
    let event = EngineStatements(dialect: dialect).recordEvent
    let values: [Value] = [
      .string("authors"), .string(String(author)), .integer(Int64(revision)), .string("update"), .null, .string("r"),
      .timestamp(Timestamp(microseconds: Int64(revision))), .null, .json(Array("{}".utf8)), .integer(1), .null,
    ]
    return WriteBatch(
      [.run(update.statement, update.values(), rows: 1), .run(event.statement, event.values(values), rows: 1)] + more)
  }

  /// `record:revision` of the events in the order of their positions, which have no gap.
  private static func order(_ places: [EventStream.Place], _ store: any Store) async throws -> [String] {
    #expect(places.map(\.position) == places.indices.map { Int64($0 + 1) })
    var names: [String: String] = [:]
    for row in try await store.inspect("SELECT position, record, revision FROM _martlet_events", []) {
      names[row[0] ?? ""] = "\(row[1] ?? ""):\(row[2] ?? "")"
    }
    return places.map { names[String($0.event)] ?? "?" }
  }

  @Test("positions have no gaps and never swap a record's events, whoever writes and asks meanwhile", arguments: TestStore.available)
  func concurrent(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await Self.prepare(store)
      let writing = Writing()
      let changes = 60
      let read = try await withThrowingTaskGroup(of: [EventStream.Place].self) { group in
        let writers = Task {
          try await withThrowingTaskGroup(of: Void.self) { writers in
            for author in 0..<Self.authors {
              writers.addTask {
                for revision in 1...changes {
                  // A number is taken and given up.
                  if revision % 7 == author {
                    _ = try await store.write(
                      Self.change(author, revision, store.dialect, [Library.guarding(2, dialect: store.dialect)]))
                  }
                  let outcome = try await store.write(Self.change(author, revision, store.dialect))
                  guard case .committed = outcome else { throw StoreError(.invalidValue, "\(outcome)") }
                }
              }
            }
            try await writers.waitForAll()
          }
          writing.end()
        }
        for _ in 0..<3 {
          group.addTask {
            let stream = EventStream(dialect: store.dialect)
            var places: [EventStream.Place] = []
            while true {
              let isLast = !writing.goesOn
              let more = try await stream.places(after: places.last?.position ?? 0, limit: 50, in: store)
              places += more
              if isLast, more.isEmpty { return places }
            }
          }
        }
        var all: [[EventStream.Place]] = []
        for try await places in group { all.append(places) }
        try await writers.value
        return all
      }
      let order = try await Self.order(try #require(read.first), store)
      // What one has read, everybody reads.
      #expect(read.allSatisfy { $0 == read[0] })
      for author in 0..<Self.authors {
        #expect(order.filter { $0.hasPrefix("\(author):") } == (1...changes).map { "\(author):\($0)" })
      }
      #expect(order.count == Self.authors * changes)
    }
  }

  /// A transaction took its number and has not ended: the others do not wait for it, and it is not forgotten.
  @Test("what is committed late comes late, and nothing waits for it", .enabled(if: TestStore.available.contains(.postgres)))
  func overtaken() async throws {
    try await PostgresServer.with { server in
      let store = server.store
      try await Self.prepare(store)
      let stream = EventStream(dialect: .postgres)
      let holder = try PostgresStore(url: server.url, loops: server.group.loops)
      _ = try await holder.inspect("SELECT pg_advisory_lock(90210)", [])
      let lock = SQL("SELECT 0 FROM (SELECT pg_advisory_xact_lock(90210)) AS held").statement(for: .postgres)
      let late = Task { try await store.write(Self.change(0, 1, .postgres, [.guarding(lock.statement, [])])) }
      while try await store.inspect("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 90210 AND NOT granted", []).isEmpty {}
      _ = try await store.write(Self.change(1, 1, .postgres))
      _ = try await store.write(Self.change(2, 1, .postgres, [Library.guarding(2, dialect: .postgres)]))
      _ = try await store.write(Self.change(3, 1, .postgres))
      #expect(try await Self.order(stream.places(after: 0, limit: 100, in: store), store) == ["1:1", "3:1"])
      await holder.close()
      guard case .committed = try await late.value else { throw StoreError(.invalidValue, "the late one was refused") }
      _ = try await store.write(Self.change(0, 2, .postgres))
      let places = try await stream.places(after: 0, limit: 100, in: store)
      #expect(try await Self.order(places, store) == ["1:1", "3:1", "0:1", "0:2"])
      #expect(places[2].event < places[0].event)
      #expect(try await stream.places(after: 2, limit: 1, in: store) == [places[2]])
      // The number that was given up is looked for no more once nobody can come with it.
      for _ in 0..<3 { _ = try await stream.places(after: 0, limit: 1, in: store) }
      #expect(try await store.inspect("SELECT gaps, last, seen FROM _martlet_numbering", []) == [["{}", "4", "5"]])
    }
  }

  /// Its transaction has a newer id than the one that overtook it: ids beyond those that are over may be running.
  @Test("the overtaken is not forgotten where its transaction is the younger one", .enabled(if: TestStore.available.contains(.postgres)))
  func overtakenByAnOlderOne() async throws {
    try await PostgresServer.with { server in
      let store = server.store
      try await Self.prepare(store)
      let stream = EventStream(dialect: .postgres)
      func lock(_ text: StaticString) -> WriteBatch.Step { .guarding(SQL(text).statement(for: .postgres).statement, []) }
      func wait(for lock: String) async throws {
        while try await store.inspect("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = \(lock) AND NOT granted", []).isEmpty
        {}
      }
      let first = try PostgresStore(url: server.url, loops: server.group.loops)
      _ = try await first.inspect("SELECT pg_advisory_lock(90211)", [])
      let second = try PostgresStore(url: server.url, loops: server.group.loops)
      _ = try await second.inspect("SELECT pg_advisory_lock(90212)", [])
      // Has its id, and waits before it takes its number.
      let older = Task {
        let change = Self.change(1, 1, .postgres).steps
        return try await store.write(
          WriteBatch([change[0], lock("SELECT 0 FROM (SELECT pg_advisory_xact_lock(90211)) AS held"), change[1]]))
      }
      try await wait(for: "90211")
      // Takes its number, and waits before it ends.
      let late = Task {
        try await store.write(
          Self.change(0, 1, .postgres, [lock("SELECT 0 FROM (SELECT pg_advisory_xact_lock(90212)) AS held")]))
      }
      try await wait(for: "90212")
      await first.close()
      _ = try await older.value
      for _ in 0..<4 { #expect(try await Self.order(stream.places(after: 0, limit: 100, in: store), store) == ["1:1"]) }
      await second.close()
      _ = try await late.value
      #expect(try await Self.order(stream.places(after: 0, limit: 100, in: store), store) == ["1:1", "0:1"])
    }
  }
}
