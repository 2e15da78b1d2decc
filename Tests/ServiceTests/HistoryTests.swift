import Base
import Contract
import Identity
import JSON
import Service
import Store
import Testing

extension Bench {
  func history(
    _ resource: String, _ id: String, as caller: Caller = .anonymous, _ change: (inout HistoryParameters) -> Void = { _ in }
  ) async throws(Failure) -> JSONValue {
    var parameters = HistoryParameters()
    change(&parameters)
    return try await perform(.history(parameters), resource, id, as: caller).json
  }

  func past(
    _ resource: String, _ id: String, at time: String, as caller: Caller = .anonymous, fields: String? = nil, include: String? = nil
  ) async throws(Failure) -> JSONValue {
    var parameters = ReadParameters()
    parameters.at = time
    parameters.fields = fields
    parameters.include = include
    return try await perform(.read(parameters), resource, id, as: caller).json
  }
}

/// `GET /v1/RESOURCE/ID/history` and `?at=TIME`.
@Suite struct HistoryTests {
  static let contract = """
    martlet: 1
    service: {name: desk, version: v1}
    roles: [clerk]
    resources:
      users: {access: {read: authenticated}}
      documents:
        id: client
        history: true
        fields:
          owner: {ref: users, default: caller.id, write: authenticated}
          title: {type: string, length: 1..40, required: true}
          price: {type: money}
          note:  {type: text, read: [clerk], write: [clerk]}
          draft: {type: text, read: record.state == "open"}
          state: {type: enum, values: [open, done], default: open}
        access:
          create: authenticated
          read:   record.owner == caller.id || caller.has_role("clerk")
          update: authenticated
          delete: authenticated
        states:
          field: state
          transitions: {finish: {from: open, to: done, access: authenticated}}
      plain:
        fields: {title: {type: string}}
        access: {create: anyone, read: anyone}
    """

  static let id = "01890a5d-ac96-774b-bcce-b302099a8057"

  // MARK: What is refused

  @Test(arguments: BenchStore.withParts) func whoMayNotReadTheRecordTodayMayNotReadItsPast(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let ada = try await bench.caller("ada")
      let bob = try await bench.caller("bob")
      _ = try await bench.perform(.replace, "documents", Self.id, as: ada, body: #"{"title": "mine"}"#)
      let made = bench.clock.now.description
      for caller in [bob, .anonymous] {
        let code = await bench.refusal { () async throws(Failure) in try await bench.read("documents", Self.id, as: caller) }
        #expect(code == (caller.isAuthenticated ? .notFound : .unauthenticated))
        #expect(await bench.refusal { () async throws(Failure) in try await bench.history("documents", Self.id, as: caller) } == code)
        #expect(
          await bench.refusal { () async throws(Failure) in try await bench.past("documents", Self.id, at: made, as: caller) } == code)
      }
      // Whom it belonged to loses the past with the record, and who has it now gets all of it.
      bench.clock.advance(seconds: 5)
      _ = try await bench.perform(
        .update, "documents", Self.id, as: ada, body: #"{"owner": "\#(try #require(bob.id))"}"#)
      #expect(await bench.refusal { () async throws(Failure) in try await bench.history("documents", Self.id, as: ada) } == .notFound)
      #expect(try await bench.past("documents", Self.id, at: made, as: bob)["owner"]?.stringValue == ada.id?.description)
      #expect(try await bench.history("documents", Self.id, as: bob).rows.count == 2)
    }
  }

  @Test(arguments: BenchStore.withParts) func whatIsNotThereIsNotFound(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let ada = try await bench.caller("ada")
      let plain = try await bench.create("plain", "{}").id
      for id in [Self.id, "not-a-uuid"] {
        #expect(await bench.refusal { () async throws(Failure) in try await bench.history("documents", id, as: ada) } == .notFound)
        #expect(
          await bench.refusal { () async throws(Failure) in
            try await bench.past("documents", id, at: "2026-01-01T00:00:00Z", as: ada)
          } == .notFound)
      }
      // Without `history: true` there is neither.
      #expect(await bench.refusal { () async throws(Failure) in try await bench.history("plain", plain) } == .notFound)
      #expect(
        await bench.refusal { () async throws(Failure) in try await bench.past("plain", plain, at: "2026-01-01T00:00:00Z") }
          == .unknownParameter)
      _ = try await bench.perform(.replace, "documents", Self.id, as: ada, body: #"{"title": "a"}"#)
      let made = bench.clock.now
      let earlier = Timestamp(microseconds: made.microseconds - 1).description
      #expect(
        await bench.refusal { () async throws(Failure) in try await bench.past("documents", Self.id, at: earlier, as: ada) } == .notFound)
      _ = try await bench.past("documents", Self.id, at: made.description, as: ada)
      bench.clock.advance(seconds: 10)
      _ = try await bench.perform(.delete, "documents", Self.id, as: ada)
      // What was deleted is gone, its past too.
      #expect(
        await bench.refusal { () async throws(Failure) in try await bench.past("documents", Self.id, at: made.description, as: ada) }
          == .notFound)
      #expect(await bench.refusal { () async throws(Failure) in try await bench.history("documents", Self.id, as: ada) } == .notFound)
    }
  }

  @Test(arguments: ["yesterday", "", "2026-03-01", "2026-03-01T12:00:00 01:00", "2026-13-01T00:00:00Z", "2026-03-01T12:00:01Z"])
  func aTimeThatIsNoneOrToComeIsRefused(_ time: String) async throws {
    let bench = try await Bench(Self.contract)
    let ada = try await bench.caller("ada")
    _ = try await bench.perform(.replace, "documents", Self.id, as: ada, body: #"{"title": "a"}"#)
    #expect(
      await bench.refusal { () async throws(Failure) in try await bench.past("documents", Self.id, at: time, as: ada) } == .badParameter)
  }

  @Test func parametersThatAreNotTheirsAreRefused() async throws {
    let bench = try await Bench(Self.contract)
    let ada = try await bench.caller("ada")
    _ = try await bench.perform(.replace, "documents", Self.id, as: ada, body: #"{"title": "a"}"#)
    let now = bench.clock.now.description
    func code(_ change: @escaping @Sendable (inout HistoryParameters) -> Void) async -> FailureCode? {
      await bench.refusal { () async throws(Failure) in try await bench.history("documents", Self.id, as: ada, change) }
    }
    #expect(await code { $0.limit = "0" } == .badParameter)
    #expect(await code { $0.limit = "101" } == .badParameter)
    #expect(await code { $0.after = "forged" } == .badCursor)
    #expect(await code { ($0.after, $0.before) = ("a", "b") } == .badParameter)
    #expect(await code { $0.others = ["fields"] } == .unknownParameter)
    #expect(
      await bench.refusal { () async throws(Failure) in try await bench.past("documents", Self.id, at: now, as: ada, include: "owner") }
        == .badParameter)
    // What a caller may not see is named as if it were not there.
    #expect(
      await bench.refusal { () async throws(Failure) in try await bench.past("documents", Self.id, at: now, as: ada, fields: "note") }
        == .badParameter)
  }

  // MARK: What is shown

  @Test(arguments: BenchStore.withParts) func aHistoryTellsWhatChanged(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let ada = try await bench.caller("ada")
      let clerk = try await bench.caller("cleo", roles: ["clerk"])
      let made = try await bench.perform(
        .replace, "documents", Self.id, as: ada, body: #"{"title": "one", "price": {"amount": 5, "currency": "EUR"}}"#
      ).json
      bench.clock.advance(seconds: 1)
      _ = try await bench.perform(.update, "documents", Self.id, as: clerk, body: #"{"note": "hush", "price": null}"#)
      bench.clock.advance(seconds: 1)
      _ = try await bench.perform(.transition("finish"), "documents", Self.id, as: clerk)
      let mine = try await bench.history("documents", Self.id, as: ada).rows
      #expect(mine.map { $0["action"]?.stringValue } == ["finish", "update", "create"])
      #expect(mine.map { $0["revision"] } == [3, 2, 1])
      #expect(mine.map { $0["actor"]?.stringValue } == [clerk, clerk, ada].map { $0.id?.description })
      #expect(mine[2]["time"] == made["created_at"])
      #expect(mine[0]["before"] == ["state": "open"] && mine[0]["after"] == ["state": "done"])
      #expect(mine[1]["before"]?.isSame(as: ["price": ["amount": 5, "currency": "EUR"]]) == true && mine[1]["after"] == ["price": nil])
      // The record is done: its draft is seen no more, in its past neither.
      var first = try #require(made.objectValue)
      first["draft"] = nil
      #expect(mine[2]["before"] == .null && mine[2]["after"]?.isSame(as: .object(first)) == true)
      let theirs = try await bench.history("documents", Self.id, as: clerk).rows
      #expect(theirs[1]["after"]?["note"] == "hush" && theirs[1]["before"]?["note"] == .null)
      #expect(theirs[2]["after"]?["note"] == .null)
      #expect(String(decoding: JSONValue.array(mine).bytes, as: UTF8.self).contains("hush") == false)
    }
  }

  @Test(arguments: BenchStore.withParts) func aRecordIsShownAsItWas(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let ada = try await bench.caller("ada")
      let clerk = try await bench.caller("cleo", roles: ["clerk"])
      _ = try await bench.perform(.replace, "documents", Self.id, as: clerk, body: #"{"title": "one", "note": "hush"}"#)
      _ = try await bench.perform(.update, "documents", Self.id, as: clerk, body: #"{"owner": "\#(try #require(ada.id))"}"#)
      var states: [(time: String, json: JSONValue, tag: String?)] = []
      for title in ["two", "three", "four"] {
        bench.clock.advance(seconds: 60)
        let answer = try await bench.perform(.update, "documents", Self.id, as: ada, body: #"{"title": "\#(title)"}"#)
        states.append((bench.clock.now.description, answer.json, answer.etag))
      }
      bench.clock.advance(seconds: 30)
      for state in states {
        let past = try await bench.past("documents", Self.id, at: state.time, as: ada)
        #expect(past.isSame(as: state.json) && past["note"] == nil)
      }
      let between = "2026-03-01T13:02:30+01:00"
      #expect(try await bench.past("documents", Self.id, at: between, as: ada).isSame(as: states[1].json))
      #expect(
        try await bench.past("documents", Self.id, at: between, as: ada, fields: "id,title") == ["id": .string(Self.id), "title": "three"])
      #expect(try await bench.past("documents", Self.id, at: between, as: clerk)["note"] == "hush")
      // The tag of an earlier revision does not let a change pass; that of the present one does.
      var parameters = ReadParameters()
      parameters.at = states[1].time
      let old = try await bench.perform(.read(parameters), "documents", Self.id, as: ada)
      parameters.at = states[2].time
      let current = try await bench.perform(.read(parameters), "documents", Self.id, as: ada)
      let tag = try #require(old.etag)
      #expect(
        await bench.refusal { () async throws(Failure) in
          try await bench.perform(.update, "documents", Self.id, as: ada, body: #"{"title": "x"}"#, ifMatch: tag)
        } == .preconditionFailed)
      #expect(try await bench.perform(.read(parameters), "documents", Self.id, as: ada, ifNoneMatch: current.etag).status == .notModified)
      _ = try await bench.perform(.update, "documents", Self.id, as: ada, body: #"{"title": "x"}"#, ifMatch: current.etag)
    }
  }

  @Test(arguments: BenchStore.withParts) func pagesLeadThroughAllOfIt(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let ada = try await bench.caller("ada")
      let bob = try await bench.caller("bob", roles: ["clerk"])
      _ = try await bench.perform(.replace, "documents", Self.id, as: ada, body: #"{"title": "t1"}"#)
      // The clock stands still: the order is there all the same.
      for number in 2...7 { _ = try await bench.perform(.update, "documents", Self.id, as: ada, body: #"{"title": "t\#(number)"}"#) }
      func revisions(_ page: JSONValue) -> [Int64] { page.rows.compactMap { $0["revision"]?.integerValue } }
      let first = try await bench.history("documents", Self.id, as: ada) { $0.limit = "3" }
      #expect(revisions(first) == [7, 6, 5] && first.page("previous") == .null && first.page("limit") == 3)
      let next = try #require(first.page("next").stringValue)
      // New changes do not move what a cursor leads to.
      _ = try await bench.perform(.update, "documents", Self.id, as: ada, body: #"{"title": "t8"}"#)
      let second = try await bench.history("documents", Self.id, as: ada) { ($0.limit, $0.after) = ("3", next) }
      #expect(revisions(second) == [4, 3, 2])
      let last = try await bench.history("documents", Self.id, as: ada) {
        ($0.limit, $0.after) = ("3", second.page("next").stringValue)
      }
      #expect(revisions(last) == [1] && last.page("next") == .null)
      let back = try await bench.history("documents", Self.id, as: ada) {
        ($0.limit, $0.before) = ("3", second.page("previous").stringValue)
      }
      #expect(revisions(back) == [7, 6, 5] && back.page("previous").stringValue != nil)
      let front = try await bench.history("documents", Self.id, as: ada) {
        ($0.limit, $0.before) = ("3", back.page("previous").stringValue)
      }
      #expect(revisions(front) == [8] && front.page("previous") == .null && front.page("next").stringValue != nil)
      let exact = try await bench.history("documents", Self.id, as: ada) { $0.limit = "8" }
      #expect(revisions(exact) == [8, 7, 6, 5, 4, 3, 2, 1] && exact.page("next") == .null)
      // A cursor is its caller's and its record's.
      #expect(
        await bench.refusal { () async throws(Failure) in try await bench.history("documents", Self.id, as: bob) { $0.after = next } }
          == .badCursor)
      let answer = try await bench.perform(.history(HistoryParameters()), "documents", Self.id, as: ada)
      #expect(answer.etag?.hasPrefix("W/") == true && answer.links.isEmpty)
      #expect(
        try await bench.perform(.history(HistoryParameters()), "documents", Self.id, as: ada, ifNoneMatch: answer.etag).status
          == .notModified)
    }
  }

  /// Another record under the same id, of another owner: the first one's past is not the second one's.
  @Test(arguments: BenchStore.withParts, [0, -50] as [Int64])
  func aSecondLifeKnowsNothingOfTheFirst(_ store: BenchStore, clockAfterwards: Int64) async throws {
    try await store.run(Self.contract) { bench in
      let ada = try await bench.caller("ada")
      let bob = try await bench.caller("bob")
      let clerk = try await bench.caller("cleo", roles: ["clerk"])
      _ = try await bench.perform(.replace, "documents", Self.id, as: ada, body: #"{"title": "secret 1"}"#)
      let made = bench.clock.now.description
      for number in 2...4 {
        bench.clock.advance(seconds: 25)
        _ = try await bench.perform(.update, "documents", Self.id, as: ada, body: #"{"title": "secret \#(number)"}"#)
      }
      let old = try await bench.history("documents", Self.id, as: clerk) { $0.limit = "2" }
      let last = bench.clock.now
      bench.clock.advance(seconds: 25)
      _ = try await bench.perform(.delete, "documents", Self.id, as: ada)
      // The second is made by a machine whose clock is behind.
      bench.clock.advance(seconds: clockAfterwards)
      _ = try await bench.perform(.replace, "documents", Self.id, as: bob, body: #"{"title": "new"}"#)
      bench.clock.advance(seconds: 1)
      _ = try await bench.perform(.update, "documents", Self.id, as: bob, body: #"{"title": "newer"}"#)
      let rows = try await bench.history("documents", Self.id, as: bob).rows
      #expect(rows.map { $0["action"]?.stringValue } == ["update", "create"])
      #expect(rows.last?["after"]?["title"] == "new")
      bench.clock.advance(seconds: 100)
      for time in [made, last.description, Timestamp(microseconds: last.microseconds + 25_000_000).description] {
        do throws(Failure) {
          let past = try await bench.past("documents", Self.id, at: time, as: bob)
          #expect(past["title"] != "secret 1" && past["owner"]?.stringValue == bob.id?.description)
        } catch {
          #expect(error.code == .notFound)
        }
      }
      #expect(
        await bench.refusal { () async throws(Failure) in
          try await bench.history("documents", Self.id, as: clerk) { $0.after = old.page("next").stringValue }
        } == .badCursor)
    }
  }

  // MARK: Other times, other tables

  private static func board(_ resource: String, _ field: String, _ more: String = "") -> String {
    """
    martlet: 1
    service: {name: desk, version: v1}
    roles: [clerk]
    resources:
      \(resource):
        \(more)
        history: true
        fields:
          \(field)
          gone: {type: string}
        access: {create: anyone, read: anyone, update: anyone, delete: anyone}
    """
  }

  /// Old events speak of the record by the names of their time.
  @Test(arguments: BenchStore.withParts) func whatWasRenamedIsFound(_ store: BenchStore) async throws {
    try await store.run(Self.board("boards", "name: {type: string}")) { first in
      let made = try await first.create("boards", #"{"name": "a", "gone": "g"}"#)
      first.clock.advance(seconds: 5)
      _ = try await first.perform(.update, "boards", made.id, body: #"{"name": "b"}"#)
      try await first.store.define(["ALTER TABLE boards RENAME TO panels", "ALTER TABLE panels RENAME COLUMN name TO title"])
      let yaml = Self.board("panels", "title: {type: string, was: name, read: [clerk]}", "was: boards")
        .replacing("gone: {type: string}", with: "later: {type: string}")
      let second = try await Bench(yaml, on: first.store)
      second.clock.advance(seconds: 20)
      let clerk = try await second.caller("cleo", roles: ["clerk"])
      _ = try await second.perform(.update, "panels", made.id, as: clerk, body: #"{"title": "c"}"#)
      let rows = try await second.history("panels", made.id, as: clerk).rows
      #expect(rows.map { $0["before"] } == [["title": "b"], ["title": "a"], JSONValue.null])
      #expect(rows.map { $0["after"]?["title"] } == ["c", "b", "a"])
      #expect(rows[2]["after"]?["gone"] == nil && rows[2]["after"]?["name"] == nil && rows[2]["after"]?["later"] == nil)
      let time = try #require(made["created_at"]?.stringValue)
      #expect(try await second.past("panels", made.id, at: time, as: clerk)["title"] == "a")
      // Whom the new name is hidden from does not see the old one either.
      let hidden = try await second.perform(.history(HistoryParameters()), "panels", made.id)
      #expect(!String(decoding: hidden.body, as: UTF8.self).contains("title"))
      #expect(!String(decoding: hidden.body, as: UTF8.self).contains("name"))
      #expect(try await second.past("panels", made.id, at: time)["title"] == nil)
    }
  }

  /// The first layout of events held all of both states.
  @Test(arguments: BenchStore.withParts) func anEventOfTheFirstLayoutTellsWhatChanged(_ store: BenchStore) async throws {
    try await store.run(Self.board("boards", "name: {type: string}")) { bench in
      let made = try await bench.create("boards", #"{"name": "a", "gone": "g"}"#)
      _ = try await bench.perform(.update, "boards", made.id, body: #"{"name": "b"}"#)
      try await bench.store.define([
        """
        UPDATE _martlet_events SET version = 1, before = (SELECT e.after FROM _martlet_events AS e WHERE e.action = 'create' AND \
        e.resource = 'boards') WHERE action = 'update'
        """
      ])
      #expect(try await bench.events(of: "boards")[1].before?["gone"] == "g")
      let rows = try await bench.history("boards", made.id).rows
      #expect(rows[0]["before"] == ["name": "a"] && rows[0]["after"] == ["name": "b"])
    }
  }

  /// A table without moments of its own, whose keys come back.
  @Test(arguments: BenchStore.withParts) func anAdoptedTableHasAHistoryOfWhatIsChangedHere(_ store: BenchStore) async throws {
    let yaml = """
      martlet: 1
      service: {name: desk, version: v1}
      resources:
        things:
          table: Thing
          revision: none
          history: true
          id: {column: Code, type: string, length: 1..20}
          fields: {title: {type: string, column: Title}}
          access: {create: anyone, read: anyone, update: anyone, delete: anyone}
      """
    try await store.run("martlet: 1\nservice: {name: desk, version: v1}\nresources: {}") { first in
      try await first.store.define(["CREATE TABLE \"Thing\" (\"Code\" text PRIMARY KEY NOT NULL, \"Title\" text)"])
      try await first.store.define(["INSERT INTO \"Thing\" VALUES ('old', 'x')"])
      let bench = try await Bench(yaml, on: first.store)
      // Nobody wrote down what it was.
      #expect(try await bench.history("things", "old").rows.isEmpty)
      #expect(
        await bench.refusal { () async throws(Failure) in try await bench.past("things", "old", at: bench.clock.now.description) }
          == .notFound)
      _ = try await bench.perform(.create, "things", body: #"{"id": "a", "title": "first 1"}"#)
      for number in 2...4 { _ = try await bench.perform(.update, "things", "a", body: #"{"title": "first \#(number)"}"#) }
      let page = try await bench.history("things", "a") { $0.limit = "2" }
      #expect(page.rows.map { $0["after"]?["title"] } == ["first 4", "first 3"] && page.rows[0]["revision"] == nil)
      let times = page.rows.compactMap { $0["time"]?.stringValue }
      bench.clock.advance(seconds: 1)
      #expect(try await bench.past("things", "a", at: times[1]) == ["id": "a", "title": "first 3"])
      #expect(try await bench.history("things", "a") { $0.after = page.page("next").stringValue }.rows.count == 2)
      _ = try await bench.perform(.delete, "things", "a")
      _ = try await bench.perform(.create, "things", body: #"{"id": "a", "title": "second"}"#)
      bench.clock.advance(seconds: 1)
      #expect(try await bench.history("things", "a").rows.map { $0["after"]?["title"] } == ["second"])
      #expect(
        await bench.refusal { () async throws(Failure) in try await bench.past("things", "a", at: times[1]) } == .notFound)
      #expect(
        await bench.refusal { () async throws(Failure) in
          try await bench.history("things", "a") { $0.after = page.page("next").stringValue }
        } == .badCursor)
      #expect(try await bench.past("things", "a", at: bench.clock.now.description)["title"] == "second")
    }
  }

  /// Each sees its own requests' ids, and of what was deleted only what the record says of it.
  @Test(arguments: BenchStore.withParts) func causesAndRequestsAreShownToThoseWhoKnowOfThem(_ store: BenchStore) async throws {
    let yaml = """
      martlet: 1
      service: {name: desk, version: v1}
      roles: [clerk]
      resources:
        folders: {fields: {title: string}, access: {create: authenticated, read: authenticated, delete: authenticated}}
        papers:
          history: true
          fields:
            title:  {type: string}
            folder: {ref: folders, on_delete: set_null, read: [clerk]}
          access: {create: authenticated, read: authenticated, update: authenticated}
      """
    try await store.run(yaml) { bench in
      let ada = try await bench.caller("ada", roles: ["clerk"])
      let bob = try await bench.caller("bob")
      let folder = try await bench.create("folders", "{}", as: ada).id
      let paper = try await bench.create("papers", #"{"title": "a", "folder": "\#(folder)"}"#, as: ada).id
      bench.clock.advance(seconds: 1)
      _ = try await bench.perform(.update, "papers", paper, as: bob, body: #"{"title": "b"}"#)
      bench.clock.advance(seconds: 1)
      _ = try await bench.perform(.delete, "folders", folder, as: ada)
      let seen = try await bench.history("papers", paper, as: ada).rows
      #expect(seen.map { $0["request"] } == ["test", .null, "test"])
      #expect(seen.map { $0["cause"] } == [.string("folders/\(folder)"), .null, .null])
      // Who does not see the field learns nothing of what was in it.
      let other = try await bench.history("papers", paper, as: bob).rows
      #expect(other.map { $0["request"] } == [.null, "test", .null])
      #expect(other.allSatisfy { $0["cause"] == .null })
    }
  }

  @Test func oneIndexServesAllOfIt() async throws {
    let bench = try await Bench(Self.contract)
    let events = EngineStatements(dialect: .sqlite).events
    for statement in [events.newest, events.oldest, events.deletion] {
      let values = statement.prepared.statement.parameters.map { $0 == .text ? Value.string("x") : .integer(1) }
      let plan = try await bench.store.inspect(bench.store.dialect.explanation(of: statement.prepared.statement), values)
      let text = plan.compactMap { $0.last.flatMap(\.self) }.joined(separator: "; ")
      #expect(text.contains("USING INDEX ix__martlet_events_resource_record_time (resource=? AND record=? AND time>"))
      #expect(!text.contains("TEMP B-TREE") && !text.contains("SCAN"))
    }
  }
}
