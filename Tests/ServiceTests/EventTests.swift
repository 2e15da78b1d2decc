import Base
import Contract
import Identity
import JSON
import Service
import Store
import Testing

/// One row of the events, as it lies in the store.
struct StoredEvent {
  var position: Int64
  var resource: String
  var record: String
  var revision: Int64?
  var action: String
  var actor: String?
  var request: String
  /// Microseconds since 1970.
  var time: Int64
  var before: JSONValue?
  var after: JSONValue?
  var version: Int64
  var cause: String?
}

extension Bench {
  /// The events of a resource, in the order of writing.
  func events(of resource: String) async throws -> [StoredEvent] {
    let time = store.dialect == .sqlite ? "time" : "CAST(extract(epoch FROM time) * 1000000 AS bigint)"
    let actor = store.dialect == .sqlite ? "lower(hex(actor))" : "replace(CAST(actor AS text), '-', '')"
    let rows = try await store.inspect(
      """
      SELECT position, record, revision, action, \(actor), request, \(time), before, after, version, cause
      FROM _martlet_events WHERE resource = '\(resource)' ORDER BY position
      """, [])
    return try rows.map { row in
      func number(_ place: Int) -> Int64 { row[place].flatMap { Int64($0) } ?? -1 }
      func json(_ place: Int) throws -> JSONValue? { try row[place].map { try JSONValue(parsing: Array($0.utf8)) } }
      return StoredEvent(
        position: number(0), resource: resource, record: row[1] ?? "", revision: row[2].flatMap { Int64($0) }, action: row[3] ?? "",
        actor: row[4].flatMap { $0.isEmpty ? nil : $0 }, request: row[5] ?? "", time: number(6), before: try json(7),
        after: try json(8), version: number(9), cause: row[10])
    }
  }
}

/// What every change leaves behind, whether its resource shows its history or not.
@Suite struct EventTests {
  static let contract = """
    martlet: 1
    service: {name: desk, version: v1}
    roles: [clerk]
    resources:
      tickets:
        fields:
          title:  {type: string, length: 1..40, required: true}
          note:   {type: text, read: [clerk]}
          price:  {type: money}
          tags:   {list: string}
          state:  {type: enum, values: [open, done], default: open}
        access: {create: anyone, read: anyone, update: anyone, delete: anyone}
        states:
          field: state
          transitions: {finish: {from: open, to: done, access: anyone}}
      labels:
        id: client
        fields: {name: {type: string, unique: true}}
        access: {create: anyone, read: anyone, update: anyone, delete: anyone}
    """.replacing("{list: string}", with: "{type: list of string}")

  @Test(arguments: BenchStore.available) func aRefusedChangeLeavesNoEvent(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let first = "01890a5d-ac96-774b-bcce-b302099a8057"
      let second = "01890a5d-ac96-774b-bcce-b302099a8058"
      _ = try await bench.perform(.replace, "labels", first, body: #"{"name": "a"}"#)
      #expect(
        await bench.refusal { () async throws(Failure) in try await bench.perform(.replace, "labels", second, body: #"{"name": "a"}"#) }
          == .unique)
      #expect(
        await bench.refusal { () async throws(Failure) in
          try await bench.perform(.update, "labels", first, body: #"{"name": "b"}"#, ifMatch: "\"7.x\"")
        } == .preconditionFailed)
      // Nothing would change: no event either.
      _ = try await bench.perform(.update, "labels", first, body: #"{"name": "a"}"#)
      #expect(try await bench.events(of: "labels").map(\.action) == ["create"])
    }
  }

  @Test(arguments: BenchStore.available) func anEventSaysWhoWhatBeforeAndAfter(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let ada = try await bench.caller("ada", roles: ["clerk"])
      let made = try await bench.perform(
        .create, "tickets", as: ada,
        body: #"{"title": "one", "price": {"amount": 5, "currency": "EUR"}, "tags": ["x", "y"], "note": "hush"}"#
      ).json
      bench.clock.advance(seconds: 1)
      let changed = try await bench.perform(.update, "tickets", made.id, body: #"{"title": "two", "price": null}"#).json
      _ = try await bench.perform(.transition("finish"), "tickets", made.id, as: ada)
      _ = try await bench.perform(.delete, "tickets", made.id, as: ada)

      let events = try await bench.events(of: "tickets")
      #expect(events.map(\.action) == ["create", "update", "finish", "delete"])
      #expect(events.map(\.revision) == [1, 2, 3, 3])
      let id = try #require(ada.id).description.replacing("-", with: "")
      #expect(events.map(\.actor) == [id, nil, id, id])
      #expect(events.allSatisfy { $0.request == "test" && $0.cause == nil && $0.record == made.id })
      #expect(events[0].before == nil && events[0].after?.isSame(as: made) == true)
      // Of an update the old values alone; after it the whole record, with what its caller did not see.
      let old: JSONValue = ["title": "one", "price": ["amount": 5, "currency": "EUR"]]
      #expect(events[1].before?.isSame(as: old) == true)
      #expect(events[1].after?["title"] == "two" && events[1].after?["price"] == .null && events[1].after?["note"] == "hush")
      #expect(events[1].after?["updated_at"] == changed["updated_at"])
      #expect(events[2].before == ["state": "open"] && events[2].after?["state"] == "done")
      // A deletion keeps what went.
      #expect(events[3].after == nil && events[2].after.map { events[3].before?.isSame(as: $0) == true } == true)
      #expect(events[0].version > 0 && Set(events.map(\.version)).count == 1)
      let shapes = try await bench.store.inspect(
        "SELECT value FROM _martlet_schema WHERE name = 'shape:tickets:\(events[0].version)'", [])
      #expect(
        shapes == [
          [
            "id=uuid\ntitle=text\nnote=text\nprice=money\ntags=json\nstate=text\ncreated_at=timestamp\nupdated_at=timestamp\nrevision=integer"
          ]
        ])
      // The caller's own row is a change like any other.
      let people = try await bench.events(of: "users")
      #expect(people.map(\.action) == ["create"] && people.map(\.actor) == [id])
      #expect(people.first?.after?["subject"] == "ada")
    }
  }

  /// Clocks stand still and go back; what a record went through keeps its order, in its events and in `updated_at`.
  @Test(arguments: BenchStore.available) func timeOfARecordAlwaysGrows(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let made = try await bench.create("tickets", #"{"title": "t"}"#)
      var updated: [String] = [made["updated_at"]?.stringValue ?? ""]
      for step in 0..<6 {
        if step == 3 { bench.clock.advance(seconds: -3600) }
        let json = try await bench.perform(.update, "tickets", made.id, body: #"{"title": "t\#(step)"}"#).json
        updated.append(json["updated_at"]?.stringValue ?? "")
      }
      _ = try await bench.perform(.delete, "tickets", made.id)
      let times = try await bench.events(of: "tickets").map(\.time)
      #expect(times.count == 8 && zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
      #expect(updated.compactMap { Timestamp($0)?.microseconds } == times.dropLast())
    }
  }

  /// A record that its client names may come back under the same id, and by another machine's clock before it went.
  @Test(arguments: BenchStore.available) func aSecondLifeFollowsTheFirst(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let id = "01890a5d-ac96-774b-bcce-b302099a8057"
      _ = try await bench.perform(.replace, "labels", id, body: #"{"name": "a"}"#)
      bench.clock.advance(seconds: 100)
      _ = try await bench.perform(.delete, "labels", id)
      bench.clock.advance(seconds: -50)
      _ = try await bench.perform(.replace, "labels", id, body: #"{"name": "b"}"#)
      let events = try await bench.events(of: "labels")
      #expect(events.map(\.action) == ["create", "delete", "create"])
      #expect(events[0].time < events[1].time && events[2].time == events[1].time + 1)
    }
  }

  @Test func shapesDifferWithWhatRecordsAreMadeOf() throws {
    func shape(_ fields: String) throws -> EventShape {
      let text = """
        martlet: 1
        service: {name: s, version: v1}
        resources: {things: {fields: {\(fields)}, access: {read: anyone}}}
        """
      let contract = try #require(ContractLoader.load(text: text).contract)
      return try #require(Layout(contract)["things"]).shape
    }
    let first = try shape("a: string, b: integer")
    #expect(try shape("a: string, b: {type: integer, minimum: 3}") == first)
    #expect(try shape("b: integer, a: string").number != first.number)
    #expect(try shape("a: string, b: {type: decimal, precision: \"5,2\"}").number != first.number)
    #expect(try shape("a: string, c: integer").number != first.number)
    #expect(first.number > 0)
  }

  /// On SQLite the number of an event is its global position: what is refused, or undone beside others, takes none.
  @Test func positionsOfSQLiteHaveNoGaps() async throws {
    try await BenchStore.sqlite.run(Self.contract) { bench in
      await withTaskGroup(of: Void.self) { group in
        for number in 0..<120 {
          group.addTask {
            // Two thirds of them are refused by the unique index.
            _ = try? await bench.perform(.create, "labels", body: #"{"name": "n\#(number % 40)"}"#)
            _ = try? await bench.perform(.create, "tickets", body: #"{"title": "t"}"#)
          }
        }
      }
      let positions = try await bench.store.inspect("SELECT position FROM _martlet_events ORDER BY position", []).compactMap { $0[0] }
      #expect(positions == (1...160).map { String($0) })
    }
  }
}
