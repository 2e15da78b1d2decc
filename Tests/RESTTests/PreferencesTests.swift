import HTTP
import Service
import Testing

@testable import REST

@Suite("Prefer")
struct PreferencesTests {
  @Test(
    "what cannot be read, is not known or comes twice is passed over",
    arguments: [
      ("return=minimal", "minimal -"), ("RETURN = minimal", "minimal -"), ("return=\"minimal\"", "minimal -"),
      ("return=minimal; foo=\"a,b\"; bar, handling=lenient", "minimal lenient"),
      ("respond-async, wait=10, handling=strict", "- strict"), ("return=representation, return=minimal", "representation -"),
      ("return=, return=minimal", "- -"), ("return=Minimal", "minimal -"), ("foo=\"return=minimal, handling=lenient\"", "- -"),
      ("foo=\"never closed, return=minimal", "- -"), ("=,;=,\"\", , return=minimal", "minimal -"), ("", "- -"), ("return", "- -"),
      (String(repeating: "a,", count: 40) + "return=minimal", "minimal -"),
      ((0..<32).map { "a\($0)" }.joined(separator: ",") + ",return=minimal", "- -"),
    ])
  func reading(_ text: String, _ expected: String) {
    let read = Preferences(text)
    #expect("\(read.wanted?.rawValue ?? "-") \(read.handling?.rawValue ?? "-")" == expected)
  }

  private func answer(_ status: Answer.Status) -> Answer {
    var answer = Answer(status)
    if status != .noContent { answer.body = Array("{\"id\":1}".utf8) }
    answer.etag = "\"1.a\""
    if status == .created { answer.location = "/v1/orders/1" }
    return answer
  }

  @Test("a change is answered without its record where that is preferred")
  func minimal() async throws {
    let json = [(name: "Content-Type", value: "application/json"), (name: "Prefer", value: "return=minimal")]
    let made = try await Bench(.success(answer(.created))).send(.post, "/v1/products", json, body: "{}")
    #expect(made.status == 201 && made.text == "" && made.header("content-type") == nil)
    #expect(made.header("location") == "/v1/orders/1" && made.header("etag") == "\"1.a\"")
    #expect(made.header("preference-applied") == "return=minimal")
    for method in [HTTPMethod.patch, .put] {
      let changed = try await Bench(.success(answer(.ok))).send(method, "/v1/products/1", json, body: "{}")
      #expect(changed.status == 204 && changed.text == "" && changed.header("etag") == "\"1.a\"")
      #expect(changed.header("preference-applied") == "return=minimal")
    }
    let paid = try await Bench(.success(answer(.ok))).send(.post, "/v1/orders/7/pay", [json[1]])
    #expect(paid.status == 204)
    // What only shows something is not asked for to show nothing.
    for (method, body) in [(HTTPMethod.get, ""), (.query, "{}")] {
      let read = try await Bench(.success(answer(.ok))).send(method, "/v1/products", json, body: body)
      #expect(read.status == 200 && read.text == "{\"id\":1}" && read.header("preference-applied") == nil)
    }
  }

  @Test("what is done anyway is said, and what cannot be is not")
  func representation() async throws {
    let headers = [(name: "Content-Type", value: "application/json"), (name: "Prefer", value: "return=representation, handling=strict")]
    let changed = try await Bench(.success(answer(.ok))).send(.patch, "/v1/products/1", headers, body: "{}")
    #expect(changed.status == 200 && changed.text == "{\"id\":1}")
    #expect(changed.header("preference-applied") == "return=representation, handling=strict")
    let hidden = try await Bench(.success(answer(.noContent))).send(.patch, "/v1/products/1", headers, body: "{}")
    #expect(hidden.status == 204 && hidden.header("preference-applied") == "handling=strict")
    #expect(try await Bench(.success(answer(.ok))).send(.get, "/v1/products/1").header("preference-applied") == nil)
  }

  @Test("parameters that are not known are passed over where that is preferred, and nowhere else")
  func lenient() async throws {
    let lenient = [(name: "Prefer", value: "handling=lenient")]
    let bench = try Bench()
    let shown = try await bench.send(.get, "/v1/products/1?utm=x&fields=id", lenient)
    #expect(shown.status == 200 && shown.header("preference-applied") == "handling=lenient")
    #expect(bench.operations.asked.first?.isLenient == true)
    #expect(try await bench.send(.delete, "/v1/products/1?x=1", lenient).status == 200)
    #expect(try await bench.send(.delete, "/v1/products/1?x=1").status == 400)
    // A query that was once passed over is not taken for one that was checked.
    let list = try Bench()
    _ = try await list.send(.get, "/v1/products?x=1", lenient)
    _ = try await list.send(.get, "/v1/products?x=1")
    #expect(list.operations.asked.map(\.isLenient) == [true, false] && list.operations.asked.first?.parameters == nil)
    // What is wrong with a parameter that is known stays wrong, and so does a body.
    #expect(try await bench.send(.get, "/v1/products?a=%zz", lenient).status == 400)
    #expect(try await bench.send(.get, "/v1/products?a=1&a=2", lenient).status == 400)
  }

  @Test("a shared cache is told where an answer depends on it")
  func caches() async throws {
    var cached = answer(.ok)
    cached.cacheSeconds = 60
    #expect(try await Bench(.success(cached)).send(.get, "/v1/products").header("vary")?.hasSuffix(", Prefer") == true)
  }
}
