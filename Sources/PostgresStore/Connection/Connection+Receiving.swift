import Base
import CPostgres
import Reactor
import Store

extension Connection {
  /// The socket is ready.
  ///
  /// Safety: the handle is checked; `lose` frees it, and nothing follows that.
  func ready(_ events: DescriptorEvents) {
    guard let handle = unsafe handle, phase != .closed else { return }
    if events.contains(.writable) { flush() }
    guard phase != .closed, mayReceive() else { return }
    let isAlive = unsafe PQconsumeInput(handle) == 1
    let first = pendingHead
    drain()
    noteReceived(from: first)
    guard phase != .closed else { return }
    if let fatal { return lose(fatal) }
    if unsafe !isAlive || PQstatus(handle) == CONNECTION_BAD { return lose(StoreError(.unavailable, driverMessage)) }
    // Its last words have been read; the watch has stopped, so nothing would wake us again.
    if events.contains(.failed) { return lose(StoreError(.unavailable, "the connection was reset")) }
    if !isOwed, phase != .idle { settleAll() }
  }

  /// Takes every result that has arrived.
  ///
  /// Safety: each result is cleared once, after its handling; the handle lives, as nothing in here closes it.
  private func drain() {
    guard let handle = unsafe handle else { return }
    while isOwed, unsafe PQisBusy(handle) == 0 {
      let current = pending[pendingHead]
      guard let result = unsafe PQgetResult(handle) else {
        // The end of a command's results.
        guard isAnswered else {
          fatal = fatal ?? StoreError(.unavailable, "the driver lost count of its results")
          return
        }
        advance()
        continue
      }
      isAnswered = true
      let status = unsafe PQresultStatus(result)
      if status == PGRES_PIPELINE_SYNC {
        unsafe PQclear(result)
        guard case .sync = current.kind else {
          fatal = fatal ?? StoreError(.unavailable, "the driver lost count of its results")
          return
        }
        // No null follows a sync.
        advance()
        endGroup()
        continue
      }
      unsafe take(ResultView(result), status, current)
      unsafe PQclear(result)
      if fatal != nil { return }
    }
  }

  private func advance() {
    pendingHead += 1
    isAnswered = false
    if pendingHead == pending.count {
      pending.removeAll(keepingCapacity: true)
      pendingHead = 0
    }
  }

  private func take(_ view: ResultView, _ status: ExecStatusType, _ current: Pending) {
    switch status {
    case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_SINGLE_TUPLE, PGRES_EMPTY_QUERY: succeeded(view, current)
    case PGRES_PIPELINE_ABORTED: skipped(current)
    default: failed(view.error, current)
    }
  }

  // MARK: what came of a command

  private func succeeded(_ view: ResultView, _ current: Pending) {
    guard let request = current.request else { return }
    switch current.kind {
    case .step(let step, _):
      do throws(StoreError) {
        switch request.work {
        case .read(let query): request.finish(.success(.rows(try rows(of: view, for: query))))
        case .alike(let requests):
          guard case .read(let query)? = requests.first?.work else { break }
          request.finish(.success(.rows(try rows(of: view, for: query))))
        case .together(let requests):
          try noteWhole(view, of: nil)
          try RowEncoder.share(view, among: requests, memory: pool.options.memory)
        case .sequence(let sequence):
          guard let current = request.current, !request.isFinished else { break }
          guard let next = sequence.next(after: try rows(of: view, for: current)) else {
            request.finish(.success(.done))
            break
          }
          following = (next, request)
        case .inspect: request.finish(.success(.table(try view.table())))
        case .write(let batch): try take(view, of: batch.steps[step], for: request)
        case .define, .setup: break
        }
      } catch {
        // A batch is on its way to its COMMIT: what it gives back is lost, not what it did.
        if request.isTransaction {
          request.returned.append([])
          request.readFailure = error
        } else {
          refuseRead(request, error)
        }
      }
    case .commit:
      request.isCommitted = view.tag == (request.isTrial ? "ROLLBACK" : "COMMIT")
      if !request.isCommitted, request.verdict == nil {
        request.verdict = .failed(StoreError(.invalidStatement, "the server answered COMMIT with \(view.tag)"))
      }
    case .describe(let key):
      if let encoding = request.encoding, BinaryColumns.fit(view.types, encoding, isShared: key.form == .shared) {
        cache.setBinary(key, for: encoding)
      }
    case .position: request.position = view.text(0, 0).flatMap { LogPosition.number($0.string) }
    case .prepare, .deallocate, .begin, .rollback, .sync: break
    }
  }

  private func rows(of view: ResultView, for query: Query) throws(StoreError) -> Rows {
    try noteWhole(view, of: query.statement)
    return try RowEncoder.rows(of: view, for: query, memory: pool.options.memory)
  }

  private func take(_ view: ResultView, of step: WriteBatch.Step, for request: Request) throws(StoreError) {
    // On its way to its COMMIT: it is not given up for want of room.
    if case .reading(let query) = step { request.readRows = try RowEncoder.rows(of: view, for: query, memory: .unbounded) }
    guard case .returning(_, _, let kinds) = step else { return }
    var values: [Value] = []
    if view.rows > 0 {
      for (column, kind) in kinds.enumerated() { values.append(try view.value(0, column, as: kind)) }
    }
    request.returned.append(values)
  }

  /// A neighbour before it, or a step of its own, failed.
  private func skipped(_ current: Pending) {
    switch current.kind {
    case .prepare(let key): cache.forget(key)
    case .deallocate(let name): evicted.append(name)
    case .step:
      guard let request = current.request, !request.isTransaction, !request.isFinished else { return }
      if let verdict = request.verdict { finishRead(request, verdict) } else { undone.append(request) }
    case .describe, .begin, .commit, .rollback, .position, .sync: break
    }
  }

  private func failed(_ reported: ServerError, _ current: Pending) {
    var error = reported
    // A standby does not know `READ WRITE` (feature_not_supported); where it gets further it says read_only_sql_transaction.
    if case .begin = current.kind, error.state == "0A000" { error.state = ServerError.readOnlyState }
    // Without an SQLSTATE it is libpq itself that speaks: the connection is gone.
    if error.state.isEmpty {
      fatal = fatal ?? StoreError(.unavailable, driverMessage)
      return
    }
    // A pooler that has lost its server does not know what that has done: it proves nothing about a batch that was sent.
    if error.routine.isEmpty {
      fatal = fatal ?? StoreError(.unavailable, error.summary)
      return
    }
    if error.isFatal { fatal = fatal ?? StoreError(.unavailable, error.summary) }
    if case .prepare(let key) = current.kind { cache.forget(key) }
    // The commit before it stands.
    if case .position = current.kind { return }
    guard let request = current.request, request.verdict == nil else { return }
    // A standby refuses to be set up, and still serves reads.
    if case .setup = request.work, error.refusesWrites { return }
    var verdict: ServerError.Verdict
    switch (current.kind, request.work) {
    case (.step(let step, let key), let work):
      if case .write = work { verdict = error.verdict(step: step) } else { verdict = error.verdict(step: nil) }
      if case .define = work, case .failed(let reason) = verdict {
        verdict = .failed(StoreError(reason.code, "statement \(step + 1): \(reason.message)"))
      }
      if case .prepareAgain = verdict, let key, let name = cache.forget(key) { evicted.append(name) }
    // What is checked at the end (deferred constraints) is the last step's.
    case (.commit, .write(let batch)):
      verdict = error.verdict(step: max(0, batch.steps.count - 1))
      if error.isFatal { verdict = .failed(StoreError(.outcomeUnknown, error.summary)) }
    default: verdict = error.verdict(step: nil)
    }
    if request.isTransaction {
      request.verdict = verdict
    } else if case .step = current.kind {
      if !error.isFatal { finishRead(request, verdict) }
    } else {
      request.verdict = verdict
    }
  }

  private func finishRead(_ request: Request, _ verdict: ServerError.Verdict) {
    switch verdict {
    case .tryAgain(let error): pool.retryRead(request, after: error)
    case .prepareAgain(let error):
      pool.excuse(request)
      pool.retryRead(request, after: error)
    case .failed(let error): refuseRead(request, error)
    case .outcome: refuseRead(request, StoreError(.invalidStatement, "a read was refused as a write is"))
    }
  }

  /// Those who shared a statement hear what becomes of their own.
  private func refuseRead(_ request: Request, _ error: StoreError) {
    if request.members == nil { request.finish(.failure(error)) } else { pool.retryRead(request, after: error) }
  }

  // MARK: the end of a group

  /// A sync was reached: a transaction is over, and what failed with others is sent again.
  private func endGroup() {
    if let request = transaction, !request.isSetup {
      transaction = nil
      finishTransaction(request)
    }
    guard !undone.isEmpty else { return }
    let requests = undone
    undone = []
    for request in requests.reversed() {
      request.isAlone = true
      pool.retryRead(request, after: StoreError(.unavailable, "a neighbour's failure undid it"))
    }
  }

  /// Nothing is owed any more.
  ///
  /// Safety: the handle is checked.
  private func settleAll() {
    guard let handle = unsafe handle else { return }
    if let request = transaction {
      transaction = nil
      if case .failed(let error) = request.verdict, error.code == .unavailable { return lose(error) }
    }
    if let (query, request) = following {
      following = nil
      if !request.isFinished { return send(next: query, of: request) }
    }
    if phase == .reading, !sentStatements.isEmpty {
      let took = pool.clock.monotonicNanoseconds - sentAt
      pool.times.note(sentStatements, milliseconds: took / 1_000_000)
      // A slow one went alone, and says nothing about the others.
      if took < StatementTimes.slowMilliseconds * 1_000_000 { pool.groupSize.note(reads: sentReads, nanoseconds: took) }
    }
    let status = unsafe PQtransactionStatus(handle)
    if status == PQTRANS_INERROR || status == PQTRANS_INTRANS { return sendRollback() }
    becomeIdle()
  }

  /// Gives a transaction its answer, or sends it again.
  func finishTransaction(_ request: Request) {
    if request.isCommitted, request.isTrial {
      if let failure = request.readFailure { return request.finish(.failure(failure)) }
      return request.finish(.success(.outcome(request.readRows.map { .read($0) } ?? .tried(request.returned))))
    }
    if request.isCommitted { request.receipt?.note(request.position ?? WriteReceipt.unknown) }
    if request.isCommitted { pool.trouble.clear() }
    if request.isCommitted { return request.finish(.success(request.isBatch ? .outcome(.committed(request.returned)) : .done)) }
    switch request.verdict {
    case .outcome(let outcome): request.finish(.success(.outcome(outcome)))
    case .failed(let error):
      pool.trouble.note(error)
      request.finish(.failure(error))
    case .tryAgain(let error): pool.retryWrite(request, after: error)
    case .prepareAgain(let error):
      pool.excuse(request)
      pool.retryWrite(request, after: error)
    case nil: request.fail(.outcomeUnknown, "the server did not say how the transaction ended")
    }
  }

  func becomeIdle() {
    deadline = nil
    let wasOpening = phase == .opening
    if isToBeReplaced, !wasOpening { return lose(StoreError(.unavailable, "its buffers have grown")) }
    phase = .idle
    if wasOpening { pool.connectionReady() } else { pool.planDispatch() }
  }
}

extension Request {
  fileprivate var isSetup: Bool { if case .setup = work { true } else { false } }
  var isBatch: Bool { if case .write = work { true } else { false } }
  var isTrial: Bool { if case .write(let batch) = work { batch.isTrial } else { false } }
}

extension ResultView {
  /// Rows of an inspection at most.
  static let inspectedRowsMax = 100_000

  /// Every column as text.
  func table() throws(StoreError) -> [[String?]] {
    guard rows <= ResultView.inspectedRowsMax else {
      throw StoreError(.invalidStatement, "more than \(ResultView.inspectedRowsMax) rows")
    }
    return (0..<rows).map { row in (0..<columns).map { column in text(row, column)?.string } }
  }
}
