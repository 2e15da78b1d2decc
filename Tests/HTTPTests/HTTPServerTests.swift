import HTTP
import Reactor
import Synchronization
import Testing

@Suite struct HTTPServerTests {
  private static let hello: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
    HTTPResponse(200, headers: HTTPHeaders("Content-Type: text/plain\r\n"), body: .bytes(Array(request.path.utf8)))
  }

  @Test func aRequestIsAnswered() async throws {
    try await withServer(handler: HTTPServerTests.hello) { live in
      let answer = try await live.connect().exchange("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      #expect(
        answer.withoutDate
          == "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 2\r\n\r\n/a")
      #expect(answer.contains("\r\nDate: "))
    }
  }

  @Test func aRefusalBehindAHeadRequestHasItsBody() async throws {
    try await withServer(handler: HTTPServerTests.hello) { live in
      let answer = try await live.connect().exchange("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\nbad\r\n\r\n")
      let refusal = try #require(answer.split(separator: "HTTP/1.1 ").last)
      let parts = refusal.split(separator: "\r\n\r\n")
      #expect(refusal.hasPrefix("400 ") && parts.count == 2)
      #expect(parts[0].contains("Content-Length: \(parts[1].utf8.count)") && !parts[1].isEmpty)
    }
  }

  @Test func aConnectionIsKept() async throws {
    try await withServer(handler: HTTPServerTests.hello) { live in
      let client = try live.connect()
      for path in ["/a", "/b", "/c"] {
        await client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(await client.receive(until: path).hasSuffix("Content-Length: 2\r\n\r\n\(path)"))
      }
      #expect(live.server.counters().connectionsAccepted == 1)
      #expect(live.server.counters().requests == 3)
    }
  }

  @Test func pipelinedRequestsAreAnsweredInTheirOrder() async throws {
    let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
      // Every other one takes a turn of the loop.
      if request.path.utf8.count % 2 == 0 { await Task.yield() }
      return HTTPResponse(200, body: .bytes(Array(request.path.utf8)))
    }
    try await withServer(handler: handler) { live in
      let client = try live.connect()
      let count = 3000
      var text = ""
      for number in 0..<count { text += "GET /\(number) HTTP/1.1\r\nHost: a\r\n\r\n" }
      text += "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
      async let sent: Void = client.send(text)
      let answer = await client.receive()
      await sent
      let paths = answer.components(separatedBy: "\r\n\r\n").dropFirst().map { $0.prefix { $0 != "H" } }
      #expect(paths.count == count + 1)
      #expect(zip(paths, 0..<count).allSatisfy { $0 == "/\($1)" })
      #expect(paths.last == "/last")
    }
  }

  @Test func whatIsPipelinedBehindASlowRequestIsBounded() async throws {
    let gate = Box(Mutex(false))
    let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
      while !gate.value.withLock({ $0 }) { await Task.yield() }
      return HTTPResponse(204)
    }
    try await withServer(configure: { $0.limits.sweepInterval = .seconds(1) }, handler: handler) { live in
      let client = try live.connect()
      let request = "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 4000))\r\n\r\n"
      let count = 10_000
      let bytes = Array(String(repeating: request, count: count).utf8)
      // What the kernel holds in both directions, and the bound: no more goes in, however long one tries. A loop that has
      // not had its turn yet has not been tried.
      var sent = 0
      var idle = 0
      while idle < 2000 || live.server.counters().requests == 0 {
        let more = client.sendWhatFits(bytes[sent...])
        sent += more
        idle = more == 0 ? idle + 1 : 0
        await Task.yield()
      }
      #expect(sent < bytes.count / 2)
      #expect(live.server.counters().requests == 1)
      gate.value.withLock { $0 = true }
      let rest = Array(bytes[sent...]) + Array("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8)
      async let done: Void = client.send(rest)
      let answer = await client.receive()
      await done
      #expect(answer.components(separatedBy: "HTTP/1.1 204").count == count + 2)
    }
  }

  @Test(arguments: [
    ("GET /%20 HTTP/1.1\r\n\r\n", "400 Bad Request"),
    ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "400 Bad Request"),
    ("GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", "417 Expectation Failed"),
    ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505 HTTP Version Not Supported"),
  ])
  func whatIsRefusedEndsTheConnection(request: String, status: String) async throws {
    let seen = Mutex<[HTTPRefusal]>([])
    let box = Box(seen)
    try await withServer(
      onRefusal: { refusal in
        box.value.withLock { $0.append(refusal) }
        return .text(refusal.status, "refused: \(refusal.status)")
      }, handler: HTTPServerTests.hello
    ) { live in
      let answer = try await live.connect().exchange(request + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 \(status)\r\n"))
      #expect(answer.contains("\r\nConnection: close\r\n"))
      #expect(answer.hasSuffix("\r\n\r\nrefused: \(status.prefix(3))"))
      #expect(live.server.counters().parseErrors == 1)
      #expect(live.server.counters().requests == 0)
    }
    #expect(box.value.withLock { $0.count } == 1)
  }

  /// The request in flight ends with the handler that it began with, the next one of its connection meets the other.
  @Test func aHandlerIsReplacedBetweenTheRequestsOfAConnection() async throws {
    let (begun, sawBegin) = AsyncStream<Void>.makeStream()
    let (allowed, allow) = AsyncStream<Void>.makeStream()
    try await withServer(
      loops: 2,
      handler: { _ in
        sawBegin.yield()
        for await _ in allowed { break }
        return .text(200, "old")
      },
      { live in
        let client = try live.connect()
        await client.send(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        for await _ in begun { break }
        live.server.replace(handler: ClosureHandler { _ in .text(200, "new") })
        // Once every loop has taken it.
        for loop in live.group.loops { await Task(executorPreference: loop) {}.value }
        allow.yield()
        await client.send(Array("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8))
        let answer = await client.receive()
        #expect(answer.components(separatedBy: "\r\n\r\n").dropFirst().map { $0.prefix(3) } == ["old", "new"])
      })
  }

  @Test func headHasTheHeadersOfGetAndNoBody() async throws {
    try await withServer(handler: HTTPServerTests.hello) { live in
      let answer = try await live.connect().exchange("HEAD /abc HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      #expect(answer.hasSuffix("Content-Length: 4\r\n\r\n"))
    }
  }

  @Test(arguments: [204, 304])
  func someStatusesHaveNeitherBodyNorLength(status: Int) async throws {
    try await withServer(handler: { _ in HTTPResponse(status, body: .bytes([0x61])) }) { live in
      let answer = try await live.connect().exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      #expect(answer.hasSuffix("Connection: close\r\n\r\n"))
      #expect(!answer.contains("Content-Length"))
    }
  }

  @Test func oldClientsAreServed() async throws {
    try await withServer(handler: HTTPServerTests.hello) { live in
      let answer = try await live.connect().exchange("GET /a HTTP/1.0\r\n\r\n")
      #expect(answer.hasSuffix("Connection: close\r\nContent-Length: 2\r\n\r\n/a"))
      let client = try live.connect()
      await client.send("GET /b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
      #expect(await client.receive(until: "/b").contains("Connection: keep-alive\r\n"))
    }
  }

  @Test func aValueCannotBeginANewHeader() async throws {
    try await withServer(handler: { _ in
      var headers = HTTPHeaders()
      headers.add("Location", "/a\r\nSet-Cookie: b=c\n")
      return HTTPResponse(200, headers: headers)
    }) { live in
      let answer = try await live.connect().exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      #expect(answer.contains("Location: /a  Set-Cookie: b=c \r\n"))
    }
  }

  @Test func theHandlerSeesThePeer() async throws {
    try await withServer(handler: { .text(200, $0.peer) }) { live in
      let answer = try await live.connect().exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      #expect(answer.hasSuffix("\r\n\r\n127.0.0.1"))
    }
  }

  @Test func allLoopsServe() async throws {
    try await withServer(loops: 2, handler: { _ in .text(200, "\(EventLoop.current?.index ?? -1)") }) { live in
      var seen: Set<String> = []
      for _ in 0..<64 {
        let answer = try await live.connect().exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        seen.insert(String(answer.suffix(1)))
      }
      #expect(seen == ["0", "1"])
    }
  }
}

/// Lends something that cannot be copied to several closures.
final class Box<T: ~Copyable & Sendable>: Sendable {
  let value: T
  init(_ value: consuming T) { self.value = value }
}

extension StringProtocol where SubSequence == Substring {
  func components(separatedBy separator: String) -> [Substring] {
    var parts: [Substring] = []
    var rest = self[...]
    while let range = rest.firstRange(of: separator) {
      parts.append(rest[..<range.lowerBound])
      rest = rest[range.upperBound...]
    }
    parts.append(rest)
    return parts
  }
}
