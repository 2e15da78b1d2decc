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

  private static let salaries = """
    martlet: 1
    service: {name: salaries, version: v1}
    roles: [admin]
    resources:
      people:
        fields:
          name:   {type: string}
          owner:  {ref: users, default: caller.id, immutable: true}
          salary: {type: integer, read: record.owner == caller.id, write: [admin]}
          pin:    {type: string, read: record.owner == caller.id, immutable: true}
          memo:   {type: string, read: record.owner == caller.id}
        access: {create: authenticated, read: authenticated, update: authenticated}
      boxes:
        fields:
          owner: {ref: users, default: caller.id, immutable: true}
          code:  {type: string, immutable: true}
          note:  {type: string}
        access: {create: authenticated, read: record.owner == caller.id, update: authenticated}
    """

  @Test(arguments: ["\"salary\": 50", "\"salary\": 51", "\"pin\": \"12\"", "\"pin\": \"13\""])
  func nobodyLearnsAHiddenValueByGuessingIt(member: String) async throws {
    let bench = try await Bench(RestrictedFieldTests.salaries)
    let (ada, bob) = (try await bench.caller("ada"), try await bench.caller("bob"))
    let id = try await bench.create("people", #"{"name": "Ada", "pin": "12"}"#, as: ada).id
    let admin = try await bench.caller("root", roles: ["admin"])
    _ = try await bench.perform(.update, "people", id, as: admin, body: #"{"salary": 50}"#)
    for (action, body) in [(Operation.Action.update, "{\(member)}"), (.replace, "{\(member)}")] {
      let code = await bench.refusal { () async throws(Failure) in try await bench.perform(action, "people", id, as: bob, body: body) }
      #expect(code == .validation)
    }
    // Who sees them may send them back.
    #expect(try await bench.perform(.update, "people", id, as: ada, body: #"{"salary": 50, "pin": "12"}"#).json["revision"] == 2)
  }

  @Test(arguments: ["c", "d"]) func norInARecordItMayNotRead(code: String) async throws {
    let bench = try await Bench(RestrictedFieldTests.salaries)
    let (ada, bob) = (try await bench.caller("ada"), try await bench.caller("bob"))
    let id = try await bench.create("boxes", #"{"code": "c"}"#, as: ada).id
    for body in ["{\"code\": \"\(code)\"}", "{\"revision\": \(code == "c" ? 1 : 2)}"] {
      let refusal = await bench.refusal { () async throws(Failure) in try await bench.perform(.update, "boxes", id, as: bob, body: body) }
      #expect(refusal == .validation)
    }
  }

  @Test func putKeepsWhatItsCallerDoesNotSee() async throws {
    let bench = try await Bench(RestrictedFieldTests.salaries)
    let (ada, bob) = (try await bench.caller("ada"), try await bench.caller("bob"))
    let id = try await bench.create("people", #"{"name": "Ada", "memo": "m"}"#, as: ada).id
    #expect(try await bench.perform(.replace, "people", id, as: bob, body: #"{"name": "A."}"#).json["name"] == "A.")
    #expect(try await bench.read("people", id, as: ada)["memo"] == "m")
    #expect(try await bench.perform(.replace, "people", id, as: ada, body: #"{"name": "A."}"#).json["memo"] == .null)
  }

  @Test func aRefusedDeleteNamesOnlyWhatItsCallerMaySee() async throws {
    let bench = try await Bench(
      """
      martlet: 1
      service: {name: parts, version: v1}
      roles: [auditor]
      resources:
        parts:
          fields: {name: string}
          access: {create: anyone, read: anyone, delete: anyone}
        audits:
          fields: {part: {ref: parts, on_delete: restrict}}
          access: {create: anyone, read: [auditor]}
        stock:
          fields: {part: {ref: parts, on_delete: restrict, read: [auditor]}}
          access: {create: anyone, read: anyone}
      """)
    func refusal(as caller: Caller) async throws -> Failure? {
      let id = try await bench.create("parts", "{}").id
      _ = try await bench.perform(.create, "audits", body: #"{"part": "\#(id)"}"#)
      _ = try await bench.perform(.create, "stock", as: auditor, body: #"{"part": "\#(id)"}"#)
      do throws(Failure) {
        _ = try await bench.perform(.delete, "parts", id, as: caller)
        return nil
      } catch {
        return error
      }
    }
    let auditor = try await bench.caller("audrey", roles: ["auditor"])
    let known = try #require(try await refusal(as: auditor))
    #expect(known.code == .restricted && known.items.count == 2)
    let unknown = try #require(try await refusal(as: .anonymous))
    #expect(unknown.code == .restricted && unknown.items.isEmpty)
    #expect(!"\(unknown)".contains("audits") && !"\(unknown)".contains("stock"))
  }
}
