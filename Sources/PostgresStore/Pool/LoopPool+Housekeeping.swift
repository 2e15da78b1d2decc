import Base
import CPostgres
import Reactor
import Store
import Synchronization

extension LoopPool {
  /// How often deadlines are looked at.
  static let housekeepingMilliseconds = 50

  /// Sees to it that deadlines are looked at for as long as anything could miss one.
  func keepHouse() {
    guard housekeeper == nil, needsHousekeeping else { return }
    housekeeper = loop.schedule(after: .milliseconds(LoopPool.housekeepingMilliseconds)) { [self] in
      housekeeper = nil
      checkDeadlines()
      planDispatch()
    }
  }

  private var needsHousekeeping: Bool {
    if closesAt != nil { return whenClosed != nil }
    return isAwaited || connections.count < policy.connectionsMin
      || connections.contains { $0.deadline != nil || $0.isCancelling }
  }

  private func checkDeadlines() {
    let now = loop.nowMilliseconds
    for connection in connections where connection.deadline.map({ now >= $0 }) ?? false {
      connection.lose(
        connection.phase == .opening
          ? StoreError(.unavailable, "connecting took too long") : StoreError(.timeout, "the database does not answer"))
    }
    stopAbandoned()
    // An order to stop that does not come back: the way to the server is blocked.
    for connection in connections where connection.phase == .idle && connection.isCancelling {
      guard let since = connection.cancelledAt, now > since + options.connectTimeout.wholeMilliseconds else { continue }
      connection.lose(StoreError(.unavailable, "the database does not answer"))
    }
    let limit = options.waitTimeout.wholeMilliseconds
    guard now >= limit else { return }
    let late =
      reads.removeAll { $0.queuedAt <= now - limit } + slowReads.removeAll { $0.queuedAt <= now - limit }
      + longReads.removeAll { $0.queuedAt <= now - limit }
      + writes.removeAll { $0.queuedAt <= now - limit }
    for request in late where !request.isFinished {
      figures.refusals.add(1, ordering: .relaxed)
      request.fail(.overloaded, "no connection became free in time")
    }
  }

  /// Gives up every connection and whatever waits for one. On the loop.
  func abandon(_ error: StoreError) {
    failWaiting(error)
    for connection in connections where connection.phase != .opening { connection.lose(error) }
  }

  // MARK: closing

  /// Finishes what waits and runs, at most until the time-out, then closes the connections and calls back. On the loop.
  func close(_ then: @escaping () -> Void) {
    if closesAt != nil { return then() }
    closesAt = loop.nowMilliseconds + options.timeout.wholeMilliseconds
    whenClosed = then
    planDispatch()
  }

  func closeIfDone() {
    guard let whenClosed, let closesAt else { return }
    let isBusy = isAwaited || connections.contains { $0.phase == .reading || $0.phase == .writing }
    guard !isBusy || loop.nowMilliseconds >= closesAt || down != nil else { return }
    self.whenClosed = nil
    let closed = StoreError(.closed, "the store was closed")
    failWaiting(closed)
    for connection in connections {
      if connection.isOwed { connection.lose(closed) } else { connection.close() }
    }
    connections = []
    housekeeper?.cancel()
    housekeeper = nil
    figures.update(self)
    whenClosed()
  }

  // MARK: cancelling

  /// How long after an order to stop it is given again: one that comes before its statement has begun goes by unheard.
  private static let cancelAgainMilliseconds: UInt64 = 200

  /// Asks the server to stop reads that nobody waits for any more, so that they do not hold their connection, and writes whose time
  /// is over. Writes before it run to their end: what they came to must be known.
  func stopAbandoned() {
    let now = loop.nowMilliseconds
    for connection in connections where !connection.isCancelling && connection.isToBeStopped(now) {
      if let last = connection.cancelledAt, now < last + LoopPool.cancelAgainMilliseconds { continue }
      connection.cancelledAt = now
      stop(connection)
    }
  }

  /// Safety: the cancel object is made and handed over here, and freed once, by the thread that uses it: `PQcancel` blocks.
  private func stop(_ connection: Connection) {
    guard let handle = unsafe connection.handle, let cancel = unsafe PQgetCancel(handle) else { return }
    // Until the order has been delivered the connection takes nothing new: the order would hit that.
    connection.isCancelling = true
    let order = unsafe CancelOrder(cancel)
    let reference = ConnectionReference(connection)
    SystemThread.detachOrRun { [self] in
      order.send()
      loop.execute {
        reference.connection?.isCancelling = false
        self.planDispatch()
      }
    }
  }
}

extension Connection {
  fileprivate func isToBeStopped(_ now: UInt64) -> Bool {
    switch phase {
    case .reading: isRunningOnlyFinished
    case .writing: stopsAt.map { now >= $0 } ?? false
    case .opening, .idle, .closed: false
    }
  }
}
