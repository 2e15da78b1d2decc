import Base
import Contract
import PostgresStore
import Testing

@testable import Store

@Suite("A table becomes one in parts", .enabled(if: TestStore.postgresURL != nil)) struct PartCuttingTests {
  private static func contract(isParted: Bool, every: String = "month") throws -> Contract {
    let text = """
      martlet: 1
      service: {name: shop, version: v1}
      resources:
        customers:
          fields: {name: string}
          access: {read: anyone, create: anyone}
        orders:
          fields:
            customer: {ref: customers}
            status: {type: enum, values: [open, paid], default: open, index: true}
            note: {type: string, search: true}
          delete: soft
          \(isParted ? "partition: {by: created_at, every: \(every)}" : "")
          access: {read: anyone, create: anyone, delete: anyone}
        lines:
          fields: {order: {ref: orders, on_delete: restrict}}
          access: {read: anyone, create: anyone}
      """
    let result = ContractLoader.load(text: text)
    return try #require(result.contract, "\(result.errors.map { $0.rendered() })")
  }

  private static func id(_ number: UInt64) -> String { UUID.version7(at: SystemClock().now, random: (1, number)).description }

  private static func filled(_ store: any Store) async throws {
    _ = try await SchemaManager().prepare(store, try contract(isParted: false))
    let customer = id(1)
    var statements = ["INSERT INTO customers (id, created_at, updated_at, revision) VALUES ('\(customer)', now(), now(), 1)"]
    for number in 0..<50 as Range<UInt64> {
      statements.append(
        "INSERT INTO orders (id, customer, status, note, created_at, updated_at, revision) VALUES "
          + "('\(id(number))', '\(customer)', 'open', 'note \(number)', now(), now(), 1)")
    }
    statements.append(
      "INSERT INTO lines (id, \"order\", created_at, updated_at, revision) SELECT gen_random_uuid(), id, now(), now(), 1 FROM orders")
    try await store.define(statements)
  }

  private static func count(_ store: any Store, _ what: String) async throws -> Int {
    try await Int(store.inspect("SELECT count(*) FROM \(what)", [])[0][0] ?? "") ?? -1
  }

  private static func apply(_ store: any Store, _ contract: Contract) async throws -> [String] {
    try await SchemaManager().apply(store, contract, .applying(allowsLoss: false), actor: "tester@here")
  }

  @Test("serve leaves it to the command, which keeps every row, index, word and reference", arguments: ["day", "week", "month", "year"])
  func cut(_ every: String) async throws {
    try await PostgresServer.with { server in
      try await Self.filled(server.store)
      let contract = try Self.contract(isParted: true, every: every)
      let refusal = await #expect(throws: SchemaError.self) { try await SchemaManager().prepare(server.store, contract) }
      #expect(refusal?.isForCommand == true, "\(String(describing: refusal))")
      #expect(try await Self.count(server.store, "pg_constraint WHERE conname LIKE 'ck_martlet_cut%'") == 0)
      let done = try await Self.apply(server.store, contract)
      #expect(done.contains("cut orders into parts, what is there as the first"), "\(done)")
      #expect(try await SchemaManager().look(server.store, contract).plan.changes.map(\.description) == [])
      #expect(try await SchemaManager().prepare(server.store, contract) == [])
      #expect(try await Self.count(server.store, "orders") == 50)
      #expect(try await Self.count(server.store, "orders_p00000000") == 50)
      #expect(try await Self.count(server.store, "lines JOIN orders ON orders.id = \"order\"") == 50)
      #expect(try await Self.count(server.store, "pg_constraint WHERE conname LIKE 'ck_martlet_cut%'") == 0)
      // What is kept by a reference is still kept, and what is lacking still refused.
      guard case .foreignKeyViolation = try await server.store.write(WriteBatch([.run("DELETE FROM orders", rows: nil)])) else {
        throw Unexpected("a line lost its order")
      }
      let stray =
        "INSERT INTO lines (id, \"order\", created_at, updated_at, revision) VALUES ('\(Self.id(9))', '\(Self.id(99))', now(), now(), 1)"
      guard case .foreignKeyViolation = try await server.store.write(WriteBatch([.run(stray, rows: nil)])) else {
        throw Unexpected("a line without an order")
      }
      let badCustomer = "UPDATE orders SET customer = '\(Self.id(98))'"
      guard case .foreignKeyViolation = try await server.store.write(WriteBatch([.run(badCustomer, rows: nil)])) else {
        throw Unexpected("an order without its customer")
      }
      // New records go to the first part until it ends, then to the next.
      try await server.store.define([
        "INSERT INTO orders (id, status, created_at, updated_at, revision) VALUES ('\(Self.id(70))', 'open', now(), now(), 1)"
      ])
      let ends = try await server.store.inspect(
        "SELECT count(*)::text FROM pg_inherits WHERE inhparent = 'orders'::regclass", [])
      #expect(ends[0][0].flatMap { Int($0) } ?? 0 >= 3)
    }
  }

  @Test("a way that was broken off is gone on with; one that is left is taken back") func broken() async throws {
    try await PostgresServer.with { server in
      try await Self.filled(server.store)
      let contract = try Self.contract(isParted: true)
      let look = try await SchemaManager().look(server.store, contract)
      let first = try #require(look.plan.changes.first)
      try await server.store.define(first.statements)
      // Left: the contract of before drops what was begun.
      _ = try await SchemaManager().prepare(server.store, try Self.contract(isParted: false))
      #expect(try await Self.count(server.store, "pg_constraint WHERE conname LIKE 'ck_martlet_cut%'") == 0)
      try await server.store.define(first.statements)
      let again = try await SchemaManager().look(server.store, contract).plan.changes
      #expect(again.count == 2, "\(again.map(\.description))")
      _ = try await Self.apply(server.store, contract)
      #expect(try await SchemaManager().prepare(server.store, contract) == [])
      #expect(try await Self.count(server.store, "orders") == 50)
    }
  }

  @Test(
    "what others tied to the table stops it",
    arguments: [
      "CREATE VIEW seen AS SELECT id FROM orders", "GRANT SELECT ON orders TO PUBLIC", "ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
      "CREATE TABLE theirs (o uuid REFERENCES orders (id))",
      "CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    ])
  func tied(_ statement: String) async throws {
    try await PostgresServer.with { server in
      try await Self.filled(server.store)
      let text = statement.replacing("BEFORE INSERT", with: "BEFORE UPDATE")
      try await server.store.define([text])
      let error = await #expect(throws: SchemaError.self) { try await Self.apply(server.store, try Self.contract(isParted: true)) }
      #expect(error?.description.contains("would not follow") == true, "\(String(describing: error))")
      #expect(try await Self.count(server.store, "orders") == 50)
      #expect(try await Self.count(server.store, "pg_constraint WHERE conname LIKE 'ck_martlet_cut%'") == 0)
    }
  }
}
