import Base
import Reactor
import Store
import Synchronization

/// The connections of one event loop, and the calls that wait for them.
///
/// Safety: everything but `submit`, `cancel`, `finish`, and `figures` is touched on `loop` only; those hop there first.
final class LoopPool: @unchecked Sendable {
  let loop: EventLoop
  let options: PostgresOptions
  let settings: ConnectionSettings
  let policy: PoolPolicy
  let random: any RandomSource
  let figures = PoolFigures()
  let trouble: WriteTrouble

  var connections: [Connection] = []
  var reads: WaitQueue<Request>
  /// Reads that are known to be slow: each goes alone.
  var slowReads: WaitQueue<Request>
  /// Reads of which many bytes are to be expected: each goes alone, and few at once.
  var longReads: WaitQueue<Request>
  var writes: WaitQueue<Request>
  var times = StatementTimes()
  var groupSize: GroupSize
  let clock: any Clock
  var isDispatchPlanned = false
  /// Reads are being held back, and a timer looks at them again.
  private var isHolding = false
  var housekeeper: LoopTimer?

  var backoff = Backoff(firstMilliseconds: 50, lastMilliseconds: 500)
  /// Until then no connection is opened.
  var opensAt: UInt64 = 0
  /// Why the last attempt to connect failed, while no connection is open.
  var down: StoreError?

  /// Set once the store closes; called when nothing is left.
  var whenClosed: (() -> Void)?
  var closesAt: UInt64?

  init(
    loop: EventLoop, connectionsMax: Int, options: PostgresOptions, settings: ConnectionSettings, random: any RandomSource,
    clock: any Clock, trouble: WriteTrouble
  ) {
    self.loop = loop
    self.clock = clock
    self.options = options
    self.settings = settings
    self.random = random
    self.trouble = trouble
    groupSize = GroupSize(readsMax: options.batchMax)
    policy = PoolPolicy(connectionsMax: connectionsMax)
    reads = WaitQueue(capacity: options.readQueueMax, limit: SojournLimit())
    slowReads = WaitQueue(capacity: options.readQueueMax, limit: SojournLimit())
    longReads = WaitQueue(capacity: options.readQueueMax, limit: SojournLimit())
    writes = WaitQueue(capacity: options.writeQueueMax)
  }

  // MARK: from any thread

  /// Takes a request in, at once when called on the loop.
  func submit(_ request: Request) {
    if loop.isCurrent { admit(request) } else { loop.execute { [self] in admit(request) } }
  }

  /// Gives a request up whose caller has left: a waiting one is not sent, a running one's result is dropped.
  func cancel(_ request: Request) {
    if loop.isCurrent { giveUp(request) } else { loop.execute { [self] in giveUp(request) } }
  }

  // MARK: on the loop

  private func admit(_ request: Request) {
    request.isAdmitted = true
    guard !request.isAbandoned else { return giveUp(request) }
    guard closesAt == nil else { return request.fail(.closed, "the store is closed") }
    // A database that is away is said to be so at once; attempts to reach it go on meanwhile.
    if let down { return request.finish(.failure(down)) }
    request.queuedAt = loop.nowMilliseconds
    enqueue(request)
    planDispatch()
  }

  private func enqueue(_ request: Request) {
    let isAdmitted =
      if request.isTransaction {
        writes.push(request)
      } else {
        switch kind(of: request) {
        case .quick: reads.push(request)
        case .slow: slowReads.push(request)
        case .long: longReads.push(request)
        }
      }
    if isAdmitted { return }
    figures.refusals.add(1, ordering: .relaxed)
    request.fail(.overloaded, "\(request.isTransaction ? writes.capacity : reads.capacity) calls wait already")
  }

  private func giveUp(_ request: Request) {
    // A caller that leaves before it has begun to wait is told when it does.
    guard request.isAdmitted else {
      request.isAbandoned = true
      return
    }
    request.fail(.cancelled, "the caller left")
    if !request.isTransaction { stopAbandoned() }
  }

  /// Sends what waits once the loop has nothing else to do, so that as many reads as can go out together.
  func planDispatch() {
    guard !isDispatchPlanned else { return }
    isDispatchPlanned = true
    loop.beforeWaiting { [self] in
      isDispatchPlanned = false
      dispatch()
    }
  }

  private func dispatch() {
    shed(&reads)
    shed(&slowReads)
    shed(&longReads)
    dispatchWrites()
    if !slowReads.isEmpty { dispatchAlone(.slow, most: policy.readersMax) }
    if !longReads.isEmpty { dispatchAlone(.long, most: options.memory.isTight ? 1 : policy.longReadersMax) }
    dispatchReads()
    openConnections()
    keepHouse()
    figures.update(self)
    if closesAt != nil { closeIfDone() }
  }

  private func dispatchWrites() {
    var writers = connections.count { $0.phase == .writing }
    while writers < policy.writersMax, let connection = connections.last(where: \.isFree) {
      guard let request = nextWaiting(&writes) else { return }
      figures.writes.add(1, ordering: .relaxed)
      connection.send(transaction: request)
      writers += 1
    }
  }

  private func dispatchReads() {
    guard !reads.isEmpty else { return }
    var readers = connections.count { $0.phase == .reading }
    var groups = connections.count { $0.phase == .reading && $0.readsAre == .quick }
    while readers < policy.readersMax, let connection = connections.first(where: \.isFree) {
      let size = groupSize.reads
      if groups >= LoopPool.groupsMax, reads.count < size, !isFirstReadLate { return holdReads() }
      var batch: [Request] = []
      batch.reserveCapacity(min(size, reads.count))
      while batch.count < size, let request = nextQuick() { batch.append(request) }
      if batch.isEmpty { return }
      figures.lastBatch.store(batch.count, ordering: .relaxed)
      figures.batches.add(1, ordering: .relaxed)
      figures.reads.add(batch.count, ordering: .relaxed)
      connection.send(reads: batch)
      readers += 1
      groups += 1
    }
  }

  /// Groups that are under way at once, while reads are quick and fill no group: one that the server works on, and one that
  /// is on its way. Many small groups cost both sides a round trip and a change of processes each.
  private static let groupsMax = 2
  /// How long reads wait for one of them to end, before another connection takes them.
  private static let holdMilliseconds: UInt64 = 2

  private var isFirstReadLate: Bool {
    reads.first.map { loop.nowMilliseconds >= $0.queuedAt + LoopPool.holdMilliseconds } ?? false
  }

  /// The end of the group that is under way sends them; this sees to it that a slow one among it does not keep them.
  private func holdReads() {
    guard !isHolding else { return }
    isHolding = true
    loop.schedule(after: .milliseconds(LoopPool.holdMilliseconds)) { [self] in
      isHolding = false
      planDispatch()
    }
  }

  /// Slow and long reads hold a connection each, and never the last one that reads may have.
  private func dispatchAlone(_ kind: Connection.ReadKind, most: Int) {
    var readers = connections.count { $0.phase == .reading }
    var like = connections.count { $0.phase == .reading && $0.readsAre == kind }
    while readers < max(1, policy.readersMax - 1), like < most, let connection = connections.first(where: \.isFree) {
      guard let request = kind == .long ? nextWaiting(&longReads) : nextWaiting(&slowReads) else { return }
      figures.reads.add(1, ordering: .relaxed)
      connection.send(reads: [request], being: kind)
      readers += 1
      like += 1
    }
  }

  private func kind(of request: Request) -> Connection.ReadKind {
    if case .sequence(let sequence) = request.work { return sequence.first().isLong ? .long : .slow }
    guard case .read(let query) = request.work else { return .quick }
    return query.isLong ? .long : query.apart != nil || times.isSlow(query.statement.number) ? .slow : .quick
  }

  /// The next read that goes with others. What has turned out to be slow or long since it was queued waits with its like, out
  /// of the way of the quick ones behind it.
  private func nextQuick() -> Request? {
    while let request = nextWaiting(&reads) {
      if kind(of: request) == .quick { return request }
      enqueue(request)
      planDispatch()
    }
    return nil
  }

  /// The next one whose caller still waits.
  private func nextWaiting(_ queue: inout WaitQueue<Request>) -> Request? {
    shed(&queue)
    while let request = queue.popFirst() {
      if request.isFinished { continue }
      let behind = queue.count
      queue.limit?.began(afterWaiting: waited(request), waiting: behind, now: loop.nowMilliseconds * 1_000_000)
      return request
    }
    return nil
  }

  /// Refuses what has waited for too long where more comes than can be done.
  private func shed(_ queue: inout WaitQueue<Request>) {
    guard let limit = queue.limit, limit.isOverloaded, closesAt == nil else { return }
    while let request = queue.first, request.isFinished || limit.refuses(afterWaiting: waited(request), waiting: queue.count) {
      // What was begun once is not refused any more: it is before its time-out.
      if !request.isFinished, request.attempts > 0 { return }
      _ = queue.popFirst()
      guard !request.isFinished else { continue }
      figures.refusals.add(1, ordering: .relaxed)
      request.fail(.overloaded, "more reads come than the database can do")
    }
  }

  private func waited(_ request: Request) -> UInt64 { (loop.nowMilliseconds - min(loop.nowMilliseconds, request.queuedAt)) * 1_000_000 }

  // MARK: trying again

  /// A prepared statement that fits the schema no more is no failure of who used it, and every connection may hold one: such an
  /// attempt does not count, as often as there are connections.
  func excuse(_ request: Request) {
    for request in request.members ?? [request] where request.excuses < policy.connectionsMax {
      request.excuses += 1
      request.attempts = max(0, request.attempts - 1)
    }
  }

  /// Sends a read again, before the others; gives up after a few times, or where it was the time that ran out.
  ///
  /// - Parameter pausing: a moment later: when one connection is lost the others often are as well, and are not known to be yet.
  func retryRead(_ request: Request, after error: StoreError, pausing: Bool = false) {
    if let requests = request.members {
      // Whoever brought the failure about, the others have no part in it.
      for request in requests {
        request.isAlone = true
        retryRead(request, after: error, pausing: pausing)
      }
      return
    }
    guard !request.isFinished else { return }
    guard error.code != .timeout, request.attempts < options.readAttemptsMax, closesAt == nil else {
      return request.finish(.failure(error))
    }
    guard pausing else { return sendAgain(request, error) }
    loop.schedule(after: .milliseconds(10 << request.attempts)) { [self] in sendAgain(request, error) }
  }

  private func sendAgain(_ request: Request, _ error: StoreError) {
    guard !request.isFinished else { return }
    guard closesAt == nil || whenClosed != nil else { return request.finish(.failure(error)) }
    if let down { return request.finish(.failure(down)) }
    if request.isTransaction {
      writes.pushFirst(request)
    } else {
      switch kind(of: request) {
      case .quick: reads.pushFirst(request)
      case .slow: slowReads.pushFirst(request)
      case .long: longReads.pushFirst(request)
      }
    }
    planDispatch()
  }

  /// Sends a batch again after a random pause. It is certain that it took no effect.
  func retryWrite(_ request: Request, after error: StoreError) {
    guard !request.isFinished else { return }
    guard request.attempts < options.writeAttemptsMax, closesAt == nil else { return request.finish(.failure(error)) }
    figures.retries.add(1, ordering: .relaxed)
    var pause = Backoff(firstMilliseconds: 4 << min(request.attempts, 6), lastMilliseconds: 256)
    loop.schedule(after: .milliseconds(pause.next(random))) { [self] in sendAgain(request, error) }
  }

  // MARK: connections

  /// Calls wait for a connection.
  var isAwaited: Bool { !(reads.isEmpty && slowReads.isEmpty && longReads.isEmpty && writes.isEmpty) }

  var waitingReads: Int { reads.count + slowReads.count + longReads.count }

  private func openConnections() {
    guard closesAt == nil || isAwaited else { return }
    let now = loop.nowMilliseconds
    var state = PoolPolicy.Figures()
    state.connecting = connections.count { $0.phase == .opening }
    state.open = connections.count - state.connecting
    state.readers = connections.count { $0.phase == .reading }
    state.writers = connections.count { $0.phase == .writing }
    state.waitingReads = waitingReads
    state.waitingWrites = writes.count
    let lateAt = options.growthDelay.wholeMilliseconds
    state.readsAreLate = [reads.first, slowReads.first, longReads.first].contains { $0.map { now >= $0.queuedAt + lateAt } ?? false }
    state.isBackingOff = now < opensAt
    state.isDown = down != nil
    for _ in 0..<policy.toOpen(state) {
      let connection = Connection(pool: self)
      connections.append(connection)
      connection.open()
    }
  }

  /// A connection can be used.
  func connectionReady() {
    figures.opened.add(1, ordering: .acquiringAndReleasing)
    backoff.succeed()
    opensAt = 0
    down = nil
    planDispatch()
  }

  /// A connection is no more. What it owed has been settled.
  func connectionEnded(_ connection: Connection, _ error: StoreError, wasOpening: Bool) {
    connections.removeAll { $0 === connection }
    figures.lost.add(1, ordering: .acquiringAndReleasing)
    if wasOpening {
      opensAt = loop.nowMilliseconds + UInt64(backoff.next(random))
      // One failure may be the last breath of what cut the others; two say that the server is away.
      if backoff.failures >= 2, !connections.contains(where: { $0.phase != .opening }) {
        let reason = StoreError(.unavailable, error.message)
        down = reason
        failWaiting(reason)
      }
    }
    planDispatch()
  }

  func failWaiting(_ error: StoreError) {
    while let request = reads.popFirst() { request.finish(.failure(error)) }
    while let request = slowReads.popFirst() { request.finish(.failure(error)) }
    while let request = longReads.popFirst() { request.finish(.failure(error)) }
    while let request = writes.popFirst() { request.finish(.failure(error)) }
  }
}
