import HTTP
import Reactor
import Synchronization
import Testing

/// The clocks, over real sockets, with times of some milliseconds. The rules behind them: `ConnectionStateTests`.
@Suite struct HTTPTimeTests {
  /// Waits for its own cancellation, as a store's call does.
  private static let endless: @Sendable (HTTPRequest) async -> HTTPResponse = { _ in
    await waitForCancellation()
    return .text(500, "cancelled")
  }

  private static func waitForCancellation() async {
    let waiter = Box(Mutex<CheckedContinuation<Void, Never>?>(nil))
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if Task.isCancelled { continuation.resume() } else { waiter.value.withLock { $0 = continuation } }
      }
    } onCancel: {
      waiter.value.withLock { continuation in
        continuation?.resume()
        continuation = nil
      }
    }
  }

  @Test func aHeadThatDoesNotComeIs408() async throws {
    try await withServer(configure: { $0.limits.headTimeMax = .milliseconds(50) }, handler: HTTPTimeTests.endless) { live in
      let answer = try await live.connect().exchange("GET / HTTP/1.1\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
      #expect(live.server.counters().timeouts == 1)
      // A connection that says nothing gets nothing.
      #expect(try await live.connect().receive() == "")
    }
  }

  @Test func anIdleConnectionIsClosed() async throws {
    try await withServer(configure: { $0.limits.idleTimeMax = .milliseconds(50) }, handler: { _ in .text(200, "x") }) { live in
      let client = try live.connect()
      await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(await client.receive().hasSuffix("\r\n\r\nx"))
      #expect(live.server.counters().timeouts == 0)
    }
  }

  @Test func aHandlerThatTakesTooLongIs504AndCancelled() async throws {
    let refusals = Box(Mutex<[Int]>([]))
    try await withServer(
      configure: { $0.limits.handlerTimeMax = .milliseconds(50) },
      onRefusal: { refusal in
        refusals.value.withLock { $0.append(refusal.status) }
        return .text(refusal.status, refusal.detail)
      }, handler: HTTPTimeTests.endless
    ) { live in
      let answer = try await live.connect().exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 504 Gateway Timeout\r\n"))
      #expect(!answer.contains("cancelled"))
    }
    #expect(refusals.value.withLock { $0 } == [504])
  }

  @Test func aBodyThatDoesNotComeReachesItsReader() async throws {
    try await withServer(
      configure: { $0.limits.bodyTimeMax = .milliseconds(50) },
      handler: { request in
        do throws(HTTPBodyError) { _ = try await request.body.collect(upTo: 100) } catch {
          return .text(error.status, "\(error)")
        }
        return .text(200, "whole")
      }
    ) { live in
      let answer = try await live.connect().exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe")
      #expect(answer.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
      #expect(answer.contains("Connection: close"))
    }
  }

  @Test func aClientThatReadsNothingIsReset() async throws {
    try await withServer(
      configure: { $0.limits.writeStallMax = .milliseconds(50) },
      handler: { _ in HTTPResponse(200, body: .bytes([UInt8](repeating: 0x61, count: 50_000_000))) }
    ) { live in
      let client = try Client(live.address, receiveBuffer: 4096)
      await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      while live.server.counters().requests == 0 || live.server.counters().connectionsOpen > 0 { await Task.yield() }
      #expect(await client.receive().utf8.count < 50_000_000)
    }
  }

  @Test func aClientThatLeavesCancelsItsRequest() async throws {
    let ended = Box(Mutex(0))
    try await withServer(handler: { request in
      await HTTPTimeTests.waitForCancellation()
      ended.value.withLock { $0 += Task.isCancelled ? 1 : 100 }
      return .text(500, "nobody is there")
    }) { live in
      let client = try live.connect()
      await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      while live.server.counters().requests == 0 { await Task.yield() }
      client.reset()
      while live.server.counters().connectionsOpen > 0 { await Task.yield() }
      #expect(live.server.counters().abandoned == 1)
    }
    #expect(ended.value.withLock { $0 } == 1)
  }

  @Test func aClientThatLeavesWithinABodyIsTold() async throws {
    let seen = Box(Mutex<[HTTPBodyError]>([]))
    try await withServer(handler: { request in
      do throws(HTTPBodyError) { _ = try await request.body.collect(upTo: 100) } catch {
        seen.value.withLock { $0.append(error) }
      }
      return .text(200, "x")
    }) { live in
      let client = try live.connect()
      await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe")
      while live.server.counters().requests == 0 { await Task.yield() }
      client.shutDown()
      while live.server.counters().connectionsOpen > 0 { await Task.yield() }
    }
    #expect(seen.value.withLock { $0 } == [.disconnected])
  }

  @Test func drainLetsEndWhatRunsAndClosesWhatIsIdle() async throws {
    let gate = Box(Mutex(false))
    try await withServer(handler: { request in
      while request.path == "/slow" && !gate.value.withLock({ $0 }) { await Task.yield() }
      return .text(200, "done")
    }) { live in
      let idle = try live.connect()
      await idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      _ = await idle.receive(until: "done")
      let busy = try live.connect()
      await busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
      while live.server.counters().requests < 2 { await Task.yield() }
      async let drained: Void = live.server.drain(limit: .seconds(10))
      #expect(await idle.receive() == "")
      #expect(throws: Client.Failure.self) { try live.connect() }
      gate.value.withLock { $0 = true }
      let answer = await busy.receive()
      #expect(answer.contains("Connection: close\r\n") && answer.hasSuffix("done"))
      await drained
      #expect(live.server.counters().connectionsOpen == 0)
    }
  }

  @Test func drainCutsOffAtItsLimit() async throws {
    try await withServer(handler: HTTPTimeTests.endless) { live in
      let client = try live.connect()
      await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      while live.server.counters().requests == 0 { await Task.yield() }
      await live.server.drain(limit: .milliseconds(30))
      #expect(live.server.counters().connectionsOpen == 0)
      #expect(await client.receive() == "")
    }
  }
}
