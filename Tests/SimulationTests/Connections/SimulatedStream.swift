import Base
import CUV
import TestSupport

@testable import Reactor

/// A connection's socket without a socket: what the peer sends arrives in pieces of any size, what is sent to it waits until it
/// takes it, and either side may shut, close or reset its end as TCP lets it.
///
/// Safety: `@unchecked Sendable` as its base class.
final class SimulatedStream: SocketStream, @unchecked Sendable {
  private let world: SimulatedLoop
  /// Bytes that have come and were not read.
  private var inbox: [UInt8] = []
  private var inboxEnds = false
  private var isReadingNow = false
  private var isPumpPlanned = false

  /// What the peer has not taken, and how much of that there may be.
  private var waiting: [UInt8] = []
  private let capacity: Int
  private var queuedCopy: [UInt8]?
  private var taken = 0
  private(set) var isShut = false
  private(set) var isReset = false
  private var isResetByPeer = false
  private var isResetReported = false

  /// Called when there is something for the peer to take, or nothing more will come.
  var onOutput: () -> Void = {}
  /// Loses a byte of what is sent now and then: a fault of the network that TCP does not have, for trying the checks.
  var losesBytes = false

  init(_ world: SimulatedLoop, capacity: Int) {
    self.world = world
    self.capacity = capacity
    super.init(world, isUnix: false)
  }

  // MARK: The peer's side

  /// Bytes of the peer arrive.
  func arrive(_ bytes: ArraySlice<UInt8>) {
    // Nobody reads them: the kernel says so to the peer.
    if isClosed { return loseOutput() }
    inbox += bytes
    pump()
  }

  /// The peer sends nothing more.
  func shutByPeer() {
    inboxEnds = true
    pump()
  }

  /// The peer is gone, and with it what was on its way to it.
  func resetByPeer() {
    isResetByPeer = true
    inbox = []
    loseOutput()
    pump()
  }

  /// What the peer takes now, at most so many bytes.
  func take(_ most: Int) -> [UInt8] {
    var bytes = Array(waiting.prefix(most))
    waiting.removeFirst(bytes.count)
    taken += bytes.count
    if losesBytes, bytes.count > 1, world.random.chance(10) { bytes.remove(at: world.random.below(bytes.count)) }
    moveQueued()
    return bytes
  }

  /// Something waits for the peer.
  var hasOutput: Bool { !waiting.isEmpty || queuedCopy != nil }

  /// The peer has had everything that it will ever get.
  var isOver: Bool { !hasOutput && (isClosed || isShut) }

  private func loseOutput() {
    isReset = true
    waiting = []
    onOutput()
  }

  private func moveQueued() {
    guard let queued = queuedCopy, waiting.count < capacity else { return }
    waiting += queued
    queuedCopy = nil
    world.after(0, upTo: 2) { [self] in if !isClosed { delegate?.streamDidWrite(nil) } }
    onOutput()
  }

  // MARK: Reading

  private func pump() {
    guard isReadingNow, !isPumpPlanned, !inbox.isEmpty || inboxEnds || isResetByPeer else { return }
    isPumpPlanned = true
    world.after(0) { [self] in
      isPumpPlanned = false
      deliver()
    }
  }

  private func deliver() {
    guard isReadingNow, !isClosed else { return }
    if isResetByPeer {
      isReadingNow = false
      isResetReported = true
      delegate?.streamDidEnd(ReactorError(code: UV_ECONNRESET.rawValue, doing: "reading"))
    } else if !inbox.isEmpty {
      let count = min(inbox.count, readBytesMax, world.random.chance(50) ? 1 + world.random.below(40) : 65_536)
      let bytes = Array(inbox[..<count])
      inbox.removeFirst(count)
      delegate?.streamDidRead(bytes.span)
    } else if inboxEnds {
      isReadingNow = false
      inboxEnds = false
      delegate?.streamDidEnd(nil)
    }
    pump()
  }

  override func startReading() {
    isReadingNow = true
    pump()
  }

  override func stopReading() { isReadingNow = false }

  override func pendingError() -> ReactorError? {
    guard isResetByPeer, !isResetReported, !isClosed else { return nil }
    isResetReported = true
    return ReactorError(code: UV_ECONNRESET.rawValue, doing: "waiting")
  }

  // MARK: Writing

  override var bytesTaken: UInt64 { UInt64(taken) }

  override var isWriting: Bool { queuedCopy != nil }

  override func tryWrite(
    _ first: [UInt8], from firstStart: Int, _ second: [UInt8], from secondStart: Int
  ) throws(ReactorError) -> Int {
    guard !isClosed, !isWriting else { return 0 }
    if isResetByPeer { throw ReactorError(code: UV_EPIPE.rawValue, doing: "writing") }
    let bytes = first[min(firstStart, first.count)...] + second[min(secondStart, second.count)...]
    let room = max(0, capacity - waiting.count)
    let count = min(room, bytes.count, world.random.chance(20) ? 1 + world.random.below(bytes.count) : .max)
    waiting += bytes.prefix(count)
    onOutput()
    return count
  }

  override func queue(_ bytes: ArraySlice<UInt8>) throws(ReactorError) -> Int {
    precondition(!isWriting, "one queued write at a time")
    guard !isClosed else { return 0 }
    if isResetByPeer { throw ReactorError(code: UV_EPIPE.rawValue, doing: "writing") }
    let piece = Array(bytes.prefix(SocketStream.queueBytesMax))
    queuedCopy = piece
    world.after(0, upTo: 1) { [self] in moveQueued() }
    return piece.count
  }

  // MARK: The end

  override func shutdown() {
    guard !isClosed else { return }
    isShut = true
    onOutput()
  }

  override func reset() {
    guard !isClosed else { return }
    loseOutput()
    close()
  }

  override func willClose() {
    super.willClose()
    isReadingNow = false
    queuedCopy = nil
    // The kernel resets a connection that is closed with unread bytes in it, and the peer may lose what it has not taken.
    if !inbox.isEmpty { loseOutput() }
    onOutput()
  }
}
