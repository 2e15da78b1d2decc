import Identity
import JSON
import Service
import Testing

@Suite struct IdempotencyTests {
  @Test func theSameRequestAgainGetsTheFirstAnswer() async throws {
    let bench = try await Bench(Contracts.notes)
    let first = try await bench.perform(.create, "notes", body: #"{"title": "one"}"#, key: "k1")
    #expect(!first.isReplayed)
    let second = try await bench.perform(.create, "notes", body: #"{"title": "one"}"#, key: "k1")
    #expect(second.isReplayed)
    #expect(second.body == first.body)
    #expect(second.etag == first.etag)
    #expect(second.location == first.location)
    #expect(second.status == first.status)
    #expect(try await bench.list("notes").rows.count == 1)
    // Even when the record has gone since.
    _ = try await bench.perform(.delete, "notes", first.json.id)
    #expect(try await bench.perform(.create, "notes", body: #"{"title": "one"}"#, key: "k1").body == first.body)
  }

  @Test func aKeyStandsForOneRequestOfOneCaller() async throws {
    let shop = try await Bench(Contracts.shop)
    let (ada, bob) = (try await shop.caller("ada"), try await shop.caller("bob"))
    func make(_ caller: Caller, _ name: String) async throws(Failure) -> Answer {
      try await shop.perform(.create, "customers", as: caller, body: #"{"email": "\#(name)@example.com", "name": "\#(name)"}"#, key: "k")
    }
    let first = try await make(ada, "ada")
    #expect(await shop.refusal { () async throws(Failure) in try await make(ada, "eva") } == .idempotencyMismatch)
    let other = try await make(bob, "bob")
    #expect(!other.isReplayed)
    #expect(other.json.id != first.json.id)
  }

  @Test func aRefusalLeavesTheKeyFree() async throws {
    let bench = try await Bench(Contracts.notes)
    #expect(
      await bench.refusal { () async throws(Failure) in try await bench.perform(.create, "notes", body: "{}", key: "k") } == .validation)
    #expect(try await !bench.perform(.create, "notes", body: #"{"title": "one"}"#, key: "k").isReplayed)
  }

  @Test func manyAtOnceTakeEffectOnce() async throws {
    let bench = try await Bench(Contracts.notes)
    let bodies = await withTaskGroup(of: [UInt8]?.self) { group in
      for _ in 0..<12 {
        group.addTask { try? await bench.perform(.create, "notes", body: #"{"title": "one"}"#, key: "k").body }
      }
      return await group.reduce(into: [[UInt8]?]()) { $0.append($1) }
    }
    #expect(Set(bodies.compactMap { $0 }).count == 1)
    #expect(bodies.count { $0 != nil } == 12)
    #expect(try await bench.list("notes").rows.count == 1)
  }

  @Test func aPatchIsReplayedBeforeItsPreconditions() async throws {
    let bench = try await Bench(Contracts.notes)
    let note = try await bench.create("notes", #"{"title": "one"}"#)
    let etag = try #require(try await bench.perform(.read(ReadParameters()), "notes", note.id).etag)
    let first = try await bench.perform(.update, "notes", note.id, body: #"{"rank": 1}"#, key: "k", ifMatch: etag)
    let second = try await bench.perform(.update, "notes", note.id, body: #"{"rank": 1}"#, key: "k", ifMatch: etag)
    #expect(second.isReplayed)
    #expect(second.body == first.body)
  }

  @Test func anAnswerIsForgottenAfterADay() async throws {
    let bench = try await Bench(Contracts.notes)
    let first = try await bench.perform(.create, "notes", body: #"{"title": "one"}"#, key: "k")
    _ = try await bench.perform(.delete, "notes", first.json.id)
    bench.clock.advance(seconds: 24 * 3600 + 1)
    let second = try await bench.perform(.create, "notes", body: #"{"title": "one"}"#, key: "k")
    #expect(!second.isReplayed)
    #expect(second.json.id != first.json.id)
  }

  @Test func aRepeatedPatchThatWouldChangeNothingIsReplayed() async throws {
    let bench = try await Bench(Contracts.notes)
    let note = try await bench.create("notes", #"{"title": "one"}"#)
    // Without a caller another body is another key.
    let ada = try await bench.caller("ada")
    func patch(_ body: String) async throws(Failure) -> Answer {
      try await bench.perform(.update, "notes", note.id, as: ada, body: body, key: "k")
    }
    let first = try await patch(#"{"rank": 1}"#)
    let second = try await patch(#"{"rank": 1}"#)
    #expect(second.isReplayed)
    #expect(second.body == first.body)
    _ = try await bench.perform(.update, "notes", note.id, body: #"{"rank": 2}"#)
    #expect(await bench.refusal { () async throws(Failure) in try await patch(#"{"rank": 2}"#) } == .idempotencyMismatch)
  }
}
