import Identity
import JSON
import Service
import Testing

/// Who sees and does what: the rules of the contract, from every side.
@Suite struct AccessTests {
  @Test func aCallerWithoutATokenIsAskedForOneAndOneWithoutTheRightIsRefused() async throws {
    let shop = try await Bench(Contracts.shop)
    let ada = try await shop.caller("ada")
    let body = #"{"sku": "ABC", "name": "Mug", "price": {"amount": 1, "currency": "EUR"}}"#
    #expect(await shop.refusal { () async throws(Failure) in try await shop.perform(.create, "products", body: body) } == .unauthenticated)
    #expect(
      await shop.refusal { () async throws(Failure) in try await shop.perform(.create, "products", as: ada, body: body) } == .forbidden)
    #expect(await shop.refusal { () async throws(Failure) in try await shop.list("users", as: ada) } == .forbidden)
  }

  @Test func aRecordOfAnotherDoesNotExist() async throws {
    let shop = try await Bench(Contracts.shop)
    let (ada, bob) = (try await shop.caller("ada"), try await shop.caller("bob"))
    let record = try await shop.create("customers", #"{"email": "ada@example.com", "name": "Ada"}"#, as: ada)
    #expect(try await shop.read("customers", record.id, as: ada).id == record.id)
    #expect(await shop.refusal { () async throws(Failure) in try await shop.read("customers", record.id, as: bob) } == .notFound)
    #expect(
      await shop.refusal { () async throws(Failure) in try await shop.perform(.update, "customers", record.id, as: bob, body: "{}") }
        == .notFound)
    #expect(try await shop.list("customers", as: bob).rows.isEmpty)
    let counted = try await shop.list("customers", as: bob) { $0.count = "exact" }
    #expect(counted.page("total") == .integer(0))
    #expect(try await shop.list("customers", as: ada).rows.count == 1)
    let support = try await shop.caller("sue", roles: ["support"])
    #expect(try await shop.list("customers", as: support).rows.count == 1)
  }

  @Test func aFieldThatMayNotBeReadDoesNotExist() async throws {
    let shop = try await Bench(Contracts.shop)
    let ada = try await shop.caller("ada")
    let support = try await shop.caller("sue", roles: ["support"])
    let record = try await shop.create("customers", #"{"email": "ada@example.com", "name": "Ada"}"#, as: ada)
    #expect(record["notes"] == nil)
    _ = try await shop.perform(.update, "customers", record.id, as: support, body: #"{"notes": "likes tea"}"#)
    #expect(try await shop.read("customers", record.id, as: support)["notes"] == .string("likes tea"))
    #expect(try await shop.read("customers", record.id, as: ada)["notes"] == nil)
    #expect(try await shop.list("customers", as: ada).rows.first?["notes"] == nil)
    #expect(
      await shop.refusal { () async throws(Failure) in try await shop.list("customers", as: ada) { $0.fields = "notes" } } == .badParameter)
    #expect(
      await shop.refusal { () async throws(Failure) in try await shop.list("customers", as: ada) { $0.filter = "notes == 'x'" } }
        == .badParameter)
    #expect(
      await shop.refusal { () async throws(Failure) in try await shop.list("customers", as: ada) { $0.equals = [("notes", "x")] } }
        == .unknownParameter)
    #expect(
      await shop.refusal { () async throws(Failure) in try await shop.list("customers", as: ada) { $0.sort = "notes" } } == .badParameter)
    do throws(Failure) {
      _ = try await shop.perform(.update, "customers", record.id, as: ada, body: #"{"notes": "mine"}"#)
      Issue.record("it was written")
    } catch {
      #expect(error.items.map(\.code) == ["unknown_field"])
    }
  }

  /// Two callers with the same roles do not see the same: a rule may ask for anything of the caller.
  @Test func aFilterThatOneCallerMayAskIsNotSharedWithAnother() async throws {
    let bench = try await Bench(
      """
      martlet: 1
      service: {name: notes, version: v1}
      resources:
        notes:
          fields:
            title: {type: string}
            hint:  {type: string, index: true, read: caller.subject == "ada"}
          access: {create: anyone, read: anyone}
      """)
    let ada = try await bench.caller("ada")
    let bob = try await bench.caller("bob")
    _ = try await bench.create("notes", #"{"title": "a", "hint": "secret"}"#, as: ada)
    #expect(try await bench.list("notes", as: ada) { $0.filter = "hint == 'secret'" }.rows.count == 1)
    await #expect(throws: Failure.self) { try await bench.list("notes", as: bob) { $0.filter = "hint == 'secret'" } }
    #expect(try await bench.list("notes", as: ada) { $0.filter = "hint == 'secret'" }.rows.count == 1)
  }

  @Test func aFieldThatMayNotBeWrittenIsRefusedByName() async throws {
    let shop = try await Bench(Contracts.shop)
    let (ada, bob) = (try await shop.caller("ada"), try await shop.caller("bob"))
    let other = try #require(bob.id)
    do throws(Failure) {
      _ = try await shop.perform(
        .create, "customers", as: ada,
        body: #"{"email": "a@example.com", "name": "Ada", "tier": "pro", "user": "\#(other)", "revision": 7, "nmae": 1}"#)
      Issue.record("it was written")
    } catch {
      #expect(Set(error.items.compactMap(\.pointer)) == ["/tier", "/user", "/revision", "/nmae"])
      #expect(error.items.first { $0.pointer == "/nmae" }?.detail == "did you mean \"name\"?")
    }
  }

  @Test func aReferenceToAnotherPersonsRecordFailsAsOneToNothing() async throws {
    let shop = try await Bench(Contracts.shop)
    let (ada, bob) = (try await shop.caller("ada"), try await shop.caller("bob"))
    let customer = try await shop.create("customers", #"{"email": "ada@example.com", "name": "Ada"}"#, as: ada)
    func order(_ customer: String, as caller: Caller) async -> Failure? {
      do throws(Failure) {
        _ = try await shop.perform(
          .create, "orders", as: caller, body: #"{"customer": "\#(customer)", "total": {"amount": 5, "currency": "EUR"}}"#)
        return nil
      } catch {
        return error
      }
    }
    #expect(await order(customer.id, as: ada) == nil)
    let hidden = await order(customer.id, as: bob)
    let missing = await order("01a1fdce-e899-7b61-92f4-651d3de59a42", as: bob)
    #expect(hidden?.code == missing?.code)
    #expect(hidden?.detail == missing?.detail)
    #expect(hidden?.items == missing?.items)
  }

  @Test func rulesThatFollowRelationsFilterListsAndIncludes() async throws {
    let shop = try await Bench(Contracts.shop)
    let (ada, bob) = (try await shop.caller("ada"), try await shop.caller("bob"))
    var orders: [String: String] = [:]
    for (caller, name) in [(ada, "ada"), (bob, "bob")] {
      let customer = try await shop.create("customers", #"{"email": "\#(name)@example.com", "name": "\#(name)"}"#, as: caller)
      let order = try await shop.create(
        "orders", #"{"customer": "\#(customer.id)", "total": {"amount": 5, "currency": "EUR"}}"#, as: caller)
      orders[name] = order.id
    }
    #expect(try await shop.list("orders", as: ada).rows.map(\.id) == [orders["ada"]])
    #expect(try await shop.list("orders", as: ada) { $0.sort = "-placed" }.rows.map(\.id) == [orders["ada"]])
    #expect(await shop.refusal { () async throws(Failure) in try await shop.read("orders", orders["bob"] ?? "", as: ada) } == .notFound)
    let support = try await shop.caller("sue", roles: ["support"])
    let all = try await shop.list("orders", as: support) { $0.include = "customer" }
    #expect(Set(all.rows.compactMap { $0["customer"]?["name"]?.stringValue }) == ["ada", "bob"])
  }
}
