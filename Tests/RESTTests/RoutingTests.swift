import Base
import Contract
import HTTP
import Identity
import JSON
import Service
import Testing

@testable import REST

@Suite("Routing")
struct RoutingTests {
  private func router(_ exposure: Exposure = .all) throws -> Router { Router(try Bench.contract(), exposure: exposure) }

  private func route(_ path: String, _ exposure: Exposure = .all) throws -> Route {
    try router(exposure).route(Array(path.utf8)[...])
  }

  private static let leadsNowhere = [
    "/", "", "*", "/v1", "/v1/", "/v2/orders", "/V1/orders", "/v1/Orders", "/v1/orders/", "/v1//orders", "//v1/orders", "/v1/orders//pay",
    "/v1/orders/1/", "/v1/orders/1/pay/", "/v1/orders/1/pay/x", "/v1/orders/1/fly", "/v1/products/1/pay", "/v1/products/1/history",
    "/v1/orders/1/history/", "/v1/orders//history", "/v1/orders/1/History", "/v1/openapi.json/x",
    "/v1/openapi", "/docs/", "/docs/x.js", "/problems/", "/problems/unknown_code", "/problems/not_found/x", "/healthz",
    "/health/", "/health/dead", "/metrics/", "/v1/./orders", "/v1/../orders", "v1/orders",
  ]

  @Test("a path that is not exactly one of ours is not found", arguments: leadsNowhere)
  func unknown(_ path: String) throws {
    let failure = #expect(throws: Failure.self) { try route(path) }
    #expect(failure?.code == .notFound)
  }

  @Test(
    "a bad escape in the path is a bad request",
    arguments: ["/v1/orders/%", "/v1/orders/%4", "/v1/orders/%zz", "/v1/orders/a%2", "/v1/orders/%ff", "/v1/%c3/1", "/v1/orders/%00"])
  func badEscape(_ path: String) throws {
    let failure = #expect(throws: Failure.self) { try route(path) }
    #expect(failure?.code == .badRequest)
  }

  @Test("resources, items and transitions are found")
  func resources() throws {
    let router = try router()
    let orders = try #require(router.entries.firstIndex { $0.name == "orders" })
    #expect(try route("/v1/orders") == .collection(orders))
    #expect(try route("/v1/%6frders") == .collection(orders))
    #expect(try route("/v1/orders/7") == .item(orders, key: "7"))
    #expect(try route("/v1/orders/7/pay") == .transition(orders, key: "7", name: "pay"))
    #expect(try route("/v1/orders/7/history") == .history(orders, key: "7"))
    #expect(try router.template(route("/v1/orders/7/history")) == "/v1/orders/{id}/history")
    #expect(try router.template(route("/v1/orders/7/pay")) == "/v1/orders/{id}/pay")
  }

  @Test("named queries are found by their names, and with a hint where that is nearly one")
  func queries() throws {
    let router = Router(try QueryContract.contract(), exposure: .all)
    #expect(try router.route(Array("/v1/queries/by_day".utf8)[...]) == .query(0, name: "by_day"))
    #expect(try router.template(.query(1, name: "total")) == "/v1/queries/total")
    #expect(router.served(.query(0, name: "by_day")) == .reading)
    for path in ["/v1/queries", "/v1/queries/", "/v1/queries/by_day/x", "/v1/queries/By_day", "/v1/queries/totl"] {
      let failure = #expect(throws: Failure.self) { try router.route(Array(path.utf8)[...]) }
      #expect(failure?.code == .notFound)
      #expect(failure?.detail.contains("queries/total") == path.hasSuffix("totl"))
    }
    let operation = try RequestText.operation(
      method: "GET", target: "/v1/queries/by_day?since=2026-01-01&limit=3", contract: try QueryContract.contract(),
      caller: .anonymous, context: RequestContext(requestID: "", ip: "", method: "GET", time: Timestamp(microseconds: 0)))
    guard case .query(let parameters) = operation.action else {
      Issue.record("another action")
      return
    }
    #expect(operation.resource == "by_day" && parameters.limit == "3")
    #expect(parameters.values.map(\.name) == ["since"])
  }

  @Test("queries are described with their parameters and rows")
  func describedQueries() throws {
    let tree = OpenAPI.tree(try QueryContract.contract(), origin: nil)
    let query = tree["paths"]?["/v1/queries/by_day"]?["get"]
    let parameters = query?["parameters"]?.arrayValue ?? []
    #expect(parameters.first?["required"] == true && parameters.first?["schema"]?["format"] == "date")
    let content = query?["responses"]?["200"]?["content"]?["application/json"]?["schema"]
    let row = content?["properties"]?["data"]?["items"]
    #expect(row?["required"] == ["day", "sales", "weight"])
    #expect(row?["properties"]?["sales"]?["type"] == "integer")
    #expect(row?["properties"]?["weight"]?["type"] == ["string", "null"])
    #expect(tree["paths"]?["/v1/queries/closed"] == nil)
  }

  @Test("an encoded slash stays in the id")
  func encodedSlash() throws {
    let router = try router()
    let orders = try #require(router.entries.firstIndex { $0.name == "orders" })
    #expect(try route("/v1/orders/a%2Fpay") == .item(orders, key: "a/pay"))
    #expect(try route("/v1/orders/a%2Fb/pay") == .transition(orders, key: "a/b", name: "pay"))
    #expect(try route("/v1/orders/caf%C3%A9,1") == .item(orders, key: "café,1"))
  }

  @Test("the service's own paths are found")
  func ownPaths() throws {
    #expect(try route("/v1/openapi.json") == .openAPI(.json))
    #expect(try route("/v1/openapi.yaml") == .openAPI(.yaml))
    #expect(try route("/docs") == .docs(.page))
    #expect(try route("/docs/app.js") == .docs(.script))
    #expect(try route("/problems") == .problems)
    #expect(try route("/problems/not_found") == .problem(.notFound))
    #expect(try route("/health") == .health(.all))
    #expect(try route("/health/live") == .health(.live))
    #expect(try route("/health/ready") == .health(.ready))
    #expect(try route("/metrics") == .metrics)
  }

  @Test("each listener shows only what it is for")
  func exposure() throws {
    #expect(throws: Failure.self) { try route("/metrics", .api) }
    #expect(try route("/health", .api) == .health(.all))
    #expect(try route("/metrics", .operations) == .metrics)
    for path in ["/v1/orders", "/docs", "/problems", "/problems/not_found", "/v1/openapi.json"] {
      #expect(throws: Failure.self) { try route(path, .operations) }
    }
  }

  @Test("what was probably meant is named")
  func hints() throws {
    let slash = #expect(throws: Failure.self) { try route("/v1/orders/") }
    #expect(slash?.detail.contains(text: "slash at its end") == true)
    let near = #expect(throws: Failure.self) { try route("/v1/order") }
    #expect(near?.detail.contains(text: "/v1/orders") == true)
  }

  @Test("templates never hold an id")
  func templates() throws {
    let router = try router()
    #expect(router.template(try route("/v1/orders/secret")) == "/v1/orders/{id}")
    #expect(router.template(try route("/v1/orders/secret/pay")) == "/v1/orders/{id}/pay")
    #expect(router.template(try route("/problems/not_found")) == "/problems/{code}")
    for path in ["/v1/orders", "/v1/orders/1", "/v1/orders/1/pay", "/docs", "/health", "/metrics", "/problems"] {
      #expect(router.templates.contains(router.template(try route(path))))
    }
  }

  @Test("Allow names what somebody may do, and nothing else")
  func offered() throws {
    let router = try router()
    #expect(router.offered(try route("/v1/products")).allow == "GET, HEAD, POST, OPTIONS")
    #expect(router.offered(try route("/v1/products/1")).allow == "GET, HEAD, PUT, PATCH, DELETE, OPTIONS")
    #expect(router.offered(try route("/v1/orders/1")).allow == "GET, HEAD, DELETE, OPTIONS")
    #expect(router.offered(try route("/v1/orders/1/pay")).allow == "POST, OPTIONS")
    #expect(router.offered(try route("/health")).allow == "GET, HEAD, OPTIONS")
  }
}

private enum QueryContract {
  static func contract() throws -> Contract {
    let result = ContractLoader.load(
      text: """
        martlet: 1
        service: {name: s, version: v1}
        resources:
          sales:
            fields: {placed: timestamp, weight: {type: decimal, precision: "8,3"}}
            access: {read: anyone}
        queries:
          by_day:
            params: {since: {type: date, required: true}}
            from: sales
            where: placed >= timestamp(params.since)
            group: {day: date(placed)}
            select: {sales: count(), weight: sum(weight)}
            access: anyone
          total: {from: sales, select: {sales: count()}, access: authenticated}
          closed: {from: sales, select: {sales: count()}, access: nobody}
        """)
    return try #require(result.contract, "\(result.errors.map { $0.rendered() })")
  }
}
