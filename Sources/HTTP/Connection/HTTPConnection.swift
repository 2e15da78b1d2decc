import Base
import Reactor

/// A connection: its socket, its parser, its buffers, and the one task that takes request after request to the handler.
/// Reading goes on while a handler runs, so that a client that leaves cancels it. A connection on which nothing happens has no
/// task, whose memory is most of what it would hold.
///
/// Safety: every property is touched only on the loop's thread: the stream's callbacks come there, the task prefers the
/// loop as its executor and the methods it runs are not isolated elsewhere. A handler's child tasks inherit that
/// preference; `collectBody`, `nextPiece` and `writeBody` check that they are on the loop.
@safe final class HTTPConnection: SocketStreamDelegate, @unchecked Sendable {
  let owner: LoopServer
  let stream: SocketStream
  let peer: String
  let id: UInt64
  /// Its place among the loop's connections.
  var slot = -1
  private(set) var task: Task<Void, Never>?

  var parser: HTTPParser
  var state: ConnectionState
  /// Counts requests, so that a body reader or writer that outlives its request meets none of a later one.
  var request: UInt64 = 0
  var isHeadReady = false
  /// Bytes behind the request that is handled.
  var pending: [UInt8] = []
  var pendingStart = 0
  /// Received and not yet read bytes of the body.
  var body: [UInt8] = []
  var bodyError: HTTPBodyError?
  var bodyUse = BodyUse.buffer
  var waitsForContinue = false
  var isInputPaused = false
  var inputWaiter: UnsafeContinuation<Void, Never>?
  /// Made ready for the next request, which has not come.
  private var isBetween = false
  /// No task is needed before something comes.
  private var isResting = true

  var output = OutputBuffer()
  var isDirty = false
  var outputWaiter: UnsafeContinuation<Void, Never>?
  var streamLeft: StreamFraming?
  /// Of a stream that is compressed.
  var streamCoder: (any BodyStream)?
  /// The peer shut its side: it sends nothing more, and may still read.
  var isPeerDone = false
  /// Nothing can be written any more.
  var isBroken = false
  var discarded = 0
  /// What it has told its loop's account.
  private var counted = 0
  private var readsLittle = false

  /// What becomes of body bytes that come.
  enum BodyUse {
    /// Kept for a reader; reading pauses when the buffer is full.
    case buffer
    /// Kept up to a limit, all of it.
    case collect(limit: Int)
    /// Thrown away: the answer is on its way.
    case discard
  }

  init(owner: LoopServer, stream: SocketStream, peer: String, id: UInt64) {
    self.owner = owner
    self.stream = stream
    self.peer = peer
    self.id = id
    parser = HTTPParser(limits: owner.limits)
    state = ConnectionState(limits: owner.limits, now: owner.loop.nowMilliseconds)
  }

  var now: UInt64 { owner.loop.nowMilliseconds }
  var limits: HTTPLimits { owner.limits }

  func start() {
    countMemory()
    stream.delegate = self
    stream.startReading()
  }

  // MARK: The task
  // An async call costs some 400 instructions though nothing is waited for. What only one other calls is part of it.

  private func run() async {
    while await waitForRequest() {
      guard await answer() else { break }
    }
    task = nil
    countMemory()
    if !isResting, state.phase != .lingering { finish() }
  }

  /// Handles the request that is ready. False when the connection takes no further one.
  @inline(__always)
  private func answer() async -> Bool {
    let request = takeRequest()
    owner.counters.requests.increment()
    let response = await owner.handler.respond(to: request)
    guard state.phase == .handling else { return false }
    guard !isBroken else { return false }
    return await send(response, to: request)
  }

  /// Waits until a head is complete. False when none will come.
  @inline(__always)
  private func waitForRequest() async -> Bool {
    if !isBetween {
      if request > 0 {
        guard await skipBody() else { return false }
        state.responseEnded(now: now)
        parser.reset()
        isHeadReady = false
        bodyUse = .buffer
        body = []
      }
      request += 1
      isBetween = true
      let isPipelined = pendingStart < pending.count
      feedPending()
      if isPipelined { countMemory() }
      if isPeerDone, isHeadReady, !parser.isEnded { failBody(.disconnected) }
    }
    while !isHeadReady {
      if isOver {
        isResting = false
        return false
      }
      if isResting { return false }
      await waitForInput()
    }
    isBetween = false
    isResting = false
    return true
  }

  /// Whether no further request will come, or will be taken.
  private var isOver: Bool {
    guard state.phase == .idle || state.phase == .head, !isPeerDone, !isBroken else { return true }
    return owner.isDraining && state.phase == .idle
  }

  /// Throws the rest of the last request's body away, within bounds.
  @inline(__always)
  private func skipBody() async -> Bool {
    while !parser.isEnded {
      guard bodyError == nil, !isPeerDone, !isBroken, state.phase == .responding else { return false }
      guard discarded <= limits.discardBytesMax else { return false }
      await waitForInput()
    }
    return !isBroken && state.phase == .responding
  }

  // Safety: each continuation is stored by the one task that waits and resumed once, when it is taken out.
  @inline(__always)
  func waitForInput() async {
    await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
      unsafe inputWaiter = continuation
    }
  }

  func waitForOutput() async {
    await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
      unsafe outputWaiter = continuation
    }
  }

  func wakeInput() {
    if let waiter = unsafe inputWaiter {
      unsafe inputWaiter = nil
      unsafe waiter.resume()
    } else if isResting, task == nil, state.phase != .lingering, state.phase != .closed {
      isResting = false
      task = Task(executorPreference: owner.loop) { await self.run() }
    }
  }

  /// Ends the task, which waits for a request that does not come.
  private func rest() {
    guard task != nil, isBetween, !isHeadReady, unsafe inputWaiter != nil else { return }
    isResting = true
    wakeInput()
  }

  func wakeOutput() {
    guard let waiter = unsafe outputWaiter else { return }
    unsafe outputWaiter = nil
    unsafe waiter.resume()
  }

  // MARK: The end

  /// No more is answered: closes once everything is written and the peer had the time to read it.
  func finish() {
    guard state.phase != .closed else { return }
    if isBroken {
      abort()
      return
    }
    state.linger(now: now)
    flush()
  }

  /// Called in `lingering` when nothing is left to write.
  func endLingering() {
    // Unread input would make the kernel reset the connection, and the peer lose the answer: read on for a while.
    let isQuiet = parser.isEnded && !parser.head.keepsAlive && pendingStart == pending.count
    if isPeerDone || isQuiet || (request > 0 && !isHeadReady && !parser.isInside && parser.failure == nil) {
      close()
    } else {
      stream.shutdown()
      resumeInput()
    }
  }

  /// Closes at once; what is not written is lost.
  func abort() {
    guard state.phase != .closed else { return }
    isBroken = true
    stream.reset()
    close()
  }

  func close() {
    guard state.phase != .closed else { return }
    state.close()
    isBroken = true
    output.removeAll()
    countMemory()
    if let task, isHeadReady { task.cancel() }
    stream.close()
    owner.remove(self)
    wakeInput()
    wakeOutput()
  }

  /// Looks at the clocks, and gives memory back where nothing happens.
  func sweep(now: UInt64) {
    if state.isOutputWaiting { state.outputTaken(stream.bytesTaken, now: now) }
    if let expiry = state.expiry(now: now) { expire(expiry) }
    if isTight, state.hasStalled(for: limits.writeStallTightMax, now: now) { expire(.writeStall) }
    // Nothing is read any more from a peer that shut its side, so nothing else tells that it is gone altogether.
    if isPeerDone, !isBroken, let error = stream.pendingError() { streamDidEnd(error) }
    guard state.phase == .idle, pendingStart == pending.count else { return }
    parser.releaseBuffers()
    output.release()
    pending = []
    pendingStart = 0
    rest()
    countMemory()
  }

  // MARK: Memory

  /// What an open connection holds where nothing waits in it: itself and its handle.
  private static let ownBytes = 2 << 10
  /// What its task holds beside what requests count for themselves: the frames of the handler's functions.
  private static let taskBytes = 12 << 10

  /// Brings the loop's account up to date with what the connection holds now. Whatever grows or shrinks its buffers is
  /// followed by this before the loop's tick ends.
  func countMemory() {
    var bytes = 0
    if state.phase != .closed {
      bytes = HTTPConnection.ownBytes &+ parser.head.bytes.capacity &+ pending.capacity &+ body.capacity &+ output.heldBytes
      if task != nil { bytes &+= HTTPConnection.taskBytes }
      if state.phase == .handling { bytes &+= MemoryBudget.requestBytes }
      if stream.isWriting { bytes &+= SocketStream.queueBytesMax }
      if let streamCoder { bytes &+= streamCoder.heldBytes }
    }
    let isTight = isTight
    if isTight != readsLittle {
      readsLittle = isTight
      stream.readBytesMax = isTight ? limits.readBytesTightMax : EventLoop.readBufferBytes
    }
    guard bytes != counted else { return }
    owner.memory.add(bytes &- counted)
    counted = bytes
  }

  private var isTight: Bool { owner.configuration.memory.isTight }
  /// Answer bytes that may wait now.
  var outputBytesMax: Int { isTight ? limits.outputBytesTightMax : limits.outputBytesMax }

  private func expire(_ expiry: ConnectionState.Expiry) {
    if expiry != .close { owner.counters.timeouts.increment() }
    switch expiry {
    case .close:
      if isWritten { close() } else { abort() }
    case .headTimeout:
      refuse(408, "The request's head did not come in time.")
    case .bodyTimeout:
      failBody(.timeout)
    case .handlerTimeout:
      timeOutHandler()
    case .writeStall:
      abort()
    }
  }

  /// The loop's server takes no more requests.
  func drain() {
    guard state.phase == .idle, !parser.isInside else { return }
    // The task ends it once its last answer is written.
    if isWritten { close() } else { wakeInput() }
  }
}
