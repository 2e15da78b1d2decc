package import Reactor
import Synchronization

/// An HTTP/1.1 server on the loops of a group.
package final class HTTPServer: Sendable {
  private let group: EventLoopGroup
  private let addresses: [ListenAddress]
  private let configuration: HTTPServerConfiguration
  private let parts: [LoopServer]
  private let shared = HTTPServerShared()
  private let turn = Atomic<Int>(0)

  /// - Parameters:
  ///   - listeners: where it listens; all of them are served alike.
  package init(
    group: EventLoopGroup, listeners: [ListenAddress], configuration: HTTPServerConfiguration, handler: some HTTPHandler
  ) {
    self.group = group
    addresses = listeners
    self.configuration = configuration
    let shared = shared
    parts = group.loops.map {
      LoopServer(loop: $0, configuration: configuration, handler: handler, shared: shared)
    }
  }

  /// Binds and begins to accept.
  ///
  /// - Returns: the addresses with the ports they got, in the order given.
  /// - Throws: what the system says about the first address that cannot be had; nothing is left open then.
  package func start() async throws(ReactorError) -> [ListenAddress] {
    var sockets: [[ListenSocket]] = []
    do throws(ReactorError) {
      for address in addresses {
        sockets.append(
          try ListenSocket.open(address, count: group.loops.count, backlog: configuration.limits.backlog))
      }
    } catch {
      for socket in sockets.joined() { socket.close() }
      throw error
    }
    var failure: ReactorError?
    for list in sockets {
      for (index, socket) in list.enumerated() {
        guard failure == nil else {
          socket.close()
          continue
        }
        // A Unix socket has one listener, whose connections are dealt out to all loops.
        failure = await begin(parts[index % parts.count], socket, deals: list.count == 1 && parts.count > 1)
      }
    }
    if let failure {
      await drain(limit: .zero)
      throw failure
    }
    return sockets.compactMap(\.first?.address)
  }

  /// Has the requests that are read from now on answered by another handler. Those in flight end with the one that they began
  /// with. Each loop changes over at the end of its tick.
  package func replace(handler: some HTTPHandler) {
    for part in parts { part.loop.execute { part.handler = handler } }
  }

  private func begin(_ part: LoopServer, _ socket: ListenSocket, deals: Bool) async -> ReactorError? {
    await Task(executorPreference: part.loop) {
      do throws(ReactorError) {
        try part.listen(socket) { accepted in
          if deals { self.deal(accepted) } else { part.accept(accepted) }
        }
        return nil
      } catch {
        socket.close()
        return error
      }
    }.value
  }

  private func deal(_ socket: AcceptedSocket) {
    let turn = self.turn.wrappingAdd(1, ordering: .relaxed).oldValue
    let part = parts[Int(UInt(bitPattern: turn) % UInt(parts.count))]
    part.loop.execute { part.accept(socket) }
  }

  /// Takes no new connection, closes idle ones, lets what is in flight end within the limit, then cuts the rest off.
  /// Returns when no connection is open.
  package func drain(limit: Duration) async {
    await withTaskGroup(of: Void.self) { tasks in
      for part in parts { tasks.addTask(executorPreference: part.loop) { await part.drain(limit: limit) } }
    }
  }

  /// From any thread.
  package func counters() -> HTTPServerCounters {
    var sum = HTTPServerCounters()
    sum.connectionsOpen = shared.open.load(ordering: .relaxed)
    for part in parts {
      sum.connectionsAccepted += part.counters.accepted.count
      sum.connectionsRefused += part.counters.refused.count
      sum.acceptFailures += part.counters.acceptFailures.count
      sum.requests += part.counters.requests.count
      sum.parseErrors += part.counters.parseErrors.count
      sum.timeouts += part.counters.timeouts.count
      sum.abandoned += part.counters.abandoned.count
    }
    return sum
  }
}
