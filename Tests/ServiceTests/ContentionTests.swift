import Identity
import JSON
import Service
import Store
import Synchronization
import Testing

/// Many clients at one record. Nothing honest is refused for that.
@Suite struct ContentionTests {
  static let counters = """
    martlet: 1
    service: {name: counters, version: v1}
    resources:
      counters:
        id: client
        fields:
          name:   {type: string, length: 1..40, unique: true}
          number: {type: integer, default: 0}
          state:  {type: enum, values: [open, shut], default: open}
        access: {create: anyone, read: anyone, update: anyone, delete: anyone}
        states: {field: state, transitions: {shut: {from: open, to: shut, access: anyone}}}
      locked:
        concurrency: required
        fields: {number: {type: integer}}
        access: {create: anyone, read: anyone, update: anyone}
    """
  static let id = "01a1fdce-e899-7b61-92f4-651d3de59a42"

  /// How often each outcome came: the status of an answer, or a refusal's code.
  private func outcomes(
    _ clients: Int, _ run: @escaping @Sendable (Int) async throws(Failure) -> Answer
  ) async -> [String: Int] {
    await withTaskGroup(of: String.self) { group in
      for client in 0..<clients {
        group.addTask {
          do throws(Failure) { return "\(try await run(client).status.rawValue)" } catch { return error.code.rawValue }
        }
      }
      return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }
  }

  @Test(arguments: BenchStore.available)
  func blindChangesOfOneRecordAreAllMade(store: BenchStore) async throws {
    let (clients, changes) = (50, 20)
    try await store.run(ContentionTests.counters) { bench in
      let id = try await bench.create("counters", "{\"id\": \"\(ContentionTests.id)\"}").id
      let times = Mutex<[Duration]>([])
      let outcomes = await outcomes(clients) { client throws(Failure) in
        var answer: Answer?
        for change in 0..<changes {
          let began = ContinuousClock.now
          // Each change is another value: what changes nothing would make no revision.
          let body = "{\"number\": \(1 + client * changes + change)}"
          answer = try await bench.perform(client % 2 == 0 ? .update : .replace, "counters", id, body: body)
          times.withLock { $0.append(ContinuousClock.now - began) }
        }
        return answer ?? Answer(.noContent)
      }
      #expect(outcomes == ["200": clients])
      #expect(try await bench.read("counters", id)["revision"] == .integer(Int64(1 + clients * changes)))
      let sorted = times.withLock { $0.sorted() }
      #expect(sorted.count == clients * changes)
      // Nobody is left behind: 50 turns of a few milliseconds each, with room for a slow disk.
      #expect(sorted[sorted.count * 99 / 100] < .seconds(10), "\(store): p50 \(sorted[sorted.count / 2])")
    }
  }

  /// As two processes do, which share nothing but the database.
  @Test(arguments: BenchStore.available)
  func twoEnginesGetOnWithEachOther(store: BenchStore) async throws {
    try await store.run(ContentionTests.counters) { bench in
      let other = try await Bench(ContentionTests.counters, on: bench.store)
      let id = try await bench.create("counters", "{\"id\": \"\(ContentionTests.id)\"}").id
      let outcomes = await outcomes(20) { client throws(Failure) in
        for change in 1...10 {
          let body = "{\"number\": \(client * 10 + change)}"
          _ = try await (client % 2 == 0 ? bench : other).perform(.update, "counters", id, body: body)
        }
        return Answer(.ok)
      }
      #expect(outcomes == ["200": 20])
      #expect(try await bench.read("counters", id)["revision"] == .integer(201))
    }
  }

  @Test(arguments: BenchStore.available)
  func aTransitionIsMadeOnceAndADeletionToo(store: BenchStore) async throws {
    try await store.run(ContentionTests.counters) { bench in
      let id = try await bench.create("counters", "{\"id\": \"\(ContentionTests.id)\"}").id
      let shut = await outcomes(50) { _ throws(Failure) in try await bench.perform(.transition("shut"), "counters", id) }
      #expect(shut == ["200": 1, "wrong_state": 49])
      let gone = await outcomes(50) { _ throws(Failure) in try await bench.perform(.delete, "counters", id) }
      #expect(gone == ["204": 1, "not_found": 49])
    }
  }

  @Test(arguments: BenchStore.available)
  func whoNamesTheVersionIsFirstOrToldSo(store: BenchStore) async throws {
    try await store.run(ContentionTests.counters) { bench in
      for resource in ["counters", "locked"] {
        let body = resource == "locked" ? "{}" : "{\"id\": \"\(ContentionTests.id)\"}"
        let id = try await bench.create(resource, body).id
        let etag = try await bench.perform(.read(ReadParameters()), resource, id).etag
        let outcomes = await outcomes(50) { client throws(Failure) in
          try await bench.perform(.update, resource, id, body: "{\"number\": \(client + 1)}", ifMatch: etag)
        }
        #expect(outcomes == ["200": 1, "precondition_failed": 49])
        #expect(try await bench.read(resource, id)["revision"] == .integer(2))
      }
    }
  }

  /// One makes the record; to the others it is there, as if they had come after it.
  @Test(arguments: BenchStore.available)
  func racingPutsMakeOneRecordAndChangeIt(store: BenchStore) async throws {
    try await store.run(ContentionTests.counters) { bench throws in
      func put(_ id: String, ifNoneMatch: Bool = false, _ body: @escaping @Sendable (Int) -> String) async -> [String: Int] {
        await outcomes(30) { client throws(Failure) in
          try await bench.perform(.replace, "counters", id, body: body(client), ifNoneMatch: ifNoneMatch ? "*" : nil)
        }
      }
      let (first, second, third) = (ContentionTests.id, "01a1fdce-e899-7b61-92f4-651d3de59a43", "01a1fdce-e899-7b61-92f4-651d3de59a44")
      let made = await put(first) { "{\"name\": \"n\($0)\", \"number\": \($0 + 1)}" }
      #expect(made == ["201": 1, "200": 29])
      #expect(try await bench.read("counters", first)["revision"] == .integer(30))
      // Equal requests meet in a unique field as well as in the key.
      let equal = await put(second) { _ in "{\"name\": \"one\"}" }
      #expect(equal == ["201": 1, "200": 29])
      #expect(try await bench.read("counters", second)["revision"] == .integer(1))
      let conditional = await put(third, ifNoneMatch: true) { "{\"number\": \($0 + 1)}" }
      #expect(conditional == ["201": 1, "precondition_failed": 29])
      // Another record's name is taken, whoever asks.
      let taken = await put("01a1fdce-e899-7b61-92f4-651d3de59a45") { _ in "{\"name\": \"one\"}" }
      #expect(taken == ["unique": 30])
    }
  }

  /// Each takes the number after the last one, which is everybody's.
  @Test(arguments: BenchStore.available)
  func recordsWithNumberedKeysAreAllMade(store: BenchStore) async throws {
    try await store.run(ContentionTests.counters) { bench in
      let type = bench.store.dialect == .sqlite ? "INTEGER" : "bigint"
      try await bench.store.define(["CREATE TABLE tickets (id \(type) PRIMARY KEY NOT NULL, title text)"])
      let tickets = try await Bench(
        """
        martlet: 1
        service: {name: desk, version: v1}
        resources:
          tickets:
            table: tickets
            id: {column: id, type: integer}
            revision: none
            fields: {title: {type: string}}
            access: {create: anyone, read: anyone, update: anyone}
        """, on: bench.store)
      let made = await outcomes(50) { client throws(Failure) in
        try await tickets.perform(.create, "tickets", body: "{\"title\": \"t\(client)\"}")
      }
      #expect(made == ["201": 50])
      let last = try await tickets.list("tickets") { $0.limit = "100" }.rows
      #expect(Set(last.compactMap { $0["id"]?.integerValue }) == Set(1...50))
      // A row without a revision is found by what it holds.
      let changed = await outcomes(50) { client throws(Failure) in
        try await tickets.perform(.update, "tickets", "1", body: "{\"title\": \"u\(client)\"}")
      }
      #expect(changed == ["200": 50])
    }
  }
}
