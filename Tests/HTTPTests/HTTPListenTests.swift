import HTTP
import Reactor
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@Suite struct HTTPListenTests {
  private static let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { .text(200, "at \($0.peer)") }
  private let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

  private func reason(_ address: ListenAddress, loops: Int = 1) async throws -> String {
    do {
      return try await withServer(loops: loops, at: address, handler: HTTPListenTests.handler) { _ in "listens" }
    } catch let error as ReactorError {
      return error.description
    }
  }

  @Test(arguments: [1, 2])
  func aPortInUseIsAClearError(loops: Int) async throws {
    try await withServer(loops: loops, handler: HTTPListenTests.handler) { live in
      guard case .tcp(_, let port) = live.address else { return }
      #expect(port > 0)
      let answer1 = try await reason(live.address, loops: loops)
      #expect(answer1 == "listening on 127.0.0.1:\(port): address already in use")
    }
  }

  @Test func whatCannotBeAnAddressIsAClearError() async throws {
    let answer2 = try await reason(.tcp(host: "192.0.2.1", port: 0))
    #expect(answer2 == "listening on 192.0.2.1:0: address not available")
    let answer3 = try await reason(.tcp(host: "not a host", port: 80))
    #expect(answer3 == "listening on not a host:80: unknown node or service")
    let answer4 = try await reason(.tcp(host: "127.0.0.1", port: 65536))
    #expect(answer4 == "listening on 127.0.0.1:65536: invalid argument")
    let path = "/tmp/" + String(repeating: "a", count: 200)
    let answer5 = try await reason(.unix(path: path))
    #expect(answer5 == "listening on unix:\(path): name too long")
  }

  @Test func localhostAndIPv6AreServed() async throws {
    try await withServer(at: .tcp(host: "localhost", port: 0), handler: HTTPListenTests.handler) { live in
      guard case .tcp(_, let port) = live.address else { return }
      let answer6 = try await Client(.tcp(host: "127.0.0.1", port: port)).exchange(request)
      #expect(answer6.hasSuffix("at 127.0.0.1"))
    }
    try await withServer(at: .tcp(host: "::1", port: 0), handler: HTTPListenTests.handler) { live in
      let answer7 = try await live.connect().exchange(request)
      #expect(answer7.hasSuffix("at ::1"))
      #expect(live.address.description.hasPrefix("[::1]:"))
    }
  }

  @Test(arguments: [1, 2])
  func aUnixSocketIsServedAndRemoved(loops: Int) async throws {
    let path = "/tmp/martlet-test-\(getpid())-\(loops).sock"
    for _ in 0..<2 {
      try await withServer(loops: loops, at: .unix(path: path), handler: HTTPListenTests.handler) { live in
        for _ in 0..<4 {
          let answer8 = try await live.connect().exchange(request)
          #expect(answer8.hasSuffix("at unix"))
        }
        let answer9 = try await reason(.unix(path: path))
        #expect(answer9 == "listening on unix:\(path): address already in use")
      }
      #expect(access(path, F_OK) != 0)
    }
  }

  @Test func aStaleSocketFileIsReplacedAndAnyOtherFileIsNot() async throws {
    let path = "/tmp/martlet-test-\(getpid())-stale.sock"
    let sockets = try ListenSocket.open(.unix(path: path), count: 1, backlog: 1)
    // Its process dies: the file stays behind.
    _ = close(sockets[0].descriptor)
    #expect(access(path, F_OK) == 0)
    try await withServer(at: .unix(path: path), handler: HTTPListenTests.handler) { live in
      let answer10 = try await live.connect().exchange(request)
      #expect(answer10.hasSuffix("at unix"))
    }
    let file = open(path, O_CREAT | O_WRONLY, 0o600)
    _ = close(file)
    let answer11 = try await reason(.unix(path: path))
    #expect(answer11 == "listening on unix:\(path): address already in use")
    #expect(access(path, F_OK) == 0)
    unlink(path)
  }

  @Test func tooManyConnectionsAreTurnedAway() async throws {
    try await withServer(configure: { $0.limits.connectionsMax = 2 }, handler: HTTPListenTests.handler) { live in
      let kept = [try live.connect(), try live.connect()]
      while live.server.counters().connectionsOpen < 2 { await Task.yield() }
      let answer12 = try await live.connect().receive()
      #expect(answer12.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
      #expect(live.server.counters().connectionsRefused == 1)
      for client in kept { #expect(await client.exchange(request).hasPrefix("HTTP/1.1 200")) }
      while live.server.counters().connectionsOpen > 0 { await Task.yield() }
      let answer13 = try await live.connect().exchange(request)
      #expect(answer13.hasPrefix("HTTP/1.1 200"))
    }
  }
}
