import Base
import HTTP
import Service
import Telemetry
import Testing

@testable import REST

@Suite("REST exports") struct ExportTests {
  private static func bench(_ result: Result<Answer, Failure>, transfers: Int = 32) throws -> Bench {
    try Bench(result) { $0.transfersMax = transfers }
  }

  private static var text: Answer {
    var answer = Answer(.ok)
    answer.body = Array("{\"id\":1}\n".utf8)
    return answer
  }

  @Test(
    "the form that is liked best is sent; JSON where nothing is liked better",
    arguments: [
      ("text/csv", "text/csv; charset=utf-8; header=present"), ("application/x-ndjson", "application/x-ndjson"),
      ("application/json;q=0.5, text/csv", "text/csv; charset=utf-8; header=present"),
      ("text/*", "text/csv; charset=utf-8; header=present"), ("text/html, */*;q=0.8", nil), ("application/*", nil),
      ("application/json, text/csv", nil), ("text/csv;q=0.1, application/json;q=0.2", nil), ("*/*", nil),
    ] as [(String, String?)])
  func forms(accept: String, type: String?) async throws {
    let bench = try ExportTests.bench(.success(ExportTests.text))
    let answer = try await bench.send(.get, "/v1/products?price=1", [("Accept", accept)])
    #expect(answer.status == 200)
    #expect(answer.header("Content-Type") == type ?? "application/json")
    guard type != nil else { return }
    guard case .stream(nil, _) = answer.response.body else {
      Issue.record("no stream")
      return
    }
    #expect(answer.header("Cache-Control") == "private, no-store")
    #expect(answer.header("X-Content-Type-Options") == "nosniff")
    #expect(answer.header("Content-Disposition")?.hasPrefix("attachment; filename=\"products.") == true)
    guard case .list(let parameters)? = bench.operations.asked.first?.action else {
      Issue.record("no list")
      return
    }
    #expect(parameters.equals.map(\.name) == ["price"])
  }

  @Test("what fails before the first page is a problem document")
  func refused() async throws {
    let bench = try ExportTests.bench(.failure(Failure(.forbidden, "You may not export products")))
    let answer = try await bench.send(.get, "/v1/products", [("Accept", "text/csv")])
    #expect(answer.status == 403)
    #expect(answer.code == "forbidden")
    #expect(bench.logged.all.map(\.status) == [403])
    #expect(try await bench.send(.get, "/v1/products/7", [("Accept", "text/csv")]).status == 406)
    #expect(try await bench.send(.query, "/v1/products", [("Accept", "text/csv")], body: "{}").status == 406)
  }

  @Test("an answer that nobody sends is logged as abandoned, and its place is free again")
  func places() async throws {
    let bench = try ExportTests.bench(.success(ExportTests.text), transfers: 1)
    var first: Received? = try await bench.send(.get, "/v1/products", [("Accept", "text/csv")])
    #expect(first?.status == 200)
    #expect(bench.logged.all.isEmpty)
    let second = try await bench.send(.get, "/v1/products", [("Accept", "text/csv")])
    #expect(second.status == 503)
    #expect(second.header("Retry-After") == "5")
    first = nil
    #expect(bench.logged.all.map(\.status) == [503, 499])
    #expect(try await bench.send(.head, "/v1/products", [("Accept", "text/csv")]).status == 200)
    #expect(bench.logged.all.map(\.status) == [503, 499, 200])
    #expect(try await bench.send(.get, "/v1/products", [("Accept", "text/csv")]).status == 200)
  }
}
