import Base
import HTTP
import Service
import Testing

@testable import REST

@Suite("REST and the memory budget") struct MemoryTests {
  private static let headers = [(name: "Content-Type", value: "application/json")]

  @Test("where everything is used up a request is refused before anything is asked of the service") func exhausted() async throws {
    let memory = MemoryBudget(limit: 1_000_000)
    let bench = try Bench(memory: memory)
    let everything = memory.count(memory.limit)
    let requests = [(HTTPMethod.get, "/v1/products"), (.get, "/v1/products/1"), (.post, "/v1/products"), (.delete, "/v1/products/1")]
    for (method, path) in requests {
      let answer = try await bench.send(method, path, MemoryTests.headers, body: method == .post ? "{}" : "")
      #expect(answer.status == 503)
      #expect(answer.code == "overloaded")
      #expect(answer.header("Retry-After") == "1")
    }
    #expect(bench.operations.asked.isEmpty)
    #expect(bench.operations.authorizations.isEmpty)
    #expect(memory.refusals == 4)
    for path in ["/health", "/health/live", "/health/ready", "/metrics", "/v1/openapi.json", "/docs"] {
      #expect(try await bench.send(.get, path).status == 200, "\(path)")
    }
    _ = everything
  }

  @Test("a large body is refused where only the reserve is left; a small one is not") func largeBodies() async throws {
    let memory = MemoryBudget(limit: 10_000_000)
    let bench = try Bench(memory: memory)
    let filler = memory.count(memory.largeLimit - 500_000)
    let large = #"{"extra":[1"# + String(repeating: ",1", count: 20_000) + "]}"
    let refused = try await bench.send(.post, "/v1/products", MemoryTests.headers, body: large)
    #expect(refused.status == 503)
    #expect(refused.header("Retry-After") == "1")
    #expect(bench.operations.asked.isEmpty)
    #expect(memory.held == filler?.bytes)
    let small = try await bench.send(.post, "/v1/products", MemoryTests.headers, body: #"{"sku":"A"}"#)
    #expect(small.status == 200)
    #expect(bench.operations.asked.count == 1)
  }

  @Test("a large body is covered while its operation runs, and given back with it") func covered() async throws {
    let memory = MemoryBudget(limit: 100_000_000)
    let body = #"{"extra":[1"# + String(repeating: ",1", count: 20_000) + "]}"
    do {
      let bench = try Bench(memory: memory)
      _ = try await bench.send(.post, "/v1/products", MemoryTests.headers, body: body)
      let lease = try #require(bench.operations.asked.first?.lease)
      #expect(lease.bytes == JSONWeight.bytes(of: Array(body.utf8)))
      #expect(lease.bytes > body.utf8.count * 6)
      #expect(memory.held == lease.bytes)
    }
    #expect(memory.held == 0)
  }

  @Test("what covers an answer goes with it") func answers() async throws {
    let memory = MemoryBudget(limit: 100_000_000)
    var answer = Answer(.ok)
    answer.body = [UInt8](repeating: 0x20, count: 100_000)
    answer.lease = memory.count(100_000)
    let received = try await Bench(.success(answer), memory: memory).send(.get, "/v1/products/1")
    #expect(received.response.lease === answer.lease)
  }
}
