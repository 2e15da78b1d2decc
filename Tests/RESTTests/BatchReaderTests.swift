import HTTP
import Service
import Testing

@testable import REST

@Suite("Batches over REST")
struct BatchReaderTests {
  private static let json = [(name: "Content-Type", value: "application/json")]

  private func send(_ body: String, _ bench: Bench) async throws -> Received {
    try await bench.send(.post, "/v1/batch", Self.json, body: body)
  }

  private func one(_ members: String) -> String {
    #"{"operations": [{"method": "POST", "path": "/v1/products", "body": {}}, {\#(members)}]}"#
  }

  @Test(
    "what is no batch is refused with its place",
    arguments: [
      ("[]", "/operations", nil), ("{}", "/operations", nil), (#"{"operations": {}}"#, "/operations", nil),
      (#"{"operations": []}"#, "/operations", nil), (#"{"operations": [1]}"#, "/operations/0", nil),
      (#"{"operations": [], "more": 1}"#, "/more", nil),
      (#"{"operations": [{"path": "/v1/products"}]}"#, "/operations/0/method", nil),
      (#"{"operations": [{"method": "GET", "path": "/v1/products"}]}"#, "/operations/0/method", nil),
      (#"{"operations": [{"method": "post", "path": "/v1/products"}]}"#, "/operations/0/method", nil),
      (#"{"operations": [{"method": "POST"}]}"#, "/operations/0/path", nil),
      (#"{"operations": [{"method": "POST", "path": 1}]}"#, "/operations/0/path", nil),
      (#"{"operations": [{"method": "POST", "path": "/v1/products", "boddy": {}}]}"#, "/operations/0/boddy", nil),
      (#"{"operations": [{"method": "POST", "path": "/v1/products"}]}"#, "/operations/0/body", "0"),
      (#"{"operations": [{"method": "POST", "path": "/v1/products?x=1", "body": {}}]}"#, "/operations/0/path", "0"),
      (#"{"operations": [{"method": "POST", "path": "/v1/batch", "body": {}}]}"#, "/operations/0/path", "0"),
      (#"{"operations": [{"method": "POST", "path": "/health", "body": {}}]}"#, "/operations/0/path", "0"),
      (#"{"operations": [{"method": "DELETE", "path": "/v1/products/1", "body": {"a": 1}}]}"#, "/operations/0/body", "0"),
      (#"{"operations": [{"method": "POST", "path": "/v1/products", "body": {}, "as": "1a"}]}"#, "/operations/0/as", nil),
      (#"{"operations": [{"method": "POST", "path": "/v1/products", "body": {}, "if_match": 1}]}"#, "/operations/0/if_match", "0"),
    ] as [(String, String, String?)])
  func faults(_ body: String, _ pointer: String, _ operation: String?) async throws {
    let bench = try Bench()
    let received = try await send(body, bench)
    #expect(received.status == 422 && received.member("pointer") == pointer, "\(received.text)")
    #expect(received.text.contains(text: "\"operation\":\(operation ?? "")") == (operation != nil))
    #expect(bench.operations.asked.isEmpty)
  }

  @Test("a path that leads nowhere, and one that takes another method, are the operation's failures")
  func paths() async throws {
    for (members, status) in [
      (#""method": "POST", "path": "/v1/nothing", "body": {}"#, 404), (#""method": "POST", "path": "v1/products", "body": {}"#, 404),
      (#""method": "PUT", "path": "/v1/products", "body": {}"#, 405), (#""method": "PATCH", "path": "/v1/orders/7/pay", "body": {}"#, 405),
      (#""method": "DELETE", "path": "/v1/products/1", "if_match": "x y""#, 400),
    ] {
      let received = try await send(one(members), Bench())
      #expect(received.status == status && received.text.contains(text: "\"operation\":1"), "\(received.text)")
    }
    let twice = try await send(
      #"{"operations": [{"method": "DELETE", "path": "/v1/products/1", "as": "a"}, {"method": "DELETE", "path": "/v1/products/2", "as": "a"}]}"#,
      Bench())
    #expect(twice.status == 422 && twice.member("pointer") == "/operations/1/as")
    let many = (0..<101).map { _ in #"{"method": "DELETE", "path": "/v1/products/1"}"# }.joined(separator: ",")
    #expect(try await send(#"{"operations": [\#(many)]}"#, Bench()).status == 422)
    #expect(try await Bench().send(.get, "/v1/batch").header("allow") == "POST, OPTIONS")
    #expect(try await Bench().send(.post, "/v1/batch", [(name: "Content-Type", value: "text/plain")], body: "{}").status == 415)
    #expect(try await send("{", Bench()).code == "malformed_json")
  }

  @Test("operations are what the requests by themselves would be")
  func operations() async throws {
    let bench = try Bench()
    let received = try await send(
      #"""
      {"operations": [
        {"method": "POST", "path": "/v1/products", "body": {"sku": "A", "n": 1.50}, "as": "p"},
        {"method": "PATCH", "path": "/v1/products/{p.id}", "body": [{"op": "remove", "path": "/n"}], "if_match": "\"1.a\""},
        {"method": "PATCH", "path": "/v1/products/a%2Fb", "body": {}}, {"method": "PUT", "path": "/v1/products/1", "body": {}, "if_none_match": "*"},
        {"method": "POST", "path": "/v1/orders/7/pay", "body": {}}, {"method": "DELETE", "path": "/v1/products/1", "body": null}]}
      """#, bench)
    #expect(received.status == 200)
    let asked = bench.operations.asked
    #expect(asked.map(\.action) == [.create, .patch, .update, .replace, .transition("pay"), .delete])
    #expect(asked.map(\.key) == [nil, "{p.id}", "a/b", "1", "7", "1"])
    #expect(String(decoding: asked[0].body, as: UTF8.self) == #"{"sku": "A", "n": 1.50}"#)
    #expect(asked[1].preconditions.ifMatch == .tags(["1.a"]) && asked[3].preconditions.ifNoneMatch == .any)
    #expect(asked.allSatisfy { $0.idempotency == nil })
  }
}
