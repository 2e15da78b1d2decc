import Base
import HTTP
import Identity
import Service
import Telemetry
import Testing

@testable import REST

@Suite("The REST interface")
struct RESTHandlerTests {
  private static let json: [(name: String, value: String)] = [("Content-Type", "application/json")]

  @Test(
    "methods and paths become operations",
    arguments: [
      (.get, "/v1/orders", .list(ListParameters()), nil), (.head, "/v1/orders", .list(ListParameters()), nil),
      (.post, "/v1/orders", .create, nil), (.get, "/v1/orders/7", .read(ReadParameters()), "7"),
      (.head, "/v1/orders/7", .read(ReadParameters()), "7"), (.patch, "/v1/customers/7", .update, "7"),
      (.put, "/v1/customers/7", .replace, "7"), (.delete, "/v1/orders/7", .delete, "7"),
      (.post, "/v1/orders/7/pay", .transition("pay"), "7"),
    ] as [(HTTPMethod, String, Service.Operation.Action, String?)])
  func actions(_ method: HTTPMethod, _ path: String, _ action: Service.Operation.Action, _ key: String?) async throws {
    let bench = try Bench()
    let takesBody = action == .create || action == .update || action == .replace
    let received = try await bench.send(method, path, takesBody ? Self.json : [], body: takesBody ? "{\"a\":1}" : "")
    #expect(received.status == 200)
    let operation = try #require(bench.operations.asked.first)
    #expect(operation.action == action && operation.key == key && path.hasPrefix("/v1/" + operation.resource))
    #expect(operation.body == (takesBody ? Array("{\"a\":1}".utf8) : []))
  }

  @Test("what is open to nobody is refused by the service, whatever else is wrong with the request")
  func nobody() async throws {
    let bench = try Bench(.failure(Failure(.forbidden, "no")))
    let received = try await bench.send(.patch, "/v1/orders/7?x=1", [("Accept", "text/html")], body: "nonsense")
    #expect(received.status == 403 && bench.operations.asked.first?.action == .update)
    #expect(bench.operations.asked.first?.body == [])
  }

  @Test("what rules and logs may know of a request is passed on")
  func context() async throws {
    let bench = try Bench()
    _ = try await bench.send(
      .get, "/v1/orders", [("X-Request-Id", "abc-1"), ("Accept-Encoding", "gzip")])
    let context = try #require(bench.operations.asked.first).context
    #expect(context.requestID == "abc-1" && context.ip == "203.0.113.7" && context.method == "GET")
    #expect(context.contentCoding == .gzip)
    #expect(context.time == FixedClock().now)
  }

  @Test("how long it took is said only where that is asked for")
  func timing() async throws {
    #expect(try await Bench().send(.get, "/v1/products").header("server-timing") == nil)
    let received = try await Bench(change: { $0.showsTiming = true }).send(.get, "/v1/products")
    #expect(received.header("server-timing") == "total;dur=0.000, statements;desc=\"0\"")
    #expect(String(decoding: ServerTiming.value(12_345_678, statements: 3), as: UTF8.self) == "total;dur=12.345, statements;desc=\"3\"")
  }

  @Test("lists with the same query are known again, others are not")
  func knownQueries() async throws {
    let bench = try Bench()
    let long = String(repeating: "a", count: KnownQueries.bytesMax)
    for target in ["?limit=2", "?limit=2", "?limit=3", "", "", "?after=x", "?limit=2&before=x", "?status=\(long)", "?status=\(long)"] {
      _ = try await bench.send(.get, "/v1/orders" + target)
    }
    _ = try await bench.send(.query, "/v1/orders", [("Content-Type", "application/json")], body: "{\"limit\":2}")
    let asked = bench.operations.asked
    #expect(asked.count == 10)
    #expect(asked[0].parameters != nil && asked[0].parameters === asked[1].parameters && asked[0].action == asked[1].action)
    #expect(asked[2].parameters !== asked[0].parameters && asked[2].action != asked[0].action)
    #expect(asked[3].parameters != nil && asked[3].parameters === asked[4].parameters)
    for place in 5..<10 { #expect(asked[place].parameters == nil) }
  }

  @Test("preconditions are read, lists over several lines as one")
  func preconditions() async throws {
    let bench = try Bench()
    _ = try await bench.send(.delete, "/v1/orders/1", [("If-Match", "\"a\""), ("If-Match", "W/\"b\"")])
    _ = try await bench.send(.get, "/v1/orders/1", [("If-None-Match", "*")])
    #expect(bench.operations.asked[0].preconditions.ifMatch == .tags(["a", "W/b"]))
    #expect(bench.operations.asked[1].preconditions.ifNoneMatch == .any)
  }

  @Test("an idempotency key is read on POST and PATCH, and its fingerprint covers the whole request")
  func idempotency() async throws {
    let bench = try Bench()
    let key = Self.json + [("Idempotency-Key", "k")]
    _ = try await bench.send(.post, "/v1/orders", key, body: "{}")
    _ = try await bench.send(.post, "/v1/orders", key, body: "{}")
    _ = try await bench.send(.post, "/v1/orders", key, body: "{ }")
    _ = try await bench.send(.post, "/v1/products", key, body: "{}")
    _ = try await bench.send(.patch, "/v1/products/1", key, body: "{}")
    _ = try await bench.send(.post, "/v1/orders/1/pay", [("Idempotency-Key", "k")])
    _ = try await bench.send(.put, "/v1/products/1", key, body: "{}")
    let all = bench.operations.asked.map(\.idempotency)
    #expect(all[0]?.key == "k" && all[0] == all[1])
    #expect(Set(all.prefix(6).compactMap { $0?.fingerprint }).count == 5)
    #expect(all[0]?.fingerprint.count == 32)
    #expect(all[6] == nil)
  }

  @Test("an answer is rendered with its headers")
  func answer() async throws {
    var answer = Answer(.created)
    answer.body = Array("{\"id\":1}".utf8)
    answer.etag = "\"1.x\""
    answer.location = "/v1/orders/1"
    answer.isReplayed = true
    answer.links = [("next", "/v1/orders?after=a"), ("prev", "/v1/orders?before=b")]
    let received = try await Bench(.success(answer)).send(.post, "/v1/orders", Self.json, body: "{}")
    #expect(received.status == 201 && received.text == "{\"id\":1}")
    #expect(received.header("Content-Type") == "application/json")
    #expect(received.header("ETag") == "\"1.x\"" && received.header("Location") == "/v1/orders/1")
    #expect(received.header("Idempotency-Replayed") == "true")
    #expect(received.header("Link") == "</v1/orders?after=a>; rel=\"next\", </v1/orders?before=b>; rel=\"prev\"")
    #expect(received.header("Cache-Control") == "private, no-cache")
    #expect(received.header("Vary") == "Authorization, Cookie, Accept, Accept-Encoding")
    #expect(received.header("Content-Security-Policy") == "default-src 'none'; frame-ancestors 'none'")
    #expect(received.header("Strict-Transport-Security") == nil)
  }

  @Test("a cached answer is public only for nobody in particular")
  func caching() async throws {
    var answer = Answer(.ok)
    answer.cacheSeconds = 60
    #expect(try await Bench(.success(answer)).send(.get, "/v1/products").header("Cache-Control") == "public, max-age=60")
    var caller = Caller()
    caller.id = UUID(high: 1, low: 2)
    let known = try Bench(.success(answer), caller: .success(caller))
    #expect(try await known.send(.get, "/v1/products").header("Cache-Control") == "private, max-age=60")
  }

  @Test("a failure of the service is rendered with everything it knows")
  func failure() async throws {
    var failure = Failure(
      .wrongState, "pay is possible from pending",
      items: [.init(pointer: "/a\"b", code: "format", detail: "x"), .init(parameter: "p", code: "c", detail: "d")])
    failure.members = [("from", Array("[\"pending\"]".utf8))]
    failure.retryAfter = 3
    let received = try await Bench(.failure(failure)).send(.post, "/v1/orders/7/pay")
    #expect(
      received.text
        == """
        {"type":"http://localhost/problems/wrong_state","title":"The record is in another state","status":409,\
        "code":"wrong_state","detail":"pay is possible from pending","instance":"/v1/orders/7/pay",\
        "request_id":"\(received.header("X-Request-Id") ?? "")",\
        "errors":[{"pointer":"/a\\"b","code":"format","detail":"x"},{"parameter":"p","code":"c","detail":"d"}],\
        "from":["pending"]}
        """)
    #expect(received.header("Retry-After") == "3" && received.header("Cache-Control") == "no-store")
  }

  @Test("OPTIONS tells what is possible")
  func options() async throws {
    let bench = try Bench()
    let item = try await bench.send(.options, "/v1/products/1")
    #expect(item.status == 204 && item.header("Allow") == "GET, HEAD, PUT, PATCH, DELETE, OPTIONS")
    #expect(item.header("Accept-Patch") == "application/merge-patch+json, application/json-patch+json, application/json")
    let collection = try await bench.send(.options, "/v1/products")
    #expect(collection.header("Accept-Query") == "application/json")
    #expect(try await bench.send(.options, "*").status == 204)
    #expect(try await bench.send(.options, "/v1/nothing").status == 404)
  }

  @Test("health is told by status, dependency by dependency")
  func health() async throws {
    let well = try Bench()
    #expect(try await well.send(.get, "/health/live").text == "{\"status\":\"ok\"}")
    #expect(
      try await well.send(.get, "/health").text
        == "{\"status\":\"ok\",\"dependencies\":{\"store\":{\"status\":\"ok\",\"milliseconds\":1.234}}}")
    let states = [DependencyHealth(name: "store", isHealthy: true), DependencyHealth(name: "backup", isHealthy: false, isEssential: false)]
    let behind = try Bench(health: FakeHealth(states: states))
    #expect(try await behind.send(.get, "/health/ready").status == 200)
    let told = try await behind.send(.get, "/health")
    #expect(told.status == 200)
    #expect(told.text == #"{"status":"ok","dependencies":{"store":{"status":"ok"},"backup":{"status":"failing"}}}"#)
    let ill = try Bench(health: FakeHealth(states: [DependencyHealth(name: "store", isHealthy: false)]))
    #expect(try await ill.send(.get, "/health").status == 503)
    #expect(try await ill.send(.get, "/health/ready").status == 503)
    #expect(try await ill.send(.get, "/health/live").status == 200)
    let ending = try Bench(health: FakeHealth(isDraining: true))
    #expect(try await ending.send(.get, "/health/ready").text == "{\"status\":\"draining\"}")
    #expect(try await ending.send(.get, "/health/live").status == 200)
  }

  @Test("one line is logged for each request, without its path")
  func log() async throws {
    var answer = Answer(.ok)
    answer.statements = 3
    answer.body = [0x7b, 0x7d]
    let metrics = ServiceMetrics()
    let bench = try Bench(.success(answer), metrics: metrics)
    _ = try await bench.send(.get, "/v1/orders/secret", [("X-Request-Id", "r")])
    _ = try await bench.send(.get, "/v1/secret")
    let all = bench.logged.all
    #expect(all.map(\.route) == ["/v1/orders/{id}", "unmatched"] && all.map(\.status) == [200, 404])
    #expect(all[0].statements == 3 && all[0].bytes == 2 && all[0].requestID == "r" && all[0].method == "GET")
    let text = String(decoding: metrics.registry.render(), as: UTF8.self)
    #expect(text.contains(text: #"martlet_http_requests_total{method="GET",route="/v1/orders/{id}",status="200"} 1"#))
  }

  @Test("the documents of the service have an ETag, and are not sent again where it is known")
  func documents() async throws {
    let bench = try Bench()
    for path in [
      "/v1/openapi.json", "/v1/openapi.yaml", "/docs", "/docs/app.js", "/docs/style.css", "/docs/icon.svg", "/problems",
      "/problems/not_found",
    ] {
      let first = try await bench.send(.get, path)
      #expect(first.status == 200 && !first.text.isEmpty, "\(path)")
      let tag = try #require(first.header("ETag"))
      let again = try await bench.send(.get, path, [("If-None-Match", tag)])
      #expect(again.status == 304 && again.text.isEmpty)
    }
  }

  @Test("TLS is insisted on where it is spoken")
  func strictTransport() async throws {
    let bench = try Bench { $0.isSecure = true }
    let received = try await bench.send(.get, "/health/live")
    #expect(received.header("Strict-Transport-Security") == "max-age=63072000; includeSubDomains")
    #expect(try await bench.send(.get, "/v1/x").member("type") == "https://localhost/problems/not_found")
  }

  @Test("a history has its own parameters, and is only read")
  func history() async throws {
    let bench = try Bench()
    let answer = try await bench.send(.get, "/v1/orders/7/history?limit=5&after=x&sort=id")
    #expect(answer.status == 200)
    let asked = try #require(bench.operations.asked.last)
    var parameters = HistoryParameters()
    (parameters.limit, parameters.after, parameters.others) = ("5", "x", ["sort"])
    #expect(asked.action == .history(parameters) && asked.key == "7" && asked.resource == "orders")
    let refused = try await bench.send(.post, "/v1/orders/7/history", body: "{}")
    #expect(refused.status == 405 && refused.header("Allow") == "GET, HEAD, OPTIONS")
    _ = try await bench.send(.get, "/v1/orders/7?at=2026-01-01T00%3A00%3A00Z&fields=id")
    var read = ReadParameters()
    (read.at, read.fields) = ("2026-01-01T00:00:00Z", "id")
    #expect(bench.operations.asked.last?.action == .read(read))
    #expect(bench.logged.all.first?.route == "/v1/orders/{id}/history")
  }
}
