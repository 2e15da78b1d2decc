import Identity
import JSON
import Service
import Testing

/// `json` fields with a schema, however they are written.
@Suite struct JSONSchemaFieldTests {
  private static let contract = """
    martlet: 1
    service: {name: places, version: v1}
    resources:
      places:
        fields:
          name: {type: string, required: true}
          address:
            type: json
            schema:
              type: object
              required: [street]
              additionalProperties: false
              properties:
                street: {type: string, minLength: 1}
                floors: {type: array, uniqueItems: true, items: {$ref: "#/$defs/floor"}}
                share: {multipleOf: 0.01, maximum: 18446744073709551616.0}
              $defs: {floor: {type: integer, minimum: 0}}
          kind: {type: json, schema: {enum: [a, b, 1]}, default: a}
          tags: {type: list of string, length: 0..3}
        access: {create: anyone, read: anyone, update: anyone}
    """

  private func items(_ run: () async throws(Failure) -> Answer) async -> [String] {
    do throws(Failure) {
      let answer = try await run()
      Issue.record("it was taken: \(answer.json)")
      return []
    } catch {
      #expect(error.code == .validation)
      return error.items.map { "\($0.pointer ?? "") \($0.code)" }
    }
  }

  @Test(arguments: BenchStore.available)
  func everyWayOfWritingIsHeldAgainstTheSchema(store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let good = #"{"name": "a", "address": {"street": "x", "floors": [1, 2.0], "share": 19.99}}"#
      let record = try await bench.create("places", good)
      #expect(record["kind"] == "a")
      let bad = #"{"address": {"stret": "x", "floors": [1, -1, 1.0], "share": 18446744073709551616.01}, "kind": "c"}"#
      #expect(
        Set(await items { () throws(Failure) in try await bench.perform(.create, "places", body: bad) }) == [
          "/address/stret unknown_field", "/address/street required", "/address/floors/1 range", "/address/floors schema",
          "/address/share range", "/kind enum", "/name required",
        ])
      let put = #"{"name": "a", "address": {"street": ""}}"#
      #expect(
        await items { () throws(Failure) in try await bench.perform(.replace, "places", record.id, body: put) } == [
          "/address/street length"
        ])
      // What a merge leaves is looked at, not what is sent.
      let merged = #"{"address": {"floors": ["x"]}}"#
      #expect(
        await items { () throws(Failure) in try await bench.perform(.update, "places", record.id, body: merged) } == [
          "/address/floors/0 type"
        ])
      #expect(
        await items { () throws(Failure) in try await bench.perform(.update, "places", record.id, body: #"{"address": {"street": null}}"#) }
          == ["/address/street required"])
      let changed = try await bench.perform(.update, "places", record.id, body: #"{"address": {"share": 0.5}}"#).json
      #expect(changed["address"]?["floors"] == [1, 2.0])
      // JSON Patch, on a member of the field.
      let patch = #"[{"op": "replace", "path": "/address/floors/0", "value": "x"}]"#
      #expect(
        await items { () throws(Failure) in try await bench.perform(.patch, "places", record.id, body: patch) } == [
          "/address/floors/0 type"
        ])
      let fine = #"[{"op": "add", "path": "/address/floors/-", "value": 3}]"#
      #expect(try await bench.perform(.patch, "places", record.id, body: fine).json["address"]?["floors"]?.arrayValue?.count == 3)
      // Null is the field's own business.
      #expect(try await bench.perform(.update, "places", record.id, body: #"{"address": null}"#).json["address"] == .null)
    }
  }

  @Test func everyItemOfAListThatIsWrongIsTold() async throws {
    let bench = try await Bench(Self.contract)
    let body = #"{"name": "a", "tags": [1, "x", null]}"#
    #expect(
      await items { () throws(Failure) in try await bench.perform(.create, "places", body: body) } == ["/tags/0 type", "/tags/2 type"])
  }
}
