import Identity
import JSON
import Service
import Testing

/// Merge patches inside fields that hold objects.
@Suite struct MergeTests {
  private static let contract = """
    martlet: 1
    service: {name: things, version: v1}
    resources:
      things:
        fields:
          owner:  {ref: users, default: caller.id}
          title:  {type: string}
          data:   {type: json, size: 200}
          price:  {type: money, currencies: [EUR, USD], minimum: 0}
          secret: {type: json, size: 100, read: record.owner == caller.id}
          cost:   {type: money, read: record.owner == caller.id}
        access: {create: authenticated, read: anyone, update: anyone}
    """

  private func patch(_ bench: Bench, _ id: String, _ body: String, as caller: Caller = .anonymous) async throws(Failure) -> JSONValue {
    try await bench.perform(.update, "things", id, as: caller, body: body).json
  }

  private func items(_ run: () async throws(Failure) -> JSONValue) async -> [String] {
    do throws(Failure) {
      let answer = try await run()
      Issue.record("it was taken: \(answer)")
      return []
    } catch {
      return error.items.map { "\($0.pointer ?? "") \($0.code)" }
    }
  }

  @Test(arguments: BenchStore.available)
  func objectsAreMergedIntoWhatIsStored(store: BenchStore) async throws {
    try await store.run(MergeTests.contract) { bench in
      let ada = try await bench.caller("ada")
      let body = #"{"data": {"a": 1.10, "b": {"c": [1, 2], "d": true}}, "price": {"amount": 5, "currency": "USD"}}"#
      let id = try await bench.create("things", body, as: ada).id
      var changed = try await patch(
        bench, id, #"{"data": {"b": {"d": null, "e": {"f": null, "g": 1}}, "x": null}, "price": {"amount": 7}}"#)
      #expect(changed["data"] == ["a": 1.10, "b": ["c": [1, 2], "e": ["g": 1]]])
      #expect(changed["price"] == ["amount": 7, "currency": "USD"])
      #expect(try await bench.read("things", id)["data"]?.isSame(as: changed["data"] ?? .null) == true)
      // A number keeps its digits, whatever is beside it.
      let text = String(decoding: try await bench.perform(.read(ReadParameters()), "things", id).body, as: UTF8.self)
      #expect(text.contains("\"a\":1.10"))
      // Nothing new: no revision.
      changed = try await patch(bench, id, #"{"data": {"b": {"e": {"g": 1}}, "zz": null}, "price": {}}"#)
      #expect(changed["revision"] == 2)
      changed = try await patch(bench, id, #"{"price": {"currency": "EUR"}, "data": [null, 1]}"#)
      #expect(changed["price"] == ["amount": 7, "currency": "EUR"])
      #expect(changed["data"] == [.null, 1])
      // Into what is no object an object goes as it is, without its nulls; null clears.
      changed = try await patch(bench, id, #"{"data": {"a": {"b": null}, "c": null}, "price": null}"#)
      #expect(changed["data"] == ["a": .object([:])])
      #expect(changed["price"] == .null)
    }
  }

  @Test func theResultKeepsTheFieldsRules() async throws {
    let bench = try await Bench(MergeTests.contract)
    let ada = try await bench.caller("ada")
    let id = try await bench.create("things", #"{"data": {"a": "\#(String(repeating: "x", count: 150))"}}"#, as: ada).id
    #expect(
      await items { () async throws(Failure) in try await patch(bench, id, #"{"data": {"b": "\#(String(repeating: "y", count: 60))"}}"#) }
        == ["/data length"])
    #expect(await items { () async throws(Failure) in try await patch(bench, id, #"{"data": {"b": "\u0000"}}"#) } == ["/data format"])
    #expect(
      await items { () async throws(Failure) in try await patch(bench, id, #"{"price": {"amount": 7}}"#) } == ["/price/currency format"])
    _ = try await patch(bench, id, #"{"price": {"amount": 7, "currency": "EUR"}}"#)
    for (price, item) in [
      (#"{"amount": -1}"#, "/price/amount range"), (#"{"currency": "GBP"}"#, "/price/currency enum"),
      (#"{"amount": null}"#, "/price/amount type"), (#"{"amount": 1, "x": null}"#, "/price/x unknown_field"),
    ] {
      #expect(await items { () async throws(Failure) in try await patch(bench, id, "{\"price\": \(price)}") } == [item])
    }
    // Deep into deep is no deeper; PUT and JSON Patch say whole values.
    let deep = String(repeating: "{\"a\":", count: 30) + "1" + String(repeating: "}", count: 30)
    #expect(try await patch(bench, id, "{\"data\": \(deep.replacing("1", with: "2"))}")["data"] != .null)
    let put = try await bench.perform(.replace, "things", id, as: ada, body: #"{"data": {"z": null}}"#).json
    #expect(put["data"] == ["z": .null])
    let patched = try await bench.perform(
      .patch, "things", id, as: ada, body: #"[{"op": "add", "path": "/data/n", "value": null}, {"op": "remove", "path": "/data/z"}]"#
    ).json
    #expect(patched["data"] == ["n": .null])
  }

  /// What a merge into a hidden value is refused for would tell of it: whether it is there, and how long it is.
  @Test func whatIsHiddenIsReplacedWhole() async throws {
    let bench = try await Bench(MergeTests.contract)
    let (ada, bob) = (try await bench.caller("ada"), try await bench.caller("bob"))
    let body = #"{"secret": {"a": "\#(String(repeating: "x", count: 60))"}, "cost": {"amount": 5, "currency": "EUR"}}"#
    let id = try await bench.create("things", body, as: ada).id
    #expect(
      await items { () async throws(Failure) in try await patch(bench, id, #"{"cost": {"amount": 6}}"#, as: bob) } == [
        "/cost/currency format"
      ])
    // Merged it would be too long.
    _ = try await patch(bench, id, #"{"secret": {"b": "\#(String(repeating: "y", count: 60))", "c": null}}"#, as: bob)
    #expect(try await bench.read("things", id, as: ada)["secret"]?.objectValue?.names == ["b"])
    let merged = try await patch(bench, id, #"{"secret": {"b": 1, "d": 2}, "cost": {"amount": 6}}"#, as: ada)
    #expect(merged["secret"] == ["b": 1, "d": 2])
    #expect(merged["cost"] == ["amount": 6, "currency": "EUR"])
  }
}
