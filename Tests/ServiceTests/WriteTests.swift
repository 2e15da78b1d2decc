import Identity
import JSON
import Service
import Testing

@Suite struct WriteTests {
  @Test func allThatIsWrongIsSaidAtOnce() async throws {
    let shop = try await Bench(Contracts.shop)
    let admin = try await shop.caller("root", roles: ["admin"])
    do throws(Failure) {
      _ = try await shop.perform(
        .create, "products", as: admin, body: #"{"sku": "a b", "price": {"amount": -1, "currency": "eur"}, "stock": 1.5, "colour": "red"}"#)
      Issue.record("it was written")
    } catch {
      #expect(error.code == .validation)
      #expect(Set(error.items.compactMap(\.pointer)) == ["/sku", "/price/currency", "/stock", "/colour", "/name"])
    }
  }

  /// What a peer sends is not sent back at length, nor looked at name by name once enough is said.
  @Test func longNamesAreShortened() async throws {
    let shop = try await Bench(Contracts.shop)
    let admin = try await shop.caller("root", roles: ["admin"])
    func failure(_ action: Service.Operation.Action, _ body: String = "") async throws -> Failure? {
      do throws(Failure) {
        _ = try await shop.perform(action, "products", as: admin, body: body)
        Issue.record("it was taken")
        return nil
      } catch { return error }
    }
    let long = String(repeating: "n", count: 900_000)
    let one = try await failure(.create, "{\"\(long)\": 1, \"price\": {\"\(long)\": 1}}")
    #expect(one?.items.contains { $0.pointer == "/" + String(repeating: "n", count: 64) + "…" } == true)
    #expect(one?.items.allSatisfy { ($0.pointer ?? "").utf8.count < 100 && $0.detail.utf8.count < 200 } == true)
    let many = try await failure(.create, "{" + (0..<50_000).map { "\"nmae\($0)\": 1" }.joined(separator: ",") + "}")
    #expect(many?.items.count == 100)
    for change in [
      { $0.sort = long }, { $0.fields = long }, { $0.include = long }, { $0.equals = [(long, "1")] }, { $0.fields = long + ".x" },
      { $0.filter = String(long.prefix(4000)) + " == 1" }, { $0.filter = "name == 1 && '" + String(long.prefix(3000)) + "' == rank" },
      { $0.include = "a.b.c." + long }, { $0.limit = long }, { $0.after = long }, { $0.count = long },
    ] as [(inout ListParameters) -> Void] {
      var parameters = ListParameters()
      change(&parameters)
      let refused = try #require(try await failure(.list(parameters)))
      #expect(refused.detail.utf8.count < 400, "\(refused.detail.prefix(500))")
      #expect(refused.items.allSatisfy { ($0.parameter ?? "").utf8.count < 100 && $0.detail.utf8.count < 400 })
    }
  }

  @Test(arguments: ["", "{", "[1]", "nul", #"{"a": 1, "a": 2}"#, "\u{feff}{}"])
  func aBodyThatIsNoObjectIsRefused(body: String) async throws {
    let bench = try await Bench(Contracts.notes)
    let code = await bench.refusal { () async throws(Failure) in try await bench.perform(.create, "notes", body: body) }
    #expect(code == .malformedJSON || code == .validation)
  }

  /// A caller that may make a transition may still not see the state.
  @Test func aWrongStateIsNamedToWhoMaySeeIt() async throws {
    let bench = try await Bench(
      """
      martlet: 1
      service: {name: tasks, version: v1}
      roles: [boss]
      resources:
        tasks:
          fields:
            state: {type: enum, values: [open, done], default: open, read: [boss]}
          access: {create: anyone, read: anyone}
          states: {field: state, transitions: {close: {from: open, to: done, access: anyone}}}
      """)
    let id = try await bench.create("tasks", "{}").id
    _ = try await bench.perform(.transition("close"), "tasks", id)
    let boss = try await bench.caller("boss", roles: ["boss"])
    for (caller, names) in [(Caller.anonymous, ["from"]), (boss, ["from", "state"])] {
      do throws(Failure) {
        _ = try await bench.perform(.transition("close"), "tasks", id, as: caller)
        Issue.record("it was closed twice")
      } catch {
        #expect(error.code == .wrongState)
        #expect(error.members.map(\.0) == names)
      }
    }
  }

  /// Two spellings of one accented letter are two texts: to the store, and so to everything else.
  @Test func textsAreComparedByTheirBytes() async throws {
    let bench = try await Bench(Contracts.notes)
    let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}")
    let note = try await bench.create("notes", "{\"title\": \"\(composed)\"}")
    let changed = try await bench.perform(.update, "notes", note.id, body: "{\"title\": \"\(decomposed)\"}").json
    #expect(changed["revision"] == .integer(2))
    #expect(Array((changed["title"]?.stringValue ?? "").utf8) == Array(decomposed.utf8))
    _ = try await bench.create("notes", "{\"title\": \"\(composed)\"}")
    for title in [composed, decomposed, composed] {
      let found = try await bench.list("notes") { $0.filter = "title == '\(title)'" }.rows
      #expect(found.map { Array(($0["title"]?.stringValue ?? "").utf8) } == [Array(title.utf8)])
    }
  }

  @Test func aMergePatchChangesWhatItNamesAndNullClears() async throws {
    let bench = try await Bench(Contracts.notes)
    let note = try await bench.create("notes", #"{"title": "one", "body": "text", "rank": 1}"#)
    let changed = try await bench.perform(.update, "notes", note.id, body: #"{"body": null, "rank": 2}"#).json
    #expect(changed["body"] == .null)
    #expect(changed["rank"] == .integer(2))
    #expect(changed["title"] == .string("one"))
    #expect(changed["revision"] == .integer(2))
    // What was answered is what is stored.
    #expect(try await bench.read("notes", note.id) == changed)
    // Nothing new: no revision.
    #expect(try await bench.perform(.update, "notes", note.id, body: #"{"rank": 2}"#).json["revision"] == .integer(2))
    let code = await bench.refusal { () async throws(Failure) in
      try await bench.perform(.update, "notes", note.id, body: #"{"title": null}"#)
    }
    #expect(code == .validation)
  }

  @Test func putReplacesEveryWritableField() async throws {
    let bench = try await Bench(Contracts.notes)
    let note = try await bench.create("notes", #"{"title": "one", "body": "text", "rank": 1, "fixed": "f"}"#)
    let changed = try await bench.perform(.replace, "notes", note.id, body: #"{"title": "two"}"#).json
    #expect(changed["title"] == .string("two"))
    #expect(changed["body"] == .null)
    #expect(changed["rank"] == .null)
    #expect(changed["fixed"] == .string("f"))
    func code(_ body: String) async -> FailureCode? {
      await bench.refusal { () async throws(Failure) in try await bench.perform(.replace, "notes", note.id, body: body) }
    }
    #expect(await code(#"{"body": "x"}"#) == .validation)
    #expect(await code(#"{"title": "two", "fixed": "g"}"#) == .validation)
    let missing = await bench.refusal { () async throws(Failure) in
      try await bench.perform(.replace, "notes", "01a1fdce-e899-7b61-92f4-651d3de59a42", body: #"{"title": "x"}"#)
    }
    #expect(missing == .notFound)
  }

  @Test func ifMatchComparesTheRevision() async throws {
    let bench = try await Bench(Contracts.notes)
    let note = try await bench.create("notes", #"{"title": "one"}"#)
    let first = try #require(try await bench.perform(.read(ReadParameters()), "notes", note.id).etag)
    let answer = try await bench.perform(.update, "notes", note.id, body: #"{"rank": 1}"#, ifMatch: first)
    #expect(answer.etag != first)
    let stale = await bench.refusal { () async throws(Failure) in
      try await bench.perform(.update, "notes", note.id, body: #"{"rank": 2}"#, ifMatch: first)
    }
    #expect(stale == .preconditionFailed)
    let deleted = await bench.refusal { () async throws(Failure) in
      try await bench.perform(.delete, "notes", note.id, ifMatch: first)
    }
    #expect(deleted == .preconditionFailed)
    let cached = try await bench.perform(.read(ReadParameters()), "notes", note.id, ifNoneMatch: answer.etag)
    #expect(cached.status == .notModified)
    #expect(cached.body.isEmpty)
  }

  @Test func aUniqueValueIsTakenOnce() async throws {
    let bench = try await Bench(Contracts.notes)
    _ = try await bench.create("notes", #"{"title": "one"}"#)
    do throws(Failure) {
      _ = try await bench.perform(.create, "notes", body: #"{"title": "one"}"#)
      Issue.record("it was written")
    } catch {
      #expect(error.code == .unique)
      #expect(error.items.map(\.pointer) == ["/title"])
    }
  }

  @Test func statesChangeByTransitionsOnly() async throws {
    let shop = try await Bench(Contracts.shop)
    let ada = try await shop.caller("ada")
    let finance = try await shop.caller("fay", roles: ["finance"])
    let customer = try await shop.create("customers", #"{"email": "ada@example.com", "name": "Ada"}"#, as: ada)
    let body = #"{"customer": "\#(customer.id)", "total": {"amount": 5, "currency": "EUR"}}"#
    let order = try await shop.create("orders", body, as: ada)
    #expect(order["status"] == .string("pending"))
    let forbidden = await shop.refusal { () async throws(Failure) in try await shop.perform(.transition("pay"), "orders", order.id, as: ada)
    }
    #expect(forbidden == .forbidden)
    // Finance may pay but not read: 204.
    let paid = try await shop.perform(.transition("pay"), "orders", order.id, as: finance)
    #expect(paid.status == .noContent)
    #expect(paid.body.isEmpty)
    do throws(Failure) {
      _ = try await shop.perform(.transition("pay"), "orders", order.id, as: finance)
      Issue.record("it was paid twice")
    } catch {
      #expect(error.code == .wrongState)
      #expect(error.members.first { $0.name == "from" }?.json == Array(#"["pending"]"#.utf8))
    }
    let cancelled = try await shop.perform(.transition("cancel"), "orders", order.id, as: ada)
    #expect(cancelled.json["status"] == .string("cancelled"))
    let written = await shop.refusal { () async throws(Failure) in
      try await shop.perform(.create, "orders", as: ada, body: body.dropLast() + #", "status": "paid"}"#)
    }
    #expect(written == .validation)
  }

  @Test func aConstraintOfTheContractHolds() async throws {
    let shop = try await Bench(Contracts.shop)
    let ada = try await shop.caller("ada")
    let customer = try await shop.create("customers", #"{"email": "ada@example.com", "name": "Ada"}"#, as: ada)
    let code = await shop.refusal { () async throws(Failure) in
      try await shop.perform(
        .create, "orders", as: ada, body: #"{"customer": "\#(customer.id)", "total": {"amount": -5, "currency": "EUR"}}"#)
    }
    #expect(code == .validation)
  }

  @Test func whatOthersReferToIsNotDeletedAndCascadesAre() async throws {
    let shop = try await Bench(Contracts.shop)
    let ada = try await shop.caller("ada")
    let admin = try await shop.caller("root", roles: ["admin", "support"])
    let customer = try await shop.create("customers", #"{"email": "ada@example.com", "name": "Ada"}"#, as: ada)
    let order = try await shop.create(
      "orders", #"{"customer": "\#(customer.id)", "total": {"amount": 5, "currency": "EUR"}}"#, as: ada)
    do throws(Failure) {
      _ = try await shop.perform(.delete, "customers", customer.id, as: admin)
      Issue.record("it was deleted")
    } catch {
      #expect(error.code == .restricted)
      #expect(error.detail.contains("orders.customer"))
    }
    #expect(try await shop.perform(.delete, "orders", order.id, as: admin).status == .noContent)
    #expect(try await shop.perform(.delete, "customers", customer.id, as: admin).status == .noContent)
    #expect(await shop.refusal { () async throws(Failure) in try await shop.read("customers", customer.id, as: ada) } == .notFound)
  }

  @Test func concurrentChangesOfOneRecordAllTakeEffect() async throws {
    let bench = try await Bench(Contracts.notes)
    let note = try await bench.create("notes", #"{"title": "one"}"#)
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<8 {
        group.addTask { _ = try? await bench.perform(.update, "notes", note.id, body: #"{"score": \#(number)}"#) }
      }
    }
    #expect(try await bench.read("notes", note.id)["revision"] == .integer(9))
  }

  @Test func aRecordWhoseRefIsClearedByADeletionHasAnotherRevision() async throws {
    let bench = try await Bench(
      """
      martlet: 1
      service: {name: tree, version: v1}
      resources:
        nodes:
          fields: {parent: {ref: nodes, on_delete: set_null}}
          access: {create: anyone, read: anyone, update: anyone, delete: anyone}
      """)
    let parent = try await bench.create("nodes", "{}").id
    let child = try await bench.create("nodes", #"{"parent": "\#(parent)"}"#).id
    let before = try await bench.perform(.read(ReadParameters()), "nodes", child)
    _ = try await bench.perform(.update, "nodes", parent, body: #"{"parent": "\#(parent)"}"#)
    bench.clock.advance(seconds: 5)
    _ = try await bench.perform(.delete, "nodes", parent)
    let after = try await bench.perform(.read(ReadParameters()), "nodes", child, ifNoneMatch: before.etag)
    #expect(after.status == .ok)
    #expect(after.json["parent"] == .null)
    #expect(after.json["revision"] == .integer(2))
    #expect(after.json["updated_at"] != before.json["updated_at"])
  }
}
