import Base
import HTTP
import Reactor
import Synchronization
import Testing

/// That whatever a connection holds is counted, and comes back on every way that it can end.
@Suite("A connection's memory", .timeLimit(.minutes(1))) struct HTTPMemoryTests {
  private static let size = 40_000_000

  /// Answers of 40 MB that are counted.
  private final class Large: Sendable {
    let memory = MemoryBudget(limit: 1 << 30)
    private let made = Atomic(0)

    var isMade: Bool { made.load(ordering: .acquiring) > 0 }

    func response() -> HTTPResponse {
      var response = HTTPResponse(200, body: .bytes([UInt8](repeating: 0x61, count: size)))
      response.lease = memory.count(size)
      made.add(1, ordering: .releasing)
      return response
    }
  }

  private static let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

  /// Runs a server that answers every request with the large answer, and looks that nothing is left when it has ended.
  private static func with(
    _ configure: (inout HTTPServerConfiguration) -> Void = { _ in }, _ body: (LiveServer, Large) async throws -> Void
  ) async throws {
    let large = Large()
    try await withServer(
      configure: {
        $0.memory = large.memory
        configure(&$0)
      }, handler: { _ in large.response() }
    ) { live in try await body(live, large) }
    #expect(large.memory.held == 0)
  }

  /// Waits until a reader that reads nothing holds its answer.
  private static func stuck(_ live: LiveServer, _ large: Large) async throws -> Client {
    let client = try Client(live.address, receiveBuffer: 4096)
    await client.send(request)
    // It may have come back already.
    while !large.isMade { await Task.yield() }
    return client
  }

  @Test("comes back when the answer was read") func read() async throws {
    try await HTTPMemoryTests.with { live, large in
      let client = try live.connect()
      await client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      #expect(await client.receive().utf8.count > HTTPMemoryTests.size)
      while large.memory.held > 0 { await Task.yield() }
    }
  }

  @Test("comes back when the client leaves") func left() async throws {
    try await HTTPMemoryTests.with { live, large in
      let client = try await HTTPMemoryTests.stuck(live, large)
      client.reset()
      while large.memory.held > 0 { await Task.yield() }
    }
  }

  @Test("comes back when the client reads nothing for too long") func stalled() async throws {
    try await HTTPMemoryTests.with({ $0.limits.writeStallMax = .milliseconds(100) }) { live, large in
      let client = try await HTTPMemoryTests.stuck(live, large)
      while large.memory.held > 0 { await Task.yield() }
      #expect(live.server.counters().timeouts == 1)
      _ = client
    }
  }

  @Test("comes back sooner from a client that reads nothing where memory is short") func stalledWhileTight() async throws {
    try await HTTPMemoryTests.with({ $0.limits.writeStallTightMax = .milliseconds(100) }) { live, large in
      let client = try await HTTPMemoryTests.stuck(live, large)
      let filler = large.memory.count(large.memory.limit)
      while large.memory.held > large.memory.limit { await Task.yield() }
      #expect(live.server.counters().timeouts == 1)
      _ = (client, filler)
    }
  }

  @Test("comes back when the server is drained") func drained() async throws {
    try await HTTPMemoryTests.with { live, large in
      let client = try await HTTPMemoryTests.stuck(live, large)
      await live.server.drain(limit: .milliseconds(50))
      while large.memory.held > 0 { await Task.yield() }
      _ = client
    }
  }

  @Test("of an answer without a body comes back at once", arguments: ["HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"])
  func head(request: String) async throws {
    try await HTTPMemoryTests.with { live, large in
      let client = try live.connect()
      await client.send(request)
      _ = await client.receive(until: "\r\n\r\n")
      while large.memory.held > 100_000 { await Task.yield() }
      #expect(live.server.counters().connectionsOpen == 1)
    }
  }

  @Test("counts requests that are carried out, bodies, heads and pipelined requests") func counted() async throws {
    let memory = MemoryBudget(limit: 1 << 30)
    let gate = Box(Mutex(false))
    try await withServer(
      configure: { $0.memory = memory },
      handler: { _ in
        while !gate.value.withLock({ $0 }) { await Task.yield() }
        return .text(200, "x")
      }
    ) { live in
      let idle = try live.connect()
      while memory.held == 0 { await Task.yield() }
      #expect(memory.held < 16 << 10, "an idle connection")
      let head = try live.connect()
      await head.send("GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: 12_000))
      while memory.held < 16_000 { await Task.yield() }
      let busy = try live.connect()
      await busy.send(HTTPMemoryTests.request)
      while memory.held < 16_000 + MemoryBudget.requestBytes { await Task.yield() }
      await busy.send(String(repeating: HTTPMemoryTests.request, count: 1000))
      while memory.held < 16_000 + MemoryBudget.requestBytes + 1000 * HTTPMemoryTests.request.utf8.count { await Task.yield() }
      let body = try live.connect()
      await body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n" + String(repeating: "y", count: 50_000))
      while memory.held < 66_000 + 2 * MemoryBudget.requestBytes + 1000 * HTTPMemoryTests.request.utf8.count { await Task.yield() }
      gate.value.withLock { $0 = true }
      _ = await busy.receive(until: "\r\n\r\nx")
      _ = (idle, head, body)
    }
    #expect(memory.held == 0)
  }

  @Test("however many requests a client sends at once, few of them wait", arguments: [1 << 30, 0]) func pipeline(limit: Int) async throws {
    let memory = MemoryBudget(limit: limit)
    let most = Box(Mutex(0))
    let count = 2_000
    try await withServer(
      configure: { $0.memory = memory },
      handler: { request in
        most.value.withLock { $0 = max($0, memory.held) }
        return .text(200, "answer \(request.query ?? "")")
      }
    ) { live in
      let client = try live.connect()
      let filler = String(repeating: "x", count: 8_000)
      var requests = ""
      for number in 0..<count { requests += "GET /?\(number) HTTP/1.1\r\nHost: a\r\nX: \(filler)\r\n\r\n" }
      async let sent: Void = client.send(requests)
      let answers = await client.receive(until: "answer \(count - 1)")
      await sent
      #expect(answers.split(separator: "HTTP/1.1 200 OK").count == count)
    }
    // One read more than may wait, in an array that grows by doubling; and one step of the account.
    #expect(most.value.withLock { $0 } < 600_000 + MemoryAccount.step)
    #expect(memory.held == 0)
  }

  @Test("a long body is refused while it comes where there is no room for it") func refusedBody() async throws {
    let memory = MemoryBudget(limit: 2 << 20)
    try await withServer(
      configure: { $0.memory = memory },
      handler: { request in
        do throws(HTTPBodyError) {
          return .text(200, "\(try await request.body.collect(upTo: 1 << 30).count)")
        } catch {
          return .text(error.status, "\(error)")
        }
      }
    ) { live in
      let small = String(repeating: "s", count: 10_000)
      let filler = memory.count(memory.largeLimit - 500_000)
      for framing in ["Content-Length: 3000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n2dc6c0\r\n"] {
        let client = try live.connect()
        await client.send("POST / HTTP/1.1\r\nHost: a\r\n" + framing + String(repeating: "y", count: 1_000_000))
        let answer = await client.receive(until: "overloaded")
        #expect(answer.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        #expect(answer.contains("Connection: close\r\n"))
        let other = try live.connect()
        await other.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n" + small)
        #expect(await other.receive(until: "10000").hasPrefix("HTTP/1.1 200 OK\r\n"))
      }
      #expect(memory.refusals == 2)
      _ = filler
    }
    #expect(memory.held == 0)
  }

  @Test("where memory is short less is read ahead, and every request is answered all the same") func tight() async throws {
    let memory = MemoryBudget(limit: 1 << 20)
    let filler = memory.count(memory.largeLimit + 1)
    let count = 3000
    try await withServer(configure: { $0.memory = memory }, handler: { request in .text(200, "answer \(request.query ?? "")") }) { live in
      let client = try live.connect()
      var requests = ""
      for number in 0..<count { requests += "GET /?\(number) HTTP/1.1\r\nHost: a\r\n\r\n" }
      async let sent: Void = client.send(requests)
      let answers = await client.receive(until: "answer \(count - 1)")
      await sent
      #expect(answers.split(separator: "HTTP/1.1 200 OK").count == count)
    }
    #expect(memory.held == filler?.bytes)
  }
}
