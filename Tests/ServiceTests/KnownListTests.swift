import Identity
import JSON
import Service
import Testing

/// Lists whose parameters an adapter knows again: planned once, and still asked of the store and of the caller's rule each time.
@Suite struct KnownListTests {
  /// Orders of two people, and the identity of the parameters that everyone asks with.
  private struct Asked {
    let bench: Bench
    let parameters: ListParameters
    let identity: ParameterIdentity

    init(_ bench: Bench, _ change: (inout ListParameters) -> Void = { _ in }) {
      self.bench = bench
      var parameters = ListParameters()
      change(&parameters)
      self.parameters = parameters
      identity = ParameterIdentity(of: parameters)
    }

    func list(_ resource: String, as caller: Caller = .anonymous) async throws(Failure) -> Answer {
      var operation = Service.Operation(.list(parameters), resource: resource, caller: caller, context: bench.context)
      operation.parameters = identity
      return try await bench.engine.perform(operation)
    }
  }

  private static func products(_ count: Int) async throws -> Bench {
    let bench = try await Bench(Contracts.shop)
    let admin = try await bench.caller("root", roles: ["admin"])
    for number in 0..<count { _ = try await product(number, bench, admin) }
    return bench
  }

  private static func product(_ number: Int, _ bench: Bench, _ admin: Caller) async throws -> JSONValue {
    bench.clock.advance(seconds: 1)
    return try await bench.create(
      "products", #"{"sku": "ABC-\#(number)", "name": "n", "price": {"amount": 1, "currency": "EUR"}, "rank": \#(number)}"#, as: admin)
  }

  @Test func theSameListAgainIsTheSameAnswerUntilItsRowsChange() async throws {
    let bench = try await KnownListTests.products(3)
    let asked = Asked(bench) { $0.limit = "2" }
    let plain = try await bench.perform(.list(asked.parameters), "products")
    for _ in 0..<3 {
      let answer = try await asked.list("products")
      #expect(answer.body == plain.body && answer.etag == plain.etag && answer.statements == 1)
      #expect(answer.links.map(\.target) == plain.links.map(\.target) && answer.links.count == 1)
    }
    let made = try await KnownListTests.product(7, bench, try await bench.caller("root", roles: ["admin"]))
    let after = try await asked.list("products").json
    #expect(after.rows.map(\.id) == [made.id] + (try JSONValue(parsing: plain.body)).rows.map(\.id).dropLast())
    let rest = try await bench.list("products") {
      $0.limit = "2"
      $0.after = after.page("next").stringValue
    }
    #expect(rest.rows.count == 2 && !rest.rows.map(\.id).contains(made.id))
  }

  @Test func equalitiesAndOrderArePartOfIt() async throws {
    let bench = try await KnownListTests.products(3)
    let one = Asked(bench) { $0.equals = [("rank", "1")] }
    let two = Asked(bench) { $0.equals = [("rank", "2")] }
    for _ in 0..<2 {
      #expect(try await one.list("products").json.rows.compactMap { $0["rank"]?.integerValue } == [1])
      #expect(try await two.list("products").json.rows.compactMap { $0["rank"]?.integerValue } == [2])
    }
  }

  @Test func whoMayNotReadAllGetsNothingOfWhatOthersSaw() async throws {
    let bench = try await Bench(Contracts.shop)
    let support = try await bench.caller("sue", roles: ["support"])
    let asked = Asked(bench)
    for name in ["ada", "bob"] {
      let caller = try await bench.caller(name)
      let customer = try await bench.create("customers", #"{"email": "\#(name)@example.org", "name": "\#(name)"}"#, as: caller)
      _ = try await bench.create(
        "orders", #"{"customer": "\#(customer.id)", "total": {"amount": 1, "currency": "EUR"}}"#, as: caller)
    }
    for _ in 0..<2 {
      #expect(try await asked.list("orders", as: support).json.rows.count == 2)
      #expect(try await asked.list("orders", as: try await bench.caller("ada")).json.rows.count == 1)
      #expect(try await asked.list("orders", as: try await bench.caller("eve")).json.rows.isEmpty)
      // Members with rules of their own make a list the caller's.
      #expect(try await asked.list("customers", as: support).json.rows.allSatisfy { $0["notes"] != nil })
      #expect(try await asked.list("customers", as: try await bench.caller("ada")).json.rows.allSatisfy { $0["notes"] == nil })
    }
    #expect(await bench.refusal { () async throws(Failure) in try await asked.list("orders") } == .unauthenticated)
  }
}
