import Identity
import JSON
import Service
import Testing

/// JSON Patch on records.
@Suite struct PatchTests {
  private static let contract = """
    martlet: 1
    service: {name: people, version: v1}
    roles: [editor]
    resources:
      people:
        fields:
          owner: {ref: users, default: caller.id}
          name:  {type: string, required: true, length: 1..20}
          nick:  {type: string}
          tags:  {type: list of string}
          extra: {type: json}
          phone: {type: string, read: record.owner == caller.id}
        access:
          create: authenticated
          read: record.name != "Hidden"
          update: record.owner == caller.id || caller.has_role("editor")
    """

  private func filled(name: String = "Ada") async throws -> (Bench, ada: Caller, id: String) {
    let bench = try await Bench(PatchTests.contract)
    let ada = try await bench.caller("ada")
    let body = "{\"name\": \"\(name)\", \"nick\": \"A\", \"tags\": [\"a\", \"b\"], \"extra\": {\"x\": [1, 2]}, \"phone\": \"123\"}"
    let answer = try await bench.perform(.create, "people", as: ada, body: body)
    return (bench, ada, String(answer.location?.split(separator: "/").last ?? ""))
  }

  /// Lists and JSON are compared by what they say.
  @Test func sayingTheSameInOtherWordsChangesNothing() async throws {
    let (bench, ada, id) = try await filled()
    for body in [#"{"tags": ["a","b"]}"#, #"{"extra": {"x": [ 1, 2.0 ]}, "tags": [ "\u0061", "b" ]}"#] {
      #expect(try await bench.perform(.update, "people", id, as: ada, body: body).json["revision"] == 1)
    }
    #expect(try await bench.perform(.update, "people", id, as: ada, body: #"{"tags": ["b", "a"]}"#).json["revision"] == 2)
    #expect(try await bench.perform(.update, "people", id, as: ada, body: #"{"extra": null}"#).json["revision"] == 3)
  }

  @Test func numbersOfJSONKeepTheirDigits() async throws {
    let (bench, ada, id) = try await filled()
    func extra() async throws -> String {
      let text = String(decoding: try await bench.perform(.read(ReadParameters()), "people", id, as: ada).body, as: UTF8.self)
      let behind = try #require(text.split(separator: #""extra":"#).last)
      return behind.prefix { $0 != "}" } + "}"
    }
    let big = "12345678901234567890"
    let body = #"{"extra": {"a": \#(big), "b": 1.10}}"#
    #expect(try await bench.perform(.update, "people", id, as: ada, body: body).json["revision"] == 2)
    let add = #"[{"op": "test", "path": "/extra/a", "value": \#(big)}, {"op": "add", "path": "/extra/c", "value": -\#(big)}]"#
    #expect(try await bench.perform(.patch, "people", id, as: ada, body: add).json["revision"] == 3)
    let patched = try await extra()
    #expect(patched == #"{"x":[1,2],"a":\#(big),"b":1.10,"c":-\#(big)}"#)
    // The next number is another one, also where a double would not tell.
    let next = #"{"extra": {"a": 12345678901234567891, "b": 1.1, "c": -\#(big)}}"#
    #expect(try await bench.perform(.update, "people", id, as: ada, body: next).json["revision"] == 4)
    #expect(try await extra().contains("12345678901234567891"))
    let test = #"[{"op": "test", "path": "/extra/a", "value": \#(big)}]"#
    let code = await bench.refusal { () async throws(Failure) in try await bench.perform(.patch, "people", id, as: ada, body: test) }
    #expect(code == .conflict)
  }

  @Test func operationsChangeTheRecord() async throws {
    let (bench, ada, id) = try await filled()
    let patch = #"""
      [{"op": "test", "path": "/revision", "value": 1}, {"op": "replace", "path": "/name", "value": "Ada L."},
       {"op": "remove", "path": "/nick"}, {"op": "add", "path": "/tags/-", "value": "c"},
       {"op": "move", "from": "/extra/x/0", "path": "/extra/y"}, {"op": "copy", "from": "/name", "path": "/phone"}]
      """#
    let changed = try await bench.perform(.patch, "people", id, as: ada, body: patch).json
    #expect(changed["revision"] == 2)
    #expect(changed["name"] == "Ada L.")
    #expect(changed["nick"] == .null)
    #expect(changed["tags"] == ["a", "b", "c"])
    #expect(changed["extra"] == ["x": [2], "y": 1])
    #expect(changed["phone"] == "Ada L.")
    #expect(try await bench.read("people", id, as: ada) == changed)
    #expect(try await bench.perform(.patch, "people", id, as: ada, body: "[]").json["revision"] == 2, "nothing changed")
  }

  @Test(arguments: [
    (#"[{"op": "test", "path": "/name", "value": "Bob"}]"#, FailureCode.conflict),
    (#"[{"op": "replace", "path": "/name", "value": "B"}, {"op": "remove", "path": "/none"}]"#, .conflict),
    (#"[{"op": "remove", "path": "/name"}]"#, .validation),
    (#"[{"op": "replace", "path": "/name", "value": 5}]"#, .validation),
    (#"[{"op": "add", "path": "/colour", "value": "red"}]"#, .validation),
    (#"[{"op": "replace", "path": "/revision", "value": 7}]"#, .validation),
    (#"[{"op": "replace", "path": "/id", "value": "x"}]"#, .validation),
    (#"[{"op": "remove", "path": ""}]"#, .validation),
    (#"[{"op": "replace", "path": "", "value": []}]"#, .validation),
    (#"[{"op": "spam", "path": "/name"}]"#, .validation),
    (#"{"name": "x"}"#, .validation),
    (#"[{"op": "#, .malformedJSON),
  ]) func aPatchThatDoesNotFitChangesNothing(patch: String, expected: FailureCode) async throws {
    let (bench, ada, id) = try await filled()
    let code = await bench.refusal { () async throws(Failure) in try await bench.perform(.patch, "people", id, as: ada, body: patch) }
    #expect(code == expected)
    #expect(try await bench.read("people", id, as: ada)["revision"] == 1)
  }

  /// What a caller may not read is not there for its patches: a test would tell it, a copy would show it.
  @Test func whatIsHiddenCanBeNeitherTestedNorCopied() async throws {
    let (bench, _, id) = try await filled()
    let editor = try await bench.caller("ed", roles: ["editor"])
    for patch in [
      #"[{"op": "test", "path": "/phone", "value": "123"}]"#, #"[{"op": "copy", "from": "/phone", "path": "/nick"}]"#,
      #"[{"op": "move", "from": "/phone", "path": "/nick"}]"#,
    ] {
      let code = await bench.refusal { () async throws(Failure) in try await bench.perform(.patch, "people", id, as: editor, body: patch) }
      #expect(code == .conflict)
    }
    let changed = try await bench.perform(
      .patch, "people", id, as: editor, body: #"[{"op": "replace", "path": "/nick", "value": "Al"}]"#
    ).json
    #expect(changed["nick"] == "Al")
    #expect(changed["phone"] == nil)
  }

  /// Who may change a record without reading it patches an empty object.
  @Test func aRecordThatMayNotBeReadIsEmptyToAPatch() async throws {
    let (bench, ada, id) = try await filled(name: "Hidden")
    let code = await bench.refusal { () async throws(Failure) in
      try await bench.perform(.patch, "people", id, as: ada, body: #"[{"op": "test", "path": "/nick", "value": "A"}]"#)
    }
    #expect(code == .conflict)
    let answer = try await bench.perform(
      .patch, "people", id, as: ada, body: #"[{"op": "add", "path": "/nick", "value": "B"}]"#)
    #expect(answer.status == .noContent)
  }
}
