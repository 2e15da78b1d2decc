import Identity
import JSON
import Service
import Testing

/// Fields that a caller sees in some rows only, and records whose ids clients choose.
@Suite struct RestrictedFieldTests {
  private static let contract = """
    martlet: 1
    service: {name: people, version: v1}
    roles: [editor]
    resources:
      people:
        id: client
        fields:
          owner: {ref: users, default: caller.id}
          name:  {type: string, required: true, index: true}
          phone: {type: string, index: true, unique: true, read: record.owner == caller.id, write: record.owner == caller.id}
        access: {create: authenticated, read: anyone, update: record.owner == caller.id || caller.has_role("editor"), delete: nobody}
    """
  private static let id = "0190a1fd-e899-7b61-92f4-651d3de59a42"

  private func filled() async throws -> (Bench, ada: Caller, bob: Caller) {
    let bench = try await Bench(RestrictedFieldTests.contract)
    let (ada, bob) = (try await bench.caller("ada"), try await bench.caller("bob"))
    _ = try await bench.create("people", #"{"name": "Ada", "phone": "1"}"#, as: ada)
    _ = try await bench.create("people", #"{"name": "Bob", "phone": "2"}"#, as: bob)
    return (bench, ada, bob)
  }

  @Test func aFieldIsThereInTheRowsThatAllowIt() async throws {
    let (bench, ada, _) = try await filled()
    let rows = try await bench.list("people", as: ada) { $0.sort = "name" }.rows
    #expect(rows.map { $0["phone"] } == [.string("1"), nil])
    #expect(try await bench.list("people").rows.allSatisfy { $0["phone"] == nil })
    let own = try #require(rows.first)
    #expect(try await bench.read("people", own.id, as: ada)["phone"] == .string("1"))
  }

  @Test func suchAFieldCannotBeSearchedFor() async throws {
    let (bench, ada, _) = try await filled()
    func code(_ change: @escaping (inout ListParameters) -> Void) async -> FailureCode? {
      await bench.refusal { () async throws(Failure) in try await bench.list("people", as: ada, change) }
    }
    #expect(await code { $0.equals = [("phone", "2")] } == .unknownParameter)
    #expect(await code { $0.filter = "phone == '2'" } == .badParameter)
    #expect(await code { $0.sort = "phone" } == .badParameter)
  }

  @Test func aFieldsOwnWriteRuleIsAskedOfTheRecord() async throws {
    let (bench, ada, bob) = try await filled()
    let editor = try await bench.caller("ed", roles: ["editor"])
    let row = try #require(try await bench.list("people", as: ada) { $0.sort = "name" }.rows.first)
    _ = try await bench.perform(.update, "people", row.id, as: ada, body: #"{"phone": "3"}"#)
    func code(_ caller: Caller, _ body: String) async -> FailureCode? {
      await bench.refusal { () async throws(Failure) in try await bench.perform(.update, "people", row.id, as: caller, body: body) }
    }
    #expect(await code(editor, #"{"phone": "4"}"#) == .validation)
    #expect(await code(bob, #"{"name": "x"}"#) == .forbidden)
    #expect(try await bench.perform(.update, "people", row.id, as: editor, body: #"{"name": "Ada L."}"#).json["phone"] == nil)
  }

  @Test func nobodyMovesARecordOutOfReach() async throws {
    let (bench, ada, bob) = try await filled()
    let row = try #require(try await bench.list("people", as: ada) { $0.sort = "name" }.rows.first)
    let other = try #require(bob.id)
    let code = await bench.refusal { () async throws(Failure) in
      try await bench.perform(.update, "people", row.id, as: ada, body: #"{"owner": "\#(other)"}"#)
    }
    #expect(code == .validation)
  }

  @Test func putCreatesUnderTheIdOfThePath() async throws {
    let (bench, ada, _) = try await filled()
    let id = RestrictedFieldTests.id
    let made = try await bench.perform(.replace, "people", id, as: ada, body: #"{"name": "Eva"}"#)
    #expect(made.status == .created)
    #expect(made.json.id == id)
    let again = try await bench.perform(.replace, "people", id, as: ada, body: #"{"name": "Eva 2"}"#)
    #expect(again.status == .ok)
    #expect(again.json["revision"] == .integer(2))
    let moved = await bench.refusal { () async throws(Failure) in
      try await bench.perform(.replace, "people", id, as: ada, body: #"{"id": "0190a1fd-e899-7b61-92f4-651d3de59a43", "name": "x"}"#)
    }
    #expect(moved == .validation)
    let taken = await bench.refusal { () async throws(Failure) in
      try await bench.perform(.create, "people", as: ada, body: #"{"id": "\#(id)", "name": "x"}"#)
    }
    #expect(taken == .unique)
  }
}
