import HTTP
import Reactor
import Synchronization
import Testing

@Suite struct HTTPBodyTests {
  /// Answers with the body's bytes and how it was read.
  private static let echo: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
    do throws(HTTPBodyError) {
      if request.path == "/pieces" {
        var reader = request.body.makeReader()
        var sum: [UInt8] = []
        while let piece = try await reader.next() { sum += piece }
        return HTTPResponse(200, body: .bytes(sum))
      }
      return HTTPResponse(200, body: .bytes(try await request.body.collect(upTo: 1000)))
    } catch {
      return .text(error.status, "\(error)")
    }
  }

  @Test(arguments: ["/", "/pieces"])
  func bodiesAreReadHoweverTheyCome(path: String) async throws {
    try await withServer(handler: HTTPBodyTests.echo) { live in
      let client = try live.connect()
      await client.send("POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
      #expect(await client.receive(until: "hello").hasSuffix("\r\n\r\nhello"))
      // The head first, the body in two parts.
      await client.send("POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n")
      await client.send("wo")
      await client.send("rld!")
      #expect(await client.receive(until: "world!").hasSuffix("\r\n\r\nworld!"))
      await client.send("POST \(path) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
      await client.send("3\r\ndef\r\n0\r\n\r\n")
      #expect(await client.receive(until: "abcdef").hasSuffix("\r\n\r\nabcdef"))
    }
  }

  @Test func aClientThatExpects100IsToldToGoOn() async throws {
    try await withServer(handler: HTTPBodyTests.echo) { live in
      let client = try live.connect()
      await client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
      #expect(await client.receive(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
      await client.send("hello")
      #expect(await client.receive(until: "hello").hasPrefix("HTTP/1.1 200 OK\r\n"))
    }
  }

  @Test func aBodyThatIsNotWantedIsNotAskedFor() async throws {
    try await withServer(handler: { _ in .text(401, "no") }) { live in
      let answer = try await live.connect().exchange(
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 401 Unauthorized\r\n"))
      #expect(answer.contains("\r\nConnection: close\r\n"))
    }
  }

  @Test func aBodyOverTheLimitIs413BeforeItIsRead() async throws {
    try await withServer(handler: HTTPBodyTests.echo) { live in
      let answer = try await live.connect().exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 413 Content Too Large\r\n"))
      #expect(answer.contains("Connection: close"))
    }
  }

  @Test func aChunkedBodyOverTheLimitIs413WhenItGetsThere() async throws {
    try await withServer(handler: HTTPBodyTests.echo) { live in
      let client = try live.connect()
      await client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
      await client.send("3e8\r\n" + String(repeating: "a", count: 1000) + "\r\n")
      await client.send("1\r\nb\r\n")
      #expect(await client.receive().hasPrefix("HTTP/1.1 413 Content Too Large\r\n"))
    }
  }

  @Test func aBrokenChunkReachesTheReader() async throws {
    try await withServer(handler: HTTPBodyTests.echo) { live in
      let answer = try await live.connect().exchange("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
      #expect(live.server.counters().parseErrors == 1)
    }
  }

  @Test func whatAHandlerDoesNotReadIsThrownAway() async throws {
    try await withServer(handler: { .text(200, $0.path) }) { live in
      let client = try live.connect()
      await client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\n")
      #expect(await client.receive(until: "/a").hasPrefix("HTTP/1.1 200 OK\r\n"))
      await client.send(String(repeating: "x", count: 30_000) + "GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(await client.receive(until: "/b").hasPrefix("HTTP/1.1 200 OK\r\n"))
    }
  }

  @Test func tooMuchUnreadBodyEndsTheConnection() async throws {
    try await withServer(handler: { .text(200, $0.path) }) { live in
      let client = try live.connect()
      await client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n")
      #expect(await client.receive().contains("Connection: close\r\n"))
    }
  }

  @Test func aFastSenderWaitsForASlowHandler() async throws {
    let largest = Box(Mutex(0))
    let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
      var reader = request.body.makeReader()
      var sum = 0
      do throws(HTTPBodyError) {
        while let piece = try await reader.next() {
          sum += piece.count
          largest.value.withLock { $0 = max($0, piece.count) }
          for _ in 0..<10 { await Task.yield() }
        }
      } catch {
        return .text(error.status, "\(error)")
      }
      return .text(200, "\(sum)")
    }
    try await withServer(handler: handler) { live in
      let client = try live.connect()
      await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\nConnection: close\r\n\r\n")
      async let sent: Void = client.send([UInt8](repeating: 0x61, count: 8_000_000))
      #expect(await client.receive().hasSuffix("\r\n\r\n8000000"))
      await sent
    }
    // The buffer's bound, and at most one read more.
    #expect(largest.value.withLock { $0 } <= 128 * 1024)
  }

  @Test func aReaderThatOutlivesItsRequestReadsNothing() async throws {
    let kept = Box(Mutex<HTTPBody?>(nil))
    let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
      if let old = kept.value.withLock({ $0 }) {
        do throws(HTTPBodyError) { _ = try await old.collect(upTo: 10) } catch { return .text(200, "\(error)") }
      }
      kept.value.withLock { $0 = request.body }
      return .text(200, "first")
    }
    try await withServer(handler: handler) { live in
      let client = try live.connect()
      await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe")
      _ = await client.receive(until: "first")
      await client.send("lloPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhe")
      #expect(await client.receive().hasSuffix("unreadable"))
    }
    // The body holds its connection, which holds the handler.
    kept.value.withLock { $0 = nil }
  }
}
