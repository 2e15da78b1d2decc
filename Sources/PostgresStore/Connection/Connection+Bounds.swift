import Base
import CPostgres
import Reactor
import Store

/// A result that has not come whole. libpq holds all that has come of it, so it is counted, from its third piece on: what most
/// reads yield comes in one.
struct IncomingResult {
  var pieces = 0
  /// What libpq holds of it. It tells that only of a whole result; until then this is an estimate by what the socket held before
  /// and after: of that, libpq takes as much as its buffer has room for, and more comes meanwhile. (Measured, of results of 100
  /// rows of 0.5 to 250 kB: within 5 % over TCP, 55 to 110 % over a Unix socket.)
  var bytes = 0
  var lease: MemoryLease?
  /// What the socket held when libpq was about to take some of it.
  var waiting = 0
  /// The most that libpq was seen to take at once: about its buffer.
  var buffer = 16 << 10

  /// Bytes as the server sends them, which may be more than they come to in an answer (octets are sent as hexadecimal digits).
  static let bytesMax = Rows.bytesMax + Rows.bytesMax / 2
}

extension Connection {
  /// libpq's buffers grow with the largest row and the largest batch, and never shrink. A connection whose buffers have grown
  /// over this is replaced.
  static let bufferBytesKept = 1 << 20

  /// Counts what the socket holds of a long result, before libpq takes it.
  ///
  /// - Returns: false where it is more than an answer may have, or than the process may hold. Its reader has been told then, and
  ///   the connection has ended: nothing else makes libpq let go of it.
  ///
  /// Safety: the handle is checked.
  func mayReceive() -> Bool {
    guard incoming.pieces >= 2, isOwed, let handle = unsafe handle, let request = pending[pendingHead].request,
      !request.isTransaction
    else { return true }
    incoming.waiting = DescriptorWatch.bytesWaiting(on: unsafe PQsocket(handle))
    let error: StoreError
    if incoming.bytes > IncomingResult.bytesMax {
      error = .tooLarge
    } else if pool.options.memory.cover(incoming.bytes, by: &incoming.lease) {
      return true
    } else {
      error = .memory
    }
    spareNeighbours()
    giveUp(request, error)
    lose(StoreError(.unavailable, "a read was given up: \(error.message)"))
    return false
  }

  /// Tells the reader of a result that is too much. Each of those who share it asks once more, for its own row alone. The next
  /// one like it takes no others along.
  private func giveUp(_ request: Request, _ error: StoreError) {
    switch request.work {
    case .together(let requests):
      if case .read(let query)? = requests.first?.work { pool.times.noteSlow(query.statement.number) }
    case .read(let query):
      query.statement.note(bytes: .max)
      request.finish(.failure(error))
    case .alike(let requests):
      if case .read(let query)? = requests.first?.work { query.statement.note(bytes: .max) }
      request.finish(.failure(error))
    case .sequence:
      request.current?.statement.note(bytes: .max)
      request.finish(.failure(error))
    case .inspect, .write, .define, .setup: request.finish(.failure(error))
    }
  }

  /// Called when libpq has taken what there was, and results that are whole have been handled: what comes now belongs to the
  /// same result as before, or to another.
  ///
  /// Safety: the handle is checked.
  func noteReceived(from head: Int) {
    if isOwed, pendingHead == head {
      incoming.pieces += 1
      guard incoming.pieces > 2, let handle = unsafe handle else { return }
      let left = DescriptorWatch.bytesWaiting(on: unsafe PQsocket(handle))
      incoming.buffer = max(incoming.buffer, incoming.waiting - left)
      incoming.bytes += min(incoming.waiting, incoming.buffer)
    } else if incoming.pieces > 0 {
      incoming = IncomingResult()
    }
  }

  /// Those that wait behind a read that was given up are sent again, which is no failure of theirs.
  private func spareNeighbours() {
    var seen: Set<ObjectIdentifier> = []
    for request in pending[pendingHead...].compactMap(\.request) where seen.insert(ObjectIdentifier(request)).inserted {
      request.forgetAttempt()
    }
  }

  /// Looks at a long result that is whole: what libpq holds is known now. And one of its rows may have made libpq's buffer grow
  /// for good.
  ///
  /// Safety: the view's result is alive.
  func noteWhole(_ view: ResultView, of statement: Statement?) throws(StoreError) {
    guard incoming.pieces > 2 else {
      statement?.note(bytes: 0)
      return
    }
    incoming.bytes = unsafe Int(clamping: PQresultMemorySize(view.result))
    statement?.note(bytes: incoming.bytes)
    guard incoming.bytes <= IncomingResult.bytesMax else { throw .tooLarge }
    guard pool.options.memory.cover(incoming.bytes, by: &incoming.lease) else { throw .memory }
    if incoming.bytes > Connection.bufferBytesKept { isBloated = isBloated || view.hasRow(over: Connection.bufferBytesKept) }
  }

  /// Whether it is better replaced than used again.
  var isToBeReplaced: Bool { isBloated || parameters.bytes.count > Connection.bufferBytesKept }
}

extension ResultView {
  /// Safety: rows and columns are within the result's own counts.
  fileprivate func hasRow(over limit: Int) -> Bool {
    (0..<rows).contains { row in
      (0..<columns).reduce(0) { sum, column in unsafe sum + Int(PQgetlength(result, Int32(row), Int32(column))) } > limit
    }
  }
}
