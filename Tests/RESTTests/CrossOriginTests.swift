import Base
import HTTP
import Service
import Testing

@testable import REST

@Suite("Requests from pages of other origins")
struct CrossOriginTests {
  private func allowing(_ origins: [String], _ result: Result<Answer, Failure> = .success(Answer(.ok))) throws -> Bench {
    let allowed = try CrossOrigin(origins)
    return try Bench(result) { $0.crossOrigin = allowed }
  }

  private func preflight(_ origin: String, _ method: String = "PATCH") -> [(name: String, value: String)] {
    [("Origin", origin), ("Access-Control-Request-Method", method), ("Access-Control-Request-Headers", "authorization,if-match")]
  }

  /// Every header of the protocol that an answer has.
  private func said(_ received: Received) -> [String] {
    let text = String(decoding: received.response.headers.bytes, as: UTF8.self).lowercased()
    return text.split(separator: "\r\n").map(String.init).filter { $0.hasPrefix("access-control-") }
  }

  @Test("a preflight says what the route takes, and never with cookies")
  func preflights() async throws {
    let bench = try allowing(["https://app.example"])
    let received = try await bench.send(.options, "/v1/customers/7", preflight("https://app.example"))
    #expect(received.status == 204)
    #expect(received.header("access-control-allow-origin") == "https://app.example")
    #expect(received.header("access-control-allow-methods") == "GET, HEAD, PUT, PATCH, DELETE, OPTIONS")
    let headers = try #require(received.header("access-control-allow-headers")).lowercased()
    for name in ["authorization", "content-type", "idempotency-key", "if-match", "if-none-match", "martlet-position", "x-request-id"] {
      #expect(headers.contains(text: name), "\(name)")
    }
    #expect(received.header("access-control-max-age") == "3600" && received.header("access-control-allow-credentials") == nil)
    #expect(received.header("vary")?.contains(text: "Origin") == true)
    #expect(bench.operations.asked.isEmpty && bench.operations.authorizations.isEmpty)
    let list = try await bench.send(.options, "/v1/products", preflight("https://app.example", "QUERY"))
    #expect(list.header("access-control-allow-methods") == "GET, HEAD, QUERY, POST, OPTIONS")
    #expect(list.header("allow") == "GET, HEAD, POST, OPTIONS")
  }

  @Test("an unknown path's preflight passes, so that the script reads the 404 itself")
  func unknownPath() async throws {
    let bench = try allowing(["https://app.example"])
    #expect(try await bench.send(.options, "/v1/nothing", preflight("https://app.example")).status == 204)
    #expect(try await bench.send(.options, "/v1/nothing", preflight("https://evil.example")).status == 404)
    let refused = try await bench.send(.get, "/v1/nothing", [("Origin", "https://app.example")])
    #expect(refused.status == 404 && refused.header("access-control-allow-origin") == "https://app.example")
  }

  @Test("answers and errors carry the origin and what may be read of them")
  func answers() async throws {
    for bench in [try allowing(["https://app.example"]), try allowing(["https://app.example"], .failure(Failure(.forbidden, "no")))] {
      let received = try await bench.send(.get, "/v1/products", [("Origin", "https://app.example")])
      #expect(received.header("access-control-allow-origin") == "https://app.example")
      let exposed = try #require(received.header("access-control-expose-headers"))
      for name in ["ETag", "Location", "Link", "Retry-After", "X-Request-Id", "WWW-Authenticate", "Martlet-Position"] {
        #expect(exposed.contains(text: name), "\(name)")
      }
      #expect(received.header("access-control-allow-methods") == nil)
    }
  }

  @Test(
    "an origin that is not among them is told nothing",
    arguments: [
      "https://evil.example", "https://app.example.evil.example", "https://app.example:8443", "http://app.example", "null", "",
      "https://app.example/", "HTTPS://APP.EXAMPLE", "https://app.exampl", "*",
    ])
  func strangers(_ origin: String) async throws {
    let bench = try allowing(["https://app.example", "https://other.example"])
    for method in [HTTPMethod.get, .options] {
      let received = try await bench.send(method, "/v1/products", preflight(origin, "GET"))
      #expect(said(received).isEmpty, "\(said(received))")
      #expect(received.response.headers.vary.contains("Origin"))
      #expect(received.status == (method == .get ? 200 : 204))
    }
  }

  @Test("two origins in one request are none")
  func twice() async throws {
    let bench = try allowing(["https://app.example"])
    let received = try await bench.send(
      .get, "/v1/products", [("Origin", "https://app.example"), ("Origin", "https://evil.example")])
    #expect(said(received).isEmpty)
  }

  @Test("an answer to nobody's page says that it depends on the origin, and without the setting nothing is said")
  func sameOrigin() async throws {
    let received = try await allowing(["https://app.example"]).send(.get, "/v1/products")
    #expect(said(received).isEmpty && received.response.headers.vary.contains("Origin"))
    let plain = try await Bench().send(.get, "/v1/products", preflight("https://app.example"))
    #expect(said(plain).isEmpty && !plain.response.headers.vary.contains("Origin"))
  }

  @Test("what HTTP itself refuses can be read by the page too")
  func refusals() throws {
    let handler = try allowing(["https://app.example"]).handler
    let refusal = HTTPRefusal(status: 413, detail: "Too large.", origin: Array("https://app.example".utf8))
    #expect(Received(handler.refusal(refusal)).header("access-control-allow-origin") == "https://app.example")
    let strange = HTTPRefusal(status: 413, detail: "Too large.", origin: Array("https://evil.example".utf8))
    #expect(said(Received(handler.refusal(strange))).isEmpty)
    #expect(said(Received(handler.refusal(HTTPRefusal(status: 408, detail: "Late.")))).isEmpty)
  }

  @Test(
    "origins are read as browsers write them",
    arguments: [
      ("https://App.Example", "https://app.example"), ("https://app.example:443", "https://app.example"),
      ("http://app.example:80", "http://app.example"), ("http://localhost:5173", "http://localhost:5173"),
      ("https://app.example:80", "https://app.example:80"), ("http://[::1]:3000", "http://[::1]:3000"),
      ("http://[2001:DB8::1]", "http://[2001:db8::1]"), ("capacitor://localhost", "capacitor://localhost"),
    ])
  func spelled(_ text: String, _ origin: String) throws {
    #expect(CrossOrigin.serialized(text).map { String(decoding: $0, as: UTF8.self) } == origin)
  }

  @Test(
    "what is no origin is refused at the start",
    arguments: [
      "", "*", "null", "app.example", "https://", "https://*", "https://*.app.example", "https://app.example/", "https://app.example/x",
      "https://app.example?", "https://me@app.example", "https://app.example:", "https://app.example:0", "https://app.example:65536",
      "https://app.example:+80", "https://app.example:8 0", "https://bücher.example", "://app.example", "1s://app.example",
      "https://[::1", "https://[]", "https://a b", "https://app.example\r\nX: y", "https://[::1]x:80",
    ])
  func misspelled(_ text: String) {
    #expect(throws: OriginError.self) { try CrossOrigin([text]) }
  }

  @Test("there is a bound")
  func bound() {
    #expect(throws: OriginError.self) { try CrossOrigin((0...CrossOrigin.originsMax).map { "https://a\($0).example" }) }
  }
}

extension HTTPHeaders {
  /// What all `Vary` lines name.
  fileprivate var vary: [String] {
    String(decoding: bytes, as: UTF8.self).split(separator: "\r\n").filter { $0.lowercased().hasPrefix("vary:") }
      .flatMap { $0.dropFirst(5).split(separator: ",").map { String($0.drop { $0 == " " }) } }
  }
}
