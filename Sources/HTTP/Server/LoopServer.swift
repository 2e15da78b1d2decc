import Base
import Reactor
import Synchronization

/// A server's part on one loop: its connections, and what they share.
///
/// Safety: touched only on its loop's thread, except the counters, which are atomic.
final class LoopServer: @unchecked Sendable {
  let loop: EventLoop
  let configuration: HTTPServerConfiguration
  /// Of the requests that are read from now on.
  var handler: any HTTPHandler
  let shared: HTTPServerShared
  let counters = LoopCounters()
  let gzip = Gzip()
  let limits: HTTPLimits
  /// What the loop's connections hold.
  var memory: MemoryAccount

  private(set) var isDraining = false
  private var listeners: [Listener] = []
  private(set) var connections: [HTTPConnection?] = []
  private var freeSlots: [Int] = []
  private var openCount = 0
  private var dirty: [HTTPConnection] = []
  private var flushing: [HTTPConnection] = []
  private var date = DateLine()
  private var sweepTimer: LoopTimer?
  private var sweepPart = 0
  private var drains: [CheckedContinuation<Void, Never>] = []

  /// A sweep looks at one part of the connections, so that many of them hold the loop for a short time only.
  private static let sweepParts = 4

  init(loop: EventLoop, configuration: HTTPServerConfiguration, handler: any HTTPHandler, shared: HTTPServerShared) {
    self.loop = loop
    self.configuration = configuration
    self.handler = handler
    self.shared = shared
    limits = configuration.limits
    memory = MemoryAccount(configuration.memory)
  }

  // MARK: Connections

  func listen(_ socket: ListenSocket, onAccept: @escaping (AcceptedSocket) -> Void) throws(ReactorError) {
    let listener = try Listener(
      socket, on: loop, acceptsPerTickMax: limits.acceptsPerTickMax, onAccept: onAccept,
      onFailure: { [counters] _ in counters.acceptFailures.increment() })
    listeners.append(listener)
    scheduleSweep()
  }

  /// Takes an accepted connection, or turns it away when there are too many.
  func accept(_ socket: AcceptedSocket) {
    guard !isDraining, shared.open.wrappingAdd(1, ordering: .relaxed).newValue <= limits.connectionsMax else {
      if !isDraining { shared.open.wrappingSubtract(1, ordering: .relaxed) }
      counters.refused.increment()
      socket.refuse(refusalBytes())
      return
    }
    guard let stream = try? SocketStream.open(socket, on: loop) else {
      shared.open.wrappingSubtract(1, ordering: .relaxed)
      counters.acceptFailures.increment()
      return
    }
    serve(stream, of: socket.peer)
  }

  func serve(_ stream: SocketStream, of peer: String) {
    counters.accepted.increment()
    scheduleSweep()
    let id = shared.connectionID.wrappingAdd(1, ordering: .relaxed).newValue
    let connection = HTTPConnection(owner: self, stream: stream, peer: peer, id: id)
    openCount += 1
    if let slot = freeSlots.popLast() {
      connection.slot = slot
      connections[slot] = connection
    } else {
      connection.slot = connections.count
      connections.append(connection)
    }
    connection.start()
  }

  private func refusalBytes() -> [UInt8] {
    var out: [UInt8] = []
    handler.refusal(HTTPRefusal(status: 503, detail: "There are too many connections."))
      .appendRefusal(to: &out, dateLine: dateLine())
    return out
  }

  func remove(_ connection: HTTPConnection) {
    guard connection.slot >= 0 else { return }
    connections[connection.slot] = nil
    freeSlots.append(connection.slot)
    connection.slot = -1
    openCount -= 1
    shared.open.wrappingSubtract(1, ordering: .relaxed)
    if openCount == 0 {
      memory.tell()
      endDrain()
    }
  }

  // MARK: What connections share

  /// Has a connection flushed at the end of this tick, together with what else it gets to say in it.
  func markDirty(_ connection: HTTPConnection) {
    guard !connection.isDirty else { return }
    connection.isDirty = true
    dirty.append(connection)
    if dirty.count == 1 { loop.onTickEnd(flushDirty) }
  }

  private lazy var flushDirty: () -> Void = { [unowned self] in
    swap(&dirty, &flushing)
    for connection in flushing { connection.flush() }
    flushing.removeAll(keepingCapacity: true)
  }

  func dateLine() -> [UInt8] { date.line(at: loop.wallTime) }

  // MARK: Time

  private func scheduleSweep() {
    guard sweepTimer == nil else { return }
    sweepTimer = loop.schedule(after: limits.sweepInterval / LoopServer.sweepParts) { [weak self] in self?.sweep() }
  }

  private func sweep() {
    sweepTimer = nil
    let now = loop.nowMilliseconds
    sweepPart = (sweepPart + 1) % LoopServer.sweepParts
    var slot = sweepPart
    while slot < connections.count {
      connections[slot]?.sweep(now: now)
      slot += LoopServer.sweepParts
    }
    memory.tell()
    if openCount > 0 || !listeners.isEmpty { scheduleSweep() }
  }

  // MARK: The end

  /// Closes the listeners and idle connections; the others close after their answer, or are cut off at the limit.
  func drain(limit: Duration) async {
    isDraining = true
    for listener in listeners { listener.close() }
    listeners = []
    for connection in connections { connection?.drain() }
    guard openCount > 0 else { return }
    let timer = loop.schedule(after: limit) { [weak self] in self?.cutOff() }
    await withCheckedContinuation { drains.append($0) }
    timer.cancel()
  }

  private func cutOff() {
    for connection in connections { connection?.abort() }
  }

  private func endDrain() {
    for drain in drains { drain.resume() }
    drains = []
  }
}
