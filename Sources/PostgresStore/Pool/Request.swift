import Base
import Store

/// One call on its way: what is asked, who waits for it, and how far it is.
///
/// Safety: after it was handed to its pool it is touched on that pool's loop only; what other threads see of it
/// (`work`, the object itself) does not change. The continuation is taken out when it is resumed, so it is resumed once.
@safe final class Request: @unchecked Sendable {
  enum Work: Sendable {
    case read(Query)
    /// Reads of one statement that go to the server as one; each is answered, given up and tried again by itself.
    case together([Request])
    /// The same read, asked for by several at once: one answer for all.
    case alike([Request])
    /// Reads of one moment, one after the other.
    case sequence(any ReadSequence)
    case inspect(String, [Value])
    case write(WriteBatch)
    case define([String])
    /// A new connection's own first transaction.
    case setup
  }

  enum Reply: Sendable {
    case rows(Rows)
    case table([[String?]])
    case outcome(WriteOutcome)
    case done
  }

  typealias Continuation = UnsafeContinuation<Result<Reply, StoreError>, Never>

  let work: Work
  private var continuation: Continuation?
  /// The loop's milliseconds when it was first queued.
  var queuedAt: UInt64 = 0
  /// How often it was sent.
  var attempts = 0
  /// How many of them did not count (`LoopPool.excuse`).
  var excuses = 0
  /// It gets a statement and a sync of its own: it runs apart, or a neighbour's failure undid it once.
  var isAlone = false
  /// Its pool has taken it in.
  var isAdmitted = false
  /// Its caller left before that.
  var isAbandoned = false
  /// Nobody waits for it any more.
  var isFinished: Bool { members?.allSatisfy(\.isFinished) ?? isAnswered }
  private var isAnswered = false

  /// Whose reads it stands for; nil where it is one call.
  var members: [Request]? {
    switch work {
    case .together(let requests), .alike(let requests): requests
    case .read, .sequence, .inspect, .write, .define, .setup: nil
    }
  }

  /// Of a sequence: the read that is under way.
  var current: Query?

  /// How the rows of its statement are read; nil where it has none that are.
  var encoding: RowEncoding? {
    switch work {
    case .read(let query): query.encoding
    case .together(let requests), .alike(let requests): requests.first?.encoding
    case .sequence: current?.encoding
    case .inspect, .write, .define, .setup: nil
    }
  }

  /// What the batch's `returning` steps gave so far.
  var returned: [[Value]] = []
  /// What a trial's `reading` step gave, and why something that was given back could not be taken.
  var readRows: Rows?
  var readFailure: StoreError?
  /// Why it cannot succeed any more, as the server or the driver said it first.
  var verdict: ServerError.Verdict?
  var isCommitted = false
  /// Where its commit stands in the log.
  var position: UInt64?

  init(_ work: Work) {
    self.work = work
    isAlone = isApart
  }

  /// Safety: called once, before the request is handed to its pool.
  func wait(_ continuation: Continuation) { unsafe self.continuation = continuation }

  /// A read in a transaction of its own.
  var isApart: Bool {
    switch work {
    case .read(let query): query.apart != nil
    case .sequence: true
    case .together, .alike, .inspect, .write, .define, .setup: false
    }
  }

  /// Runs in a transaction of its own, on a connection of its own.
  var isTransaction: Bool {
    switch work {
    case .read, .sequence, .together, .alike, .inspect: false
    case .write, .define, .setup: true
    }
  }

  /// Forgets what an earlier attempt came to.
  func begin() {
    attempts += 1
    returned = []
    readRows = nil
    readFailure = nil
    verdict = nil
    isCommitted = false
    position = nil
  }

  /// Wants to know its position.
  var receipt: WriteReceipt? { if case .write(let batch) = work, !batch.isTrial { batch.receipt } else { nil } }

  /// The attempt that is under way does not count: it ends for no fault of the request's.
  func forgetAttempt() {
    attempts = max(0, attempts - 1)
    for request in members ?? [] { request.forgetAttempt() }
  }

  /// Gives the answer to whoever waits. Only the first one counts.
  ///
  /// Safety: the continuation is taken out before it is resumed.
  func finish(_ result: Result<Reply, StoreError>) {
    guard !isAnswered else { return }
    isAnswered = true
    if let members {
      for request in members { request.finish(result) }
      return
    }
    let waiting = unsafe continuation
    unsafe continuation = nil
    unsafe waiting?.resume(returning: result)
  }

  func fail(_ code: StoreError.Code, _ message: String) { finish(.failure(StoreError(code, message))) }
}
