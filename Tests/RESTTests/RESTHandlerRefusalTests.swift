import Service
import Telemetry
import Testing

@testable import HTTP
@testable import REST

/// A body that ends with an error.
private final class BrokenBody: HTTPBodySource {
  private let error: HTTPBodyError
  init(_ error: HTTPBodyError) { self.error = error }
  func collectBody(of request: UInt64, upTo limit: Int) async throws(HTTPBodyError) -> [UInt8] { throw error }
  func nextPiece(of request: UInt64) async throws(HTTPBodyError) -> [UInt8]? { throw error }
}

@Suite("What the REST interface refuses before the service is asked")
struct RESTHandlerRefusalTests {
  private static let json: [(name: String, value: String)] = [("Content-Type", "application/json")]

  struct Case: Sendable, CustomTestStringConvertible {
    var method: HTTPMethod
    var target: String
    var headers: [(name: String, value: String)] = []
    var body = ""
    var status: Int
    var code: String
    var testDescription: String { "\(method.name) \(target) \(headers.map(\.value)) -> \(status) \(code)" }
  }

  static let cases: [Case] = [
    Case(method: .get, target: "/v1/nothing", status: 404, code: "not_found"),
    Case(method: .get, target: "/v1/orders/", status: 404, code: "not_found"),
    Case(method: .get, target: "/v1/orders/%zz", status: 400, code: "bad_request"),
    Case(method: .delete, target: "/v1/orders", status: 405, code: "method_not_allowed"),
    Case(method: .post, target: "/v1/orders/1", headers: json, body: "{}", status: 405, code: "method_not_allowed"),
    Case(method: .get, target: "/v1/orders/1/pay", status: 405, code: "method_not_allowed"),
    Case(method: .post, target: "/health", status: 405, code: "method_not_allowed"),
    Case(method: .other("BREW"), target: "/v1/orders", status: 405, code: "method_not_allowed"),
    Case(method: .get, target: "/v1/orders", headers: [("Accept", "text/html")], status: 406, code: "not_acceptable"),
    Case(method: .post, target: "/v1/orders", headers: [("Accept", "text/html")], body: "{}", status: 406, code: "not_acceptable"),
    Case(method: .post, target: "/v1/orders", body: "{}", status: 415, code: "unsupported_media_type"),
    Case(
      method: .post, target: "/v1/orders", headers: [("Content-Type", "text/plain")], body: "{}", status: 415,
      code: "unsupported_media_type"),
    Case(
      method: .patch, target: "/v1/products/1", headers: [("Content-Type", "application/xml-patch+xml")], body: "[]", status: 415,
      code: "unsupported_media_type"),
    Case(
      method: .put, target: "/v1/products/1", headers: [("Content-Type", "application/merge-patch+json")], body: "{}", status: 415,
      code: "unsupported_media_type"),
    Case(
      method: .post, target: "/v1/orders", headers: json + [("Content-Encoding", "gzip")], body: "\u{1f}", status: 415,
      code: "unsupported_media_type"),
    Case(
      method: .post, target: "/v1/orders/1/pay", headers: json + [("Content-Encoding", "br")], body: "{}", status: 415,
      code: "unsupported_media_type"),
    Case(method: .post, target: "/v1/orders", headers: json, status: 400, code: "malformed_json"),
    Case(method: .get, target: "/v1/orders", body: "{}", status: 400, code: "bad_request"),
    Case(method: .delete, target: "/v1/orders/1", headers: json, body: "{}", status: 400, code: "bad_request"),
    Case(method: .post, target: "/v1/orders/1/pay", headers: json, body: "{\"a\":1}", status: 400, code: "bad_request"),
    Case(method: .post, target: "/v1/orders/1/pay", body: "{}", status: 415, code: "unsupported_media_type"),
    Case(method: .get, target: "/v1/orders?limit=1&limit=2", status: 400, code: "bad_parameter"),
    Case(method: .get, target: "/v1/orders?limit=%", status: 400, code: "bad_parameter"),
    Case(method: .post, target: "/v1/orders?x=1", headers: json, body: "{}", status: 400, code: "unknown_parameter"),
    Case(method: .delete, target: "/v1/orders/1?fields=id", status: 400, code: "unknown_parameter"),
    Case(method: .get, target: "/v1/orders/1", headers: [("If-None-Match", "abc")], status: 400, code: "bad_request"),
    Case(method: .delete, target: "/v1/orders/1", headers: [("If-Match", "\"a")], status: 400, code: "bad_request"),
    Case(
      method: .post, target: "/v1/orders", headers: json + [("Idempotency-Key", "\"\"")], body: "{}", status: 400,
      code: "bad_request"),
    Case(
      method: .post, target: "/v1/orders", headers: json + [("Idempotency-Key", "a"), ("Idempotency-Key", "b")], body: "{}",
      status: 400, code: "bad_request"),
    Case(method: .post, target: "/v1/orders", headers: json + json, body: "{}", status: 400, code: "bad_request"),
    Case(
      method: .get, target: "/v1/orders", headers: [("Authorization", "Bearer a"), ("Authorization", "Bearer b")], status: 400,
      code: "bad_request"),
    Case(method: .query, target: "/v1/orders", headers: json, body: "[]", status: 400, code: "bad_request"),
    Case(method: .query, target: "/v1/orders?limit=1", headers: json, body: "{}", status: 400, code: "unknown_parameter"),
  ]

  @Test("a bad request never reaches the service", arguments: cases)
  func refused(_ one: Case) async throws {
    let bench = try Bench()
    let received = try await bench.send(one.method, one.target, one.headers, body: one.body)
    #expect(received.status == one.status)
    #expect(received.code == one.code)
    #expect(received.header("Content-Type") == "application/problem+json")
    #expect(received.member("type") == "http://localhost/problems/" + one.code)
    #expect(received.header("X-Request-Id") == received.member("request_id"))
    #expect(received.header("X-Content-Type-Options") == "nosniff")
    #expect(bench.operations.asked.isEmpty)
    // Only where the coding is at fault: else it would be taken for the media type's (RFC 9110 section 12.5.3).
    let isOfCoding = one.headers.contains { $0.name == "Content-Encoding" }
    #expect(received.header("Accept-Encoding") == (isOfCoding ? "identity" : nil))
    if one.status == 405 { #expect(received.header("Allow")?.isEmpty == false) }
  }

  @Test(
    "what a peer wrote at length is not sent back",
    arguments: [
      ("/v1/orders?x%0a\(String(repeating: "n", count: 4000))=%", HTTPMethod.get, "{}"),
      ("/v1/orders?\(String(repeating: "n", count: 4000))=1", .post, "{}"),
      ("/v1/orders", .query, "{\"\(String(repeating: "n", count: 100_000))\": {}}"),
    ])
  func longNames(_ target: String, _ method: HTTPMethod, _ body: String) async throws {
    let bench = try Bench()
    let received = try await bench.send(method, target, Self.json, body: body)
    #expect(received.status == 400)
    #expect(received.text.utf8.count < 900, "\(received.text)")
    let type = "application/" + String(repeating: "x", count: 5000)
    let other = try await bench.send(.post, "/v1/orders", [("Content-Type", type)], body: "{}")
    #expect(other.status == 415 && other.text.utf8.count < 900)
  }

  @Test("a body over the limit is 413")
  func bodyTooLarge() async throws {
    let bench = try Bench { $0.bodyBytesMax = 100 }
    let received = try await bench.send(.post, "/v1/orders", Self.json, body: String(repeating: " ", count: 101))
    #expect(received.status == 413 && received.code == "body_too_large")
    let fits = try await bench.send(.post, "/v1/orders", Self.json, body: String(repeating: " ", count: 100))
    #expect(fits.status == 200)
  }

  @Test("a caller who is not who he says is refused before anything else is looked at")
  func callerFirst() async throws {
    let bench = try Bench(caller: .failure(Failure(.tokenExpired, "The token is \"old\"")))
    let received = try await bench.send(.post, "/v1/orders?x=1", [("Authorization", "Bearer x"), ("Accept", "text/html")])
    #expect(received.status == 401 && received.code == "token_expired")
    #expect(
      received.header("WWW-Authenticate")
        == "Bearer realm=\"shop\", error=\"invalid_token\", error_description=\"The token is old\"")
    #expect(bench.operations.authorizations == ["Bearer x"])
  }

  @Test("a wrong path or method is told without asking for credentials")
  func pathBeforeCaller() async throws {
    let bench = try Bench(caller: .failure(Failure(.tokenInvalid, "no")))
    #expect(try await bench.send(.get, "/v1/nothing").status == 404)
    #expect(try await bench.send(.delete, "/v1/orders").status == 405)
    #expect(bench.operations.authorizations.isEmpty)
  }

  @Test(
    "a body that does not come whole is told by its reason",
    arguments: [
      (HTTPBodyError.timeout, 408, "request_timeout"), (.disconnected, 400, "bad_request"), (.overloaded, 503, "overloaded"),
      (.tooLarge(limit: 5), 413, "body_too_large"),
    ])
  func brokenBody(_ error: HTTPBodyError, status: Int, code: String) async throws {
    let bench = try Bench()
    for (method, target) in [(HTTPMethod.post, "/v1/orders"), (.patch, "/v1/products/1"), (.post, "/v1/batch")] {
      let given = try HTTPRequest(method, target, headers: Self.json)
      let request = HTTPRequest(head: given.head, body: HTTPBody(from: BrokenBody(error), request: 1, declaredLength: 100))
      let received = Received(await bench.handler.respond(to: request))
      #expect(received.status == status && received.member("code") == code, "\(method.name) \(target)")
    }
    #expect(bench.logged.all.map(\.status) == [status, status, status])
  }

  @Test("of reads that the store sheds most are refused at once, with the same words; changes and other endpoints are not")
  func shed() async throws {
    let bench = try Bench(.failure(.shed))
    for _ in 0..<200 {
      let received = try await bench.send(.get, "/v1/products")
      #expect(received.status == 503 && received.member("code") == "overloaded" && received.header("Retry-After") == "1")
    }
    #expect((51..<80).contains(bench.operations.asked.count))
    #expect(bench.logged.all.allSatisfy { $0.status == 503 && $0.level == .notice })
    let asked = bench.operations.asked.count
    for _ in 0..<50 { #expect(try await bench.send(.delete, "/v1/products/1").status == 503) }
    #expect(bench.operations.asked.count == asked + 50)
    #expect(try await bench.send(.get, "/v1/customers").status == 503)
    #expect(try await bench.send(.get, "/v1/products/1").status == 503)
    #expect(bench.operations.asked.count == asked + 52)
  }

  @Test("what is refused for another reason throttles nobody") func notShed() async throws {
    let bench = try Bench(.failure(.memory))
    for _ in 0..<200 { #expect(try await bench.send(.get, "/v1/products").status == 503) }
    #expect(bench.operations.asked.count == 200)
  }

  @Test("what HTTP itself refuses is a problem document too", arguments: [400, 408, 413, 414, 417, 431, 500, 501, 503, 504, 505])
  func refusal(_ status: Int) throws {
    let bench = try Bench()
    let received = Received(bench.handler.refusal(HTTPRefusal(status: status, detail: "It is \"so\".", path: "/x")))
    #expect(received.member("instance") == "/x")
    #expect(bench.logged.all.map(\.status) == [status] && bench.logged.all.map(\.method) == ["other"])
    #expect(received.status == status)
    #expect(received.text.contains(text: "\"status\":\(status)"))
    #expect(received.detail == "It is \"so\"")
    #expect(received.header("X-Request-Id")?.isEmpty == false)
  }
}
