import Identity
import JSON
import Service
import Testing

/// Rules of updates that compare the record as it is stored with what it becomes.
@Suite struct UpdateRuleTests {
  static let contract = """
    martlet: 1
    service: {name: sales, version: v1}
    roles: [admin, clerk]
    resources:
      teams:
        fields:
          lead: {ref: users, default: caller.id}
          name: {type: string}
        access: {create: authenticated, read: anyone, update: anyone, delete: authenticated}
      offers:
        fields:
          owner: {ref: users, default: caller.id, write: authenticated}
          team:  {ref: teams}
          price: {type: integer, required: true}
          state: {type: enum, values: [draft, open, closed], default: draft}
          note:  {type: string, write: record.price < 100}
        access:
          create: authenticated
          read:   record.owner == caller.id || record.team.lead == caller.id || caller.has_role("clerk")
          update: >-
            caller.has_role("admin")
            || record.owner == caller.id && input.owner == record.owner && input.price <= record.price + 10
            || record.team.lead == caller.id && record.state == "draft" && input.state == "open" && input.team.lead == caller.id
          delete: record.owner == caller.id
    """

  private func code(
    _ bench: Bench, _ id: String, _ body: String, as caller: Caller, _ action: Operation.Action = .update
  ) async -> FailureCode? {
    await bench.refusal { () async throws(Failure) in try await bench.perform(action, "offers", id, as: caller, body: body) }
  }

  @Test(arguments: BenchStore.available) func bothRowsAreAsked(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let (ada, bob) = (try await bench.caller("ada"), try await bench.caller("bob"))
      let clerk = try await bench.caller("cleo", roles: ["clerk"])
      let offer = try await bench.create("offers", #"{"price": 50}"#, as: ada).id
      // Not the owner: hidden from one, refused to the other who may read it; and the body makes no difference.
      for body in [#"{"price": 51}"#, #"{"price": "x"}"#, "{}", #"{"nonsense": 1}"#] {
        #expect(await code(bench, offer, body, as: bob) == .notFound)
      }
      #expect(await code(bench, offer, #"{"price": 51}"#, as: clerk) == .forbidden)
      #expect(await code(bench, offer, "{}", as: clerk) == .forbidden)
      // The owner, past what the rule allows.
      #expect(await code(bench, offer, #"{"price": 61}"#, as: ada) == .forbidden)
      #expect(await code(bench, offer, #"{"price": 61}"#, as: ada, .replace) == .forbidden)
      let bobsID = try #require(bob.id)
      #expect(await code(bench, offer, #"{"owner": "\#(bobsID)"}"#, as: ada) == .forbidden)
      #expect(await code(bench, offer, #"{"owner": null}"#, as: ada) == .forbidden)
      #expect(try await bench.read("offers", offer, as: ada)["revision"] == .integer(1))
      // Within it.
      #expect(try await bench.perform(.update, "offers", offer, as: ada, body: #"{"price": 60}"#).json["price"] == .integer(60))
      #expect(try await bench.perform(.replace, "offers", offer, as: ada, body: #"{"price": 70}"#).json["price"] == .integer(70))
      #expect(try await bench.perform(.update, "offers", offer, as: ada, body: "{}").json["price"] == .integer(70))
      let admin = try await bench.caller("root", roles: ["admin", "clerk"])
      #expect(try await bench.perform(.update, "offers", offer, as: admin, body: #"{"price": 900}"#).json["price"] == .integer(900))
    }
  }

  @Test(arguments: BenchStore.available) func bothRowsAreFollowedOverTheirRelations(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let (ada, lead) = (try await bench.caller("ada"), try await bench.caller("lea"))
      let teams = [
        try await bench.create("teams", "{}", as: lead).id, try await bench.create("teams", "{}", as: lead).id,
        try await bench.create("teams", "{}", as: ada).id,
      ]
      let offer = try await bench.create("offers", #"{"price": 5, "team": "\#(teams[0])"}"#, as: ada).id
      #expect(await code(bench, offer, #"{"state": "closed"}"#, as: lead) == .forbidden)
      #expect(await code(bench, offer, #"{"state": "open", "team": "\#(teams[2])"}"#, as: lead) == .forbidden)
      #expect(await code(bench, offer, #"{"state": "open", "team": null}"#, as: lead) == .forbidden)
      let answer = try await bench.perform(.update, "offers", offer, as: lead, body: #"{"state": "open", "team": "\#(teams[1])"}"#)
      #expect(answer.json["state"] == .string("open"))
      // It is no draft any more.
      #expect(await code(bench, offer, #"{"state": "open", "team": "\#(teams[0])"}"#, as: lead) == .forbidden)
    }
  }

  /// A rule of a field speaks of the record before and after, so that one request does not open the field and write it.
  @Test(arguments: BenchStore.available) func aFieldsRuleHoldsBeforeAndAfter(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let ada = try await bench.caller("ada")
      let admin = try await bench.caller("root", roles: ["admin", "clerk"])
      let offer = try await bench.create("offers", #"{"price": 500}"#, as: ada).id
      #expect(await code(bench, offer, #"{"note": "x"}"#, as: admin) == .validation)
      #expect(await code(bench, offer, #"{"note": "x", "price": 5}"#, as: admin) == .validation)
      _ = try await bench.perform(.update, "offers", offer, as: admin, body: #"{"price": 5}"#)
      #expect(await code(bench, offer, #"{"note": "x", "price": 500}"#, as: admin) == .validation)
      #expect(try await bench.perform(.update, "offers", offer, as: admin, body: #"{"note": "x"}"#).json["note"] == .string("x"))
    }
  }

  /// What one may change but not read is hidden where it is refused, before and after the change.
  @Test(arguments: BenchStore.available) func aRefusalHidesWhatMayNotBeRead(_ store: BenchStore) async throws {
    let contract = """
      martlet: 1
      service: {name: box, version: v1}
      resources:
        letters:
          fields: {sealed: {type: boolean, default: false}, votes: {type: integer, default: 0}}
          access: {create: anyone, read: nobody, update: "!record.sealed"}
        counters:
          fields: {votes: {type: integer, default: 0}}
          access: {create: anyone, read: nobody, update: input.votes == record.votes + 1}
      """
    try await store.run(contract) { bench in
      let ada = try await bench.caller("ada")
      func id(_ resource: String) async throws -> String {
        let location = try #require(try await bench.perform(.create, resource, as: ada, body: "{}").location)
        return String(location.split(separator: "/").last ?? "")
      }
      let (letter, counter) = (try await id("letters"), try await id("counters"))
      func code(_ resource: String, _ id: String, _ body: String, ifMatch: String? = nil) async -> FailureCode? {
        await bench.refusal { () async throws(Failure) in
          try await bench.perform(.update, resource, id, as: ada, body: body, ifMatch: ifMatch)
        }
      }
      #expect(await code("letters", letter, #"{"sealed": true}"#) == .notFound)
      #expect(try await bench.perform(.update, "letters", letter, as: ada, body: #"{"votes": 1}"#).status == .noContent)
      for body in [#"{"votes": 2}"#, #"{"votes": "x"}"#, "{", "{}"] { #expect(await code("counters", counter, body) == .notFound) }
      #expect(await code("counters", counter, #"{"votes": 1}"#, ifMatch: "other") == .notFound)
      #expect(try await bench.perform(.update, "counters", counter, as: ada, body: #"{"votes": 1}"#).status == .noContent)
      #expect(await code("counters", counter, #"{"votes": 1}"#) == .notFound)
    }
  }
}
