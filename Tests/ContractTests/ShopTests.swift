import Base
import Contract
import Expression
import TestSupport
import Testing

/// The example that a newcomer serves first.
@Suite struct ShopTests {
  static let text = String(decoding: Files.read(Files.root + "/examples/shop/martlet.yaml") ?? [], as: UTF8.self)
  static let result = ContractLoader.load(text: text)

  @Test func `it loads without an error or a warning`() {
    #expect(ShopTests.result.diagnostics.filter { $0.severity != .notice }.map { $0.rendered() } == [])
    #expect(ShopTests.result.contract != nil)
  }

  @Test func `what is not served yet is said`() throws {
    let contract = try #require(ShopTests.result.contract)
    let places = contract.notices.map { $0.message.prefix { $0 != " " } }
    #expect(
      places == [
        "service.scaling", "service.health.interval", "service.health.timeout", "cache", "brokers", "identity.password",
        "identity.tokens.access", "identity.tokens.refresh", "identity.factors", "identity.providers",
        "limits",
        "services", "workflows", "jobs", "events", "webhooks",
      ])
  }

  @Test func `users stand first, with their two names`() throws {
    let users = try #require(ShopTests.result.contract?.resources.first)
    #expect(users.name == "users")
    #expect(users.fields.map(\.name) == ["issuer", "subject"])
    #expect(users.indexes == [Index(parts: [.init(field: "issuer"), .init(field: "subject")], isUnique: true)])
    #expect(users.access.create.isNobody && users.access.read.isNobody)
  }

  @Test func `resources keep the order of the file and their fields`() throws {
    let contract = try #require(ShopTests.result.contract)
    #expect(contract.resources.map(\.name) == ["users", "customers", "products", "orders", "order_items"])
    let orders = try #require(contract.resource("orders"))
    #expect(orders.fields.map(\.name) == ["customer", "status", "total", "placed"])
    #expect(orders.collections.map(\.name) == ["items"])
    #expect(orders.indexes.count == 3)
    #expect(orders.constraints.map(\.name) == ["total_positive"])
    #expect(orders.states?.transitions.map(\.name) == ["pay", "ship", "cancel"])
    #expect(orders.states?.transitions[2].from == ["pending", "paid"])
    #expect(orders.field("customer")?.type == .ref(Reference(resource: "customers", onDelete: .restrict)))
    #expect(orders.field("status")?.type == .enumeration(["pending", "paid", "shipped", "cancelled"]))
    guard case .expression(let now)? = orders.field("placed")?.defaultValue else {
      Issue.record("the default of placed is no expression")
      return
    }
    #expect(now.source == "now")
  }

  @Test func `what goes along with a record that is kept is kept`() throws {
    let contract = try #require(ShopTests.result.contract)
    #expect(contract.resources.filter(\.isSoftDeleted).map(\.name) == ["orders", "order_items"])
    #expect(contract.resource("orders")?.access.delete.isNobody == false)
  }

  @Test func `settings come from the environment or their default`() throws {
    #expect(ShopTests.result.contract?.store.url == "sqlite:data/shop.db")
    let other = ContractLoader.load(text: ShopTests.text, environment: ["DATABASE_URL": "postgres://app@db/shop"])
    #expect(other.contract?.store.url == "postgres://app@db/shop")
    #expect(other.contract?.store.timeout == .seconds(30))
    #expect(other.contract?.service.name == "shop")
  }
}
