import Base
import Reactor

/// Where an HTTP/1.1 connection stands and what its clocks say: a pure state machine. Times are milliseconds of a
/// monotonic clock, passed in.
package struct ConnectionState: Sendable {
  package enum Phase: Sendable, Equatable {
    /// Nothing of a next request has come.
    case idle
    /// A head has begun.
    case head
    /// The handler has the request and has not answered.
    case handling
    /// The answer is being written.
    case responding
    /// Our side is over: what the peer still sends is thrown away until it closes.
    case lingering
    case closed
  }

  /// What a deadline that has passed asks for.
  package enum Expiry: Sendable, Equatable {
    /// Close without a word.
    case close
    /// Answer 408 and close.
    case headTimeout
    /// Tell the reader of the body; no further request can be read.
    case bodyTimeout
    /// Answer 504, cancel the handler, close.
    case handlerTimeout
    /// The peer takes nothing of its answer, or too little: reset.
    case writeStall
  }

  /// The limits in milliseconds.
  private struct Times: Sendable {
    let head, body, idle, handler, writeStall, linger: UInt64
    let bodyRateMin, writeRateMin: UInt64
  }
  private let times: Times

  package private(set) var phase = Phase.idle
  /// When the phase (or the part of it that its clock measures) began.
  private var since: UInt64
  private var isFirst = true
  /// The body clock; nil while no body is expected from the peer.
  private var body: BodyClock?
  /// Runs while output waits for the peer.
  private var output: OutputClock?

  private struct BodyClock: Sendable {
    var start: UInt64
    var last: UInt64
    var bytes: UInt64 = 0
    var isPaused: Bool
  }

  /// A time that runs out unless the peer earns more: `writeStall` at first, and never more than that ahead.
  private struct OutputClock: Sendable {
    var deadline: UInt64
    /// Of all bytes that were ever handed to the kernel.
    var taken: UInt64
  }

  package init(limits: HTTPLimits, now: UInt64) {
    times = Times(
      head: limits.headTimeMax.millisecondsRoundedUp, body: limits.bodyTimeMax.millisecondsRoundedUp,
      idle: limits.idleTimeMax.millisecondsRoundedUp, handler: limits.handlerTimeMax.millisecondsRoundedUp,
      writeStall: limits.writeStallMax.millisecondsRoundedUp, linger: limits.lingerTimeMax.millisecondsRoundedUp,
      bodyRateMin: UInt64(max(1, limits.bodyRateMin)), writeRateMin: UInt64(max(1, limits.writeRateMin)))
    since = now
  }

  // MARK: Events

  /// Bytes of a head came.
  package mutating func headReceived(now: UInt64) {
    guard phase == .idle else { return }
    phase = .head
    since = now
  }

  /// The head is complete.
  ///
  /// - Parameter waitsForContinue: the peer sends no body before `100 Continue`, so its clock does not run yet.
  package mutating func headEnded(hasBody: Bool, waitsForContinue: Bool, now: UInt64) {
    phase = .handling
    since = now
    isFirst = false
    body = hasBody ? BodyClock(start: now, last: now, isPaused: waitsForContinue) : nil
  }

  package mutating func bodyReceived(_ count: Int, now: UInt64) {
    guard body != nil else { return }
    body?.bytes += UInt64(count)
    body?.last = now
    // A peer that does not wait for `100 Continue` has its clock started by its own bytes.
    if body?.isPaused == true { resumeBody(now: now) }
  }

  /// The body is complete, or will not be read any more. The handler's time begins anew.
  package mutating func bodyEnded(now: UInt64) {
    guard body != nil else { return }
    body = nil
    if phase == .handling { since = now }
  }

  /// Reading stops because the handler is slow: that is not the peer's fault.
  package mutating func pauseBody(now: UInt64) {
    guard body != nil, body?.isPaused == false else { return }
    body?.isPaused = true
    if phase == .handling { since = now }
  }

  package mutating func resumeBody(now: UInt64) {
    guard body?.isPaused == true else { return }
    body = BodyClock(start: now, last: now, isPaused: false)
  }

  package mutating func responseStarted(now: UInt64) {
    guard phase == .handling else { return }
    phase = .responding
    since = now
  }

  /// The answer was handed over whole and the request is over; another may come.
  package mutating func responseEnded(now: UInt64) {
    guard phase == .responding else { return }
    phase = .idle
    since = now
    body = nil
  }

  /// No more is answered here. Also from `handling`: a handler that is too slow.
  package mutating func linger(now: UInt64) {
    guard phase != .closed else { return }
    phase = .lingering
    since = now
    body = nil
  }

  package mutating func close() {
    phase = .closed
    body = nil
    output = nil
  }

  /// Output waits for the peer. Told again, it changes nothing: that the kernel has room says nothing of the peer.
  ///
  /// - Parameter taken: bytes that have left the kernel for the peer, of all that it was ever handed.
  package mutating func outputWaits(taken: UInt64, now: UInt64) {
    if output == nil { output = OutputClock(deadline: now + times.writeStall, taken: taken) }
  }

  /// How much the peer has taken by now: each `writeRateMin` bytes earn it a second.
  package mutating func outputTaken(_ taken: UInt64, now: UInt64) {
    guard var output, taken > output.taken else { return }
    let (milli, overflow) = (taken - output.taken).multipliedReportingOverflow(by: 1000)
    let earned = overflow ? times.writeStall : min(milli / times.writeRateMin, times.writeStall)
    output.deadline = min(output.deadline + earned, now + times.writeStall)
    output.taken = taken
    self.output = output
  }

  package var isOutputWaiting: Bool { output != nil }

  package mutating func outputDrained(now: UInt64) {
    output = nil
    if phase == .lingering { since = now }
  }

  // MARK: Clocks

  /// When `expire` will have something to say, if nothing happens.
  package var deadline: UInt64 {
    guard phase != .closed else { return .max }
    var deadline = UInt64.max
    switch phase {
    case .idle: deadline = since + (isFirst ? times.head : times.idle)
    case .head: deadline = since + times.head
    case .handling: if !isBodyRunning { deadline = since + times.handler }
    case .lingering: if output == nil { deadline = since + times.linger }
    case .responding, .closed: break
    }
    if let bodyDeadline { deadline = min(deadline, bodyDeadline) }
    if let output { deadline = min(deadline, output.deadline) }
    return deadline
  }

  private var isBodyRunning: Bool { body.map { !$0.isPaused } ?? false }

  private var bodyDeadline: UInt64? {
    guard let body, !body.isPaused else { return nil }
    let (earned, overflow) = body.bytes.multipliedReportingOverflow(by: 1000)
    let rate = overflow ? .max / 4 : body.start + times.body + earned / times.bodyRateMin
    return min(rate, body.last + times.body)
  }

  /// Whether the peer would have been given up by now, had it so much time in place of `writeStall`.
  package func hasStalled(for time: Duration, now: UInt64) -> Bool {
    guard phase != .closed, let output else { return false }
    return now + times.writeStall >= output.deadline + time.millisecondsRoundedUp
  }

  /// What is due, or nil. Asked again, it says the same until an event answers it.
  package func expiry(now: UInt64) -> Expiry? {
    guard now >= deadline else { return nil }
    if let output, now >= output.deadline { return .writeStall }
    switch phase {
    case .idle, .lingering: return .close
    case .head: return .headTimeout
    case .handling, .responding: return bodyDeadline.map { now >= $0 } == true ? .bodyTimeout : .handlerTimeout
    case .closed: return nil
    }
  }
}
