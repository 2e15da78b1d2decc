import Identity
import JSON
import Service
import Testing

/// Filters over relations see what their caller may read, and nothing else.
@Suite struct FilterSightTests {
  static let contract = """
    martlet: 1
    service: {name: shop, version: v1}
    roles: [auditor]
    resources:
      teams:
        fields: {lead: {ref: users, default: caller.id}, name: {type: string, index: true}}
        access: {create: authenticated, read: record.lead == caller.id}
      customers:
        fields:
          user:   {ref: users, default: caller.id}
          team:   {ref: teams}
          name:   {type: string, index: true}
          phone:  {type: string, index: true, read: record.user == caller.id}
          orders: {many: orders, by: customer}
        access: {create: authenticated, read: record.user == caller.id || record.team.lead == caller.id || caller.has_role("auditor")}
      secrets:
        fields: {word: {type: string, index: true}}
        access: {create: authenticated, read: nobody}
      orders:
        fields:
          customer: {ref: customers}
          secret:   {ref: secrets}
          amount:   {type: integer, index: true}
          parent:   {ref: orders}
        access: {create: authenticated, read: "record.amount < 100 || caller.has_role('auditor')"}
    """

  /// Ada's and Bob's customers with one order each, readable to both; and orders that only an auditor reads.
  private struct Scene {
    let bench: Bench
    let ada: Caller
    let bob: Caller
    let auditor: Caller

    init(_ bench: Bench) async throws {
      self.bench = bench
      (ada, bob) = (try await bench.caller("ada"), try await bench.caller("bob"))
      auditor = try await bench.caller("amy", roles: ["auditor"])
      var first: String?
      for (name, caller) in [("Ada", ada), ("Bob", bob)] {
        let team = try await bench.create("teams", #"{"name": "\#(name)s"}"#, as: caller).id
        let customer = try await bench.create(
          "customers", #"{"name": "\#(name)", "phone": "\#(name)-1", "team": "\#(team)"}"#, as: caller
        ).id
        let link = first.map { #", "parent": "\#($0)""# } ?? ""
        let order = try await bench.create(
          "orders", #"{"amount": \#(name == "Ada" ? 1 : 2), "customer": "\#(customer)"\#(link)}"#, as: caller)
        first = order.id
        // Hidden from its own maker.
        _ = try await bench.perform(
          .create, "orders", as: auditor, body: #"{"amount": 100, "customer": "\#(customer)", "parent": "\#(order.id)"}"#)
      }
    }

    func amounts(_ filter: String, as caller: Caller) async throws -> [Int64] {
      let rows = try await bench.list("orders", as: caller) { $0.filter = filter }.rows
      return rows.compactMap { if case .integer(let amount)? = $0["amount"] { amount } else { nil } }.sorted()
    }

    func refusal(_ filter: String, _ resource: String = "orders", as caller: Caller) async -> FailureCode? {
      await bench.refusal { () async throws(Failure) in try await bench.list(resource, as: caller) { $0.filter = filter } }
    }
  }

  @Test(arguments: BenchStore.available) func whatIsHiddenIsNullToAFilter(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let scene = try await Scene(bench)
      #expect(try await scene.amounts("customer.name == 'Ada'", as: scene.ada) == [1])
      #expect(try await scene.amounts("customer.name == 'Bob'", as: scene.ada) == [])
      #expect(try await scene.amounts("customer.name != 'Bob'", as: scene.ada) == [1, 2])
      #expect(try await scene.amounts("customer.name >= 'A'", as: scene.ada) == [1])
      #expect(try await scene.amounts("!(customer.name == 'Bob')", as: scene.ada) == [1, 2])
      #expect(try await scene.amounts("customer.name == null", as: scene.ada) == [2])
      #expect(try await scene.amounts("customer.name.startsWith('B') || amount == 1", as: scene.ada) == [1])
      #expect(try await scene.amounts("customer.name in ['Ada', 'Bob']", as: scene.ada) == [1])
      #expect(try await scene.amounts("customer.team.name == 'Bobs'", as: scene.ada) == [])
      #expect(try await scene.amounts("customer.team.name == 'Adas'", as: scene.ada) == [1])
      let bobs = try #require(scene.bob.id)
      #expect(try await scene.amounts("customer.user == '\(bobs)'", as: scene.ada) == [])
      #expect(try await scene.amounts("customer.user == '\(bobs)'", as: scene.bob) == [2])
      // One text, two callers, one form: each sees with its own eyes.
      #expect(try await scene.amounts("customer.name == 'Bob'", as: scene.bob) == [2])
      #expect(try await scene.amounts("customer.name == 'Bob'", as: scene.auditor) == [2, 100])
    }
  }

  @Test(arguments: BenchStore.available) func aWayBackToTheListedRecordsObeysTheirRuleToo(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let scene = try await Scene(bench)
      #expect(try await scene.amounts("customer.orders.exists(o, o.amount == 100)", as: scene.ada) == [])
      #expect(try await scene.amounts("customer.orders.all(o, o.amount < 100)", as: scene.ada) == [1, 2])
      #expect(try await scene.amounts("customer.orders.exists(o, o.amount == 100)", as: scene.auditor) == [1, 2, 100, 100])
      #expect(try await scene.amounts("parent.amount == 1", as: scene.ada) == [2])
      #expect(try await scene.amounts("parent.amount == 1", as: scene.auditor) == [2, 100])
      let names = try await bench.list("customers", as: scene.ada) { $0.filter = "orders.exists(o, o.amount >= 100)" }.rows
      #expect(names.isEmpty)
      let few = try await bench.list("customers", as: scene.ada) { $0.filter = "size(orders) == 1" }.rows
      #expect(few.map { $0["name"] } == [.string("Ada")])
    }
  }

  @Test(arguments: BenchStore.available) func whatMayNeverBeReadIsUnknown(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let scene = try await Scene(bench)
      #expect(await scene.refusal("secret.word == 'x'", as: scene.ada) == .badParameter)
      #expect(await scene.refusal("customer.phone == 'Ada-1'", as: scene.ada) == .badParameter)
      #expect(await scene.refusal("customer.name == 'Ada'", as: .anonymous) == .badParameter)
      #expect(await scene.refusal("customer.team.lead == null", as: .anonymous) == .badParameter)
    }
  }
}
