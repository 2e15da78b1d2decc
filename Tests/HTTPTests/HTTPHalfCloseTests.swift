import HTTP
import Reactor
import Synchronization
import Testing

/// RFC 9112 section 9.6: a client may shut its side after its last request and still wants the answers.
@Suite struct HTTPHalfCloseTests {
  private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

  private static func post(_ length: Int, _ body: String) -> String {
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n\(body)"
  }

  /// Statuses and bodies of what came, in order.
  private static func answers(_ text: String) -> [String] {
    text.components(splitBy: "HTTP/1.1 ").map { answer in
      let parts = answer.components(splitBy: "\r\n\r\n")
      return String(answer.prefix(3)) + " " + (parts.count > 1 ? parts[1] : "")
    }
  }

  @Test(arguments: [
    (get, ["200 GET "]), (post(5, "hello"), ["200 POST hello"]), (get + post(2, "hi") + get, ["200 GET ", "200 POST hi", "200 GET "]),
    (get + "GET / HT", ["200 GET "]), (get + post(5, "he"), ["200 GET ", "400 "]),
    (get + "GET /\u{01} HTTP/1.1\r\n\r\n", ["200 GET ", "400 The request line is not valid.\n"]), ("GET / HT", [String]()),
  ])
  func `what came whole is answered, then the connection closes`(_ sent: String, _ expected: [String]) async throws {
    try await withServer(handler: { request in
      do throws(HTTPBodyError) {
        return .text(200, request.method.name + " " + String(decoding: try await request.body.collect(upTo: 100), as: UTF8.self))
      } catch { return HTTPResponse(400) }
    }) { live in
      let client = try live.connect()
      await client.send(sent)
      client.shutDown()
      let found = Self.answers(await client.receive())
      #expect(found.map { $0.hasPrefix("400 ") ? "400" : $0 } == expected.map { $0.hasPrefix("400 ") ? "400" : $0 })
      while live.server.counters().connectionsOpen > 0 { await Task.yield() }
    }
  }

  @Test func `a handler that runs when the client shuts its side goes on, and its answer says close`() async throws {
    let gate = Box(Mutex(false))
    try await withServer(handler: { request in
      while request.path == "/" && !gate.value.withLock({ $0 }) { await Task.yield() }
      return .text(200, Task.isCancelled ? "cancelled" : "done")
    }) { live in
      let client = try live.connect()
      await client.send(Self.get)
      while live.server.counters().requests == 0 { await Task.yield() }
      client.shutDown()
      // Once a later connection is answered, the loop has seen this one's end.
      #expect(try await live.connect().exchange("GET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").hasSuffix("done"))
      gate.value.withLock { $0 = true }
      let answer = await client.receive()
      #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.hasSuffix("done"))
      #expect(live.server.counters().abandoned == 0)
    }
  }

  @Test func `a stream goes on after the client shut its side`() async throws {
    let gate = Box(Mutex(false))
    try await withServer(handler: { _ in
      HTTPResponse(
        200,
        body: .stream(length: nil) { writer in
          try await writer.write(Array("first ".utf8))
          while !gate.value.withLock({ $0 }) { await Task.yield() }
          for _ in 0..<100 { try await writer.write([UInt8](repeating: 0x78, count: 10_000)) }
        })
    }) { live in
      let client = try live.connect()
      await client.send(Self.get)
      _ = await client.receive(until: "first \r\n")
      client.shutDown()
      gate.value.withLock { $0 = true }
      let rest = await client.receive()
      #expect(rest.utf8.count > 1_000_000 && rest.hasSuffix("0\r\n\r\n"))
    }
  }

  @Test func `a client that shut its side and is then gone cancels its request`() async throws {
    let ended = Box(Mutex(false))
    try await withServer(handler: { _ in
      while !Task.isCancelled { await Task.yield() }
      ended.value.withLock { $0 = true }
      return .text(500, "nobody is there")
    }) { live in
      let client = try live.connect()
      await client.send(Self.get)
      while live.server.counters().requests == 0 { await Task.yield() }
      client.shutDown()
      client.reset()
      while live.server.counters().connectionsOpen > 0 { await Task.yield() }
      #expect(live.server.counters().abandoned == 1)
    }
    #expect(ended.value.withLock { $0 })
  }
}

extension String {
  fileprivate func components(splitBy separator: String) -> [String] {
    split(separator: separator, omittingEmptySubsequences: true).map(String.init)
  }
}
