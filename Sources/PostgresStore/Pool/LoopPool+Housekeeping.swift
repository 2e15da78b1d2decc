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
    return !reads.isEmpty || !writes.isEmpty || connections.count < policy.connectionsMin || connections.contains { $0.deadline != nil }
  }

  private func checkDeadlines() {
    let now = loop.nowMilliseconds
    for connection in connections where connection.deadline.map({ now >= $0 }) ?? false {
      connection.lose(
        connection.phase == .opening
          ? StoreError(.unavailable, "connecting took too long") : StoreError(.timeout, "the database does not answer"))
    }
    let limit = UInt64(options.waitTimeout.wholeMilliseconds)
    guard now >= limit else { return }
    let late = reads.removeAll { $0.queuedAt <= now - limit } + writes.removeAll { $0.queuedAt <= now - limit }
    for request in late where !request.isFinished {
      figures.refusals.add(1, ordering: .relaxed)
      request.fail(.overloaded, "no connection became free in time")
    }
  }

  // MARK: closing

  /// Finishes what waits and runs, at most until the time-out, then closes the connections and calls back. On the loop.
  func close(_ then: @escaping () -> Void) {
    if closesAt != nil { return then() }
    closesAt = loop.nowMilliseconds + UInt64(options.timeout.wholeMilliseconds)
    whenClosed = then
    planDispatch()
  }

  func closeIfDone() {
    guard let whenClosed, let closesAt else { return }
    let isBusy = !reads.isEmpty || !writes.isEmpty || connections.contains { $0.phase == .reading || $0.phase == .writing }
    guard !isBusy || loop.nowMilliseconds >= closesAt || down != nil else { return }
    self.whenClosed = nil
    let closed = StoreError(.closed, "the store was closed")
    while let request = reads.popFirst() { request.finish(.failure(closed)) }
    while let request = writes.popFirst() { request.finish(.failure(closed)) }
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

  /// Asks the server to stop a read that nobody waits for any more, so that it does not hold its connection. Writes run to
  /// their end: what they came to must be known.
  ///
  /// Safety: the cancel object is made and handed over here, and freed once, by the thread that uses it: `PQcancel` blocks.
  func cancelOnServer(_ request: Request) {
    guard !request.isTransaction,
      let connection = connections.first(where: { $0.phase == .reading && $0.isRunningOnlyFinished }),
      connection.isCancelling == false, let handle = unsafe connection.handle, let cancel = unsafe PQgetCancel(handle)
    else { return }
    connection.isCancelling = true
    let order = unsafe CancelOrder(cancel)
    DetachedThread.start { order.send() }
  }
}
