import Base
import CPostgres
import Reactor
import Store

/// One connection of a loop's pool, from its opening to its end, in libpq's non-blocking pipeline mode.
///
/// Safety: touched only on its pool's loop. `handle` is libpq's connection: made in `open`, freed once in `close`, after the
/// watch on its socket was closed; every use is through `handle`, which is nil from then on.
@safe final class Connection {
  enum Phase: Equatable {
    case opening, idle, reading, writing, closed
  }

  /// What is known of a read. Only quick ones are sent together.
  enum ReadKind {
    case quick, slow, long
  }

  /// What the server still owes an answer for, in the order it was sent.
  struct Pending {
    enum Kind {
      case prepare(StatementKey)
      case describe(StatementKey)
      case deallocate(String)
      case begin
      case step(Int, StatementKey?)
      case commit
      case rollback
      /// Where the commit before it stands.
      case position
      case sync
    }
    let kind: Kind
    let request: Request?
  }

  unowned let pool: LoopPool
  var phase = Phase.opening
  /// The loop's milliseconds after which a silent server is given up; nil when nothing is owed.
  var deadline: UInt64?
  /// The loop's milliseconds after which the server is asked to stop the batch it runs: it answers then what became of it.
  var stopsAt: UInt64?

  var handle: OpaquePointer?
  var watch: DescriptorWatch?
  var cache: StatementCache
  var parameters = ParameterBuffer()
  var pending: [Pending] = []
  /// The first of `pending` that is not answered in full.
  var pendingHead = 0
  /// The first of `pending` has had a result.
  var isAnswered = false
  /// Names to deallocate with the next batch.
  var evicted: [String] = []
  /// Reads that a neighbour's failure undid, since the last sync.
  var undone: [Request] = []
  /// The session is over, as the server or the socket said.
  var fatal: StoreError?
  /// When its reads were sent (the monotonic clock's nanoseconds), how many, and which.
  var sentAt: UInt64 = 0
  var sentReads = 0
  /// What its reads are known to be. Nobody waits for the connection of those that are not quick.
  var readsAre = ReadKind.quick
  var sentStatements: Set<Int> = []
  /// What has come of a result that is not whole.
  var incoming = IncomingResult()
  /// A row has made the driver's buffer grow.
  var isBloated = false
  /// What a sequence that it runs reads next.
  var following: (Query, Request)?
  /// The transaction it runs.
  var transaction: Request?
  /// The server is being asked to stop what it runs.
  var isCancelling = false
  /// When it was asked last, for what it runs now.
  var cancelledAt: UInt64?

  init(pool: LoopPool) {
    self.pool = pool
    cache = StatementCache(capacity: pool.options.statementsMax)
  }

  var isOwed: Bool { pendingHead < pending.count }

  /// It can take something new.
  var isFree: Bool { phase == .idle && !isCancelling }

  /// Nobody waits for what it runs. Where only the end of a transaction is left that is over before an order to stop comes.
  var isRunningOnlyFinished: Bool {
    let requests = pending[pendingHead...].compactMap { pending -> Request? in
      if case .rollback = pending.kind { nil } else { pending.request }
    }
    return !requests.isEmpty && requests.allSatisfy(\.isFinished)
  }

  /// The first line of libpq's words for what went wrong last.
  ///
  /// Safety: the handle is alive; the text is copied.
  var driverMessage: String {
    guard let handle = unsafe handle, let text = unsafe PQerrorMessage(handle) else { return "no connection" }
    let message = unsafe String(cString: text)
    return message.split(separator: "\n").first.map(String.init) ?? "no reason given"
  }

  /// Ends the connection; whoever waits for it has been answered before. Closing twice does nothing.
  ///
  /// Safety: the watch is closed before libpq closes the socket; the handle is not used after this.
  func close() {
    guard phase != .closed else { return }
    phase = .closed
    deadline = nil
    watch?.close()
    watch = nil
    if let handle = unsafe handle { unsafe PQfinish(handle) }
    unsafe handle = nil
    incoming = IncomingResult()
  }

  /// The connection is lost: everything it owed is settled, and the pool is told.
  func lose(_ error: StoreError) {
    guard phase != .closed else { return }
    let wasOpening = phase == .opening
    let owed = pending[pendingHead...]
    // What has been answered up to its commit, and not yet told its caller, is owed no more and still waited for.
    let waiting = undone + [transaction, following?.1].compactMap(\.self)
    pending = []
    pendingHead = 0
    self.undone = []
    transaction = nil
    following = nil
    close()
    var settled: Set<ObjectIdentifier> = []
    for request in owed.compactMap(\.request) + waiting where settled.insert(ObjectIdentifier(request)).inserted {
      settle(request, error)
    }
    pool.connectionEnded(self, error, wasOpening: wasOpening)
  }

  private func settle(_ request: Request, _ error: StoreError) {
    guard !request.isFinished else { return }
    switch request.work {
    case .setup: return
    case .read, .sequence, .together, .alike, .inspect: pool.retryRead(request, after: error, pausing: true)
    case .write, .define:
      if request.isCommitted { return finishTransaction(request) }
      if let verdict = request.verdict {
        // The server refused a step before it was lost: the transaction cannot have been committed.
        if case .failed(let reason) = verdict, reason.code == .unavailable {
          pool.retryWrite(request, after: reason)
        } else {
          finishTransaction(request)
        }
      } else {
        request.fail(.outcomeUnknown, error.message)
      }
    }
  }
}

/// Lets a thread carry a connection back to its loop.
///
/// Safety: the reference is followed on the connection's loop only.
final class ConnectionReference: @unchecked Sendable {
  weak var connection: Connection?
  init(_ connection: Connection) { self.connection = connection }
}
