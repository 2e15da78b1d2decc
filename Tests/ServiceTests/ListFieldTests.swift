import Base
import Identity
import JSON
import Service
import Store
import Testing

/// Fields of `list of T`, on both stores.
@Suite struct ListFieldTests {
  private static let contract = """
    martlet: 1
    service: {name: things, version: v1}
    resources:
      things:
        fields:
          name:    {type: string, unique: true}
          rank:    {type: integer, index: true}
          strings: {type: list of string, length: 0..3, pattern: "[a-z]+", default: [a, b]}
          texts:   {type: list of text}
          emails:  {type: list of email}
          links:   {type: list of url}
          whole:   {type: list of integer, minimum: 1, maximum: 9007199254740993}
          prices:  {type: list of decimal, precision: "6,2", minimum: 0}
          ratios:  {type: list of number, maximum: 2}
          flags:   {type: list of boolean}
          times:   {type: list of timestamp}
          days:    {type: list of date}
          ids:     {type: list of uuid, required: true, length: 1..2}
          colours: {type: list of enum, values: [red, green], length: 0..5}
        filterable: [strings, emails, whole, ratios, flags, colours]
        constraints:
          not_red_alone: input.colours == null || size(input.colours) != 1 || !("red" in input.colours)
        access: {create: anyone, read: anyone, update: anyone}
      owned:
        fields:
          name:    {type: string, required: true}
          readers: {type: list of string}
        access: {create: anyone, read: caller.subject in record.readers, update: anyone}
    """

  private static let id = "0190a1fd-0000-7000-8000-000000000001"

  private func items(
    _ bench: Bench, _ action: Operation.Action, _ resource: String, _ key: String? = nil, body: String
  ) async -> [String] {
    do throws(Failure) {
      let answer = try await bench.perform(action, resource, key, body: body)
      Issue.record("it was taken: \(answer.json)")
      return []
    } catch {
      return error.items.map { "\($0.pointer ?? "") \($0.code)" }
    }
  }

  private func names(_ bench: Bench, _ filter: String) async throws -> [String] {
    try await bench.list("things") { $0.filter = filter }.rows.compactMap { $0["name"]?.stringValue }.sorted()
  }

  @Test(arguments: BenchStore.available)
  func everyTypeIsKeptAndReadBack(store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let body = #"""
        {"name": "all", "strings": ["x"], "texts": ["", "a\"b\\\n", "é"], "emails": ["Ada@EXAMPLE.com"],
         "links": ["HTTPS://Example.com/a"], "whole": [1, 9007199254740993, 2.0], "prices": ["1", "9999.99"],
         "ratios": [0.5, -1e-7, 2], "flags": [true, false], "times": ["2026-01-31T10:00:00.123456+01:00"], "days": ["2024-02-29"],
         "ids": ["0190A1FD-0000-7000-8000-000000000001"], "colours": ["green", "red", "red"]}
        """#
      let made = try await bench.create("things", body)
      let read = try await bench.read("things", made.id)
      #expect(read == made)
      #expect(read["strings"] == ["x"])
      #expect(read["texts"] == ["", "a\"b\\\n", "é"])
      #expect(read["emails"] == ["ada@example.com"])
      #expect(read["links"] == ["https://example.com/a"])
      #expect(read["whole"] == [1, 9_007_199_254_740_993, 2])
      #expect(read["prices"] == ["1.00", "9999.99"])
      #expect(read["flags"] == [true, false])
      #expect(read["times"] == ["2026-01-31T09:00:00.123456Z"])
      #expect(read["days"] == ["2024-02-29"])
      #expect(read["ids"] == [.string(Self.id)])
      #expect(read["colours"] == ["green", "red", "red"])
      // What is left out: the default, null, and an empty list stays one.
      let other = try await bench.create("things", #"{"ids": ["\#(Self.id)"], "texts": []}"#)
      #expect(other["strings"] == ["a", "b"])
      #expect(other["texts"] == [])
      #expect(other["emails"] == .null)
    }
  }

  @Test(arguments: BenchStore.available)
  func whatIsWrongWithAnItemIsToldWithItsPlace(store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let body = #"""
        {"strings": ["a", "B", "c", "d"], "texts": [1, null], "emails": ["x"], "links": ["ftp://x"], "whole": [0, 1.5, "1"],
         "prices": ["1.234", "-1", 1], "ratios": [3, "x"], "flags": [0], "times": ["x"], "days": ["2026-02-30"], "ids": [],
         "colours": ["blue", "red"]}
        """#
      #expect(
        await items(bench, .create, "things", body: body) == [
          "/strings length", "/texts/0 type", "/texts/1 type", "/emails/0 format", "/links/0 format", "/whole/0 range", "/whole/1 type",
          "/whole/2 type", "/prices/0 precision", "/prices/1 range", "/prices/2 type", "/ratios/0 range", "/ratios/1 type",
          "/flags/0 type", "/times/0 format", "/days/0 format", "/ids length", "/colours/0 enum",
        ])
      let missing = await items(bench, .create, "things", body: #"{"strings": "a"}"#)
      #expect(missing == ["/strings type", "/ids required"])
      let alone = ##"{"ids": ["\##(Self.id)"], "colours": ["red"]}"##
      #expect(await items(bench, .create, "things", body: alone).count == 1)
    }
  }

  @Test(arguments: BenchStore.available)
  func patchesReplaceAListOrGoIntoIt(store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let id = try await bench.create("things", #"{"ids": ["\#(Self.id)"], "whole": [1, 2], "prices": ["1.50"]}"#).id
      var now = try await bench.perform(.update, "things", id, body: #"{"whole": [3], "strings": null}"#).json
      #expect(now["whole"] == [3] && now["strings"] == .null)
      let patch = #"""
        [{"op": "add", "path": "/whole/-", "value": 4}, {"op": "add", "path": "/whole/0", "value": 9007199254740993},
         {"op": "test", "path": "/prices/0", "value": "1.50"}, {"op": "replace", "path": "/prices/0", "value": "2.25"}]
        """#
      now = try await bench.perform(.patch, "things", id, body: patch).json
      #expect(now["whole"] == [9_007_199_254_740_993, 3, 4])
      #expect(now["prices"] == ["2.25"])
      let revision = now["revision"]
      let bad = #"[{"op": "add", "path": "/ids/-", "value": "\#(Self.id)"}, {"op": "add", "path": "/ids/-", "value": "x"}]"#
      #expect(await items(bench, .patch, "things", id, body: bad) == ["/ids length"])
      let gone = #"[{"op": "remove", "path": "/whole/7"}]"#
      #expect(await items(bench, .patch, "things", id, body: gone).count == 1)
      let same = try await bench.perform(.update, "things", id, body: #"{"prices": ["2.250"], "whole": [9007199254740993, 3.0, 4]}"#).json
      #expect(same["prices"] == ["2.25"] && same["revision"] == revision)
    }
  }

  @Test(arguments: BenchStore.available)
  func filtersLookIntoLists(store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      for body in [
        #"{"name": "a", "strings": ["x", "y"], "whole": [1, 5], "colours": ["red", "green"], "ratios": [0.5], "flags": [true], "emails": ["A@B.c"]}"#,
        #"{"name": "b", "strings": [], "whole": [9007199254740993], "colours": [], "ratios": [], "flags": [false]}"#,
        #"{"name": "c", "strings": null, "colours": ["green"], "emails": ["a@b.c", "x@y.zz"]}"#,
      ] {
        _ = try await bench.create("things", body.replacing("{\"name\"", with: "{\"ids\": [\"\(Self.id)\"], \"name\""))
      }
      #expect(try await names(bench, #""x" in strings"#) == ["a"])
      #expect(try await names(bench, #"!("x" in strings)"#) == ["b"])
      #expect(try await names(bench, #""green" in colours"#) == ["a", "c"])
      #expect(try await names(bench, "9007199254740993 in whole") == ["b"])
      #expect(try await names(bench, "9007199254740992 in whole") == [])
      #expect(try await names(bench, "true in flags") == ["a"])
      #expect(try await names(bench, "0.5 in ratios") == ["a"])
      #expect(try await names(bench, #""a@B.C" in emails"#) == ["a", "c"])
      #expect(try await names(bench, "size(strings) == 0") == ["b"])
      #expect(try await names(bench, "strings == null") == ["c"])
      #expect(try await names(bench, "whole.exists(n, n > 4 && n < 6)") == ["a"])
      #expect(try await names(bench, "whole != null && whole.all(n, n > 4)") == ["b"])
      #expect(try await names(bench, #"strings.exists_one(s, s.startsWith("x"))"#) == ["a"])
      #expect(try await names(bench, #"colours.all(c, c in ["green"])"#) == ["b", "c"])
    }
  }

  @Test(arguments: BenchStore.available)
  func aRuleMayStandOnAList(store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let ada = try await bench.caller("ada")
      _ = try await bench.perform(.create, "owned", body: #"{"name": "hers", "readers": ["bob", "ada"]}"#)
      _ = try await bench.perform(.create, "owned", body: #"{"name": "his", "readers": ["bob"]}"#)
      _ = try await bench.perform(.create, "owned", body: #"{"name": "nobodys"}"#)
      #expect(try await bench.list("owned", as: ada).rows.map { $0["name"] } == ["hers"])
      #expect(try await bench.list("owned", as: try await bench.caller("eve")).rows.isEmpty)
    }
  }

  /// PostgreSQL's own arrays, of a table that was there before: as anything but lists of their items they are refused before anything
  /// is served, and not shown as what they are not.
  @Test(.enabled(if: BenchStore.available.contains(.postgres)), arguments: ["list of integer", "integer", "string", "json"])
  func arraysOfAnAdoptedTableAreRefused(type: String) async throws {
    let contract = """
      martlet: 1
      service: {name: old, version: v1}
      resources:
        old:
          table: old
          id: {column: id, type: integer, generated: false}
          revision: none
          fields: {tags: {type: \(type)}}
          access: {read: anyone}
      """
    try await BenchStore.postgres.run("martlet: 1\nservice: {name: none, version: v1}") { empty in
      try await empty.store.define(["CREATE TABLE old (id bigint PRIMARY KEY, tags \(type == "integer" ? "integer" : "text")[])"])
      do {
        _ = try await Bench(contract, on: empty.store)
        Issue.record("it was taken")
      } catch let error as SchemaError {
        #expect("\(error)".contains("[]"))
      }
    }
  }

  @Test(.enabled(if: BenchStore.available.contains(.postgres)), arguments: ["jsonb", "text[]"])
  func listsOfAnAdoptedTableAreServed(column: String) async throws {
    let contract = """
      martlet: 1
      service: {name: old, version: v1}
      resources:
        old:
          table: old
          id: {column: id, type: integer, generated: false}
          revision: none
          fields: {tags: list of string}
          filterable: [tags]
          access: {create: anyone, read: anyone, update: anyone}
      """
    try await BenchStore.postgres.run("martlet: 1\nservice: {name: none, version: v1}") { empty in
      let (some, none) = column == "jsonb" ? (#"'["a", "b"]'"#, "'[]'") : ("'{a,b}'", "'{}'")
      try await empty.store.define([
        "CREATE TABLE old (id bigint PRIMARY KEY, tags \(column))", "INSERT INTO old VALUES (1, \(some)), (2, \(none)), (3, NULL)",
      ])
      let bench = try await Bench(contract, on: empty.store)
      #expect(try await bench.read("old", "1")["tags"] == ["a", "b"])
      #expect(try await bench.read("old", "2")["tags"] == [])
      #expect(try await bench.read("old", "3")["tags"] == .null)
      _ = try await bench.perform(.update, "old", "2", body: #"{"tags": ["c,", "\"", ""]}"#)
      #expect(try await bench.read("old", "2")["tags"] == ["c,", "\"", ""])
      #expect(try await bench.list("old") { $0.filter = #""a" in tags"# }.rows.map { $0["id"] } == [1])
    }
  }
}
