import Base
import CPostgres
import Reactor
import Store
import Synchronization

extension Connection {
  private static let beginStatement = Statement(text: EngineSQL.begin.description, parameters: [])
  private static let beginReadingStatement = Statement(text: EngineSQL.beginReading.description, parameters: [])
  private static let beginSequenceStatement = Statement(text: EngineSQL.beginSequence.description, parameters: [])
  private static let rollbackStatement = Statement(text: EngineSQL.rollback.description, parameters: [])
  private static let positionStatement = Statement(text: EngineSQL.position.description, parameters: [])
  private static let commitStatement = Statement(text: EngineSQL.commit.description, parameters: [])

  // MARK: reads

  /// Sends reads: those that may share a sync first, then each of the others with its own.
  func send(reads: [Request], being kind: ReadKind = .quick) {
    phase = .reading
    readsAre = kind
    expectAnswer(within: pool.options.timeout)
    parameters.removeAll()
    sentAt = pool.clock.monotonicNanoseconds
    sentReads = reads.count
    sentStatements.removeAll(keepingCapacity: true)
    let shared = sharing(reads)
    if let first = shared.first?.0 { sendSettings(first) }
    var isOpen = false
    for (request, place) in shared { isOpen = send(read: request, place) || isOpen }
    if isOpen || !isSynced { sync() }
    for request in reads where request.isAlone {
      if !request.isApart { sendSettings(request) }
      if send(read: request) || !isSynced { sync() }
    }
    finishSending()
  }

  /// Behind a pooler: the settings, for as long as the transaction lasts, which goes to the next sync where none was begun.
  private func sendSettings(_ request: Request) {
    guard let settings = pool.settings.transactionSettings else { return }
    execute(text: request.isTransaction ? settings.writing : settings.reading, [], 0..<0, .begin, request)
  }

  /// Nothing has been sent since the last sync.
  private var isSynced: Bool { if case .sync? = pending.last?.kind { true } else { pending.isEmpty } }

  /// The reads that are not alone, in their order. Those of one statement are one where the statement offers it; else those that
  /// are the same, with where their parameters are.
  private func sharing(_ reads: [Request]) -> [(Request, ParameterBuffer.Place?)] {
    var groups: [(query: Query?, requests: [Request])] = []
    for request in reads where !request.isAlone {
      guard case .read(let query) = request.work, query.values.count == query.statement.parameters.count else {
        groups.append((nil, [request]))
        continue
      }
      if let place = groups.firstIndex(where: { $0.query?.isAsked(as: query) ?? false }) {
        groups[place].requests.append(request)
      } else {
        groups.append((query, [request]))
      }
    }
    var result: [(Request, ParameterBuffer.Place?)] = []
    for (query, requests) in groups {
      if requests.count == 1 {
        result.append((requests[0], nil))
      } else if query?.statement.shared != nil {
        result.append((Request(.together(requests)), nil))
      } else {
        result += merging(requests)
      }
    }
    return result
  }

  /// Reads of one statement, those made one whose parameters are the same to the byte: the database is asked after all of them
  /// came, so one answer is as true for each. (Values that are equal are not enough: 1.0 is 1.00, and not the same text.)
  private func merging(_ reads: [Request]) -> [(Request, ParameterBuffer.Place?)] {
    var groups: [(place: ParameterBuffer.Place, requests: [Request])] = []
    for request in reads {
      guard case .read(let query) = request.work else { continue }
      do throws(StoreError) {
        let place = try parameters.append(query.values, as: query.statement.parameters)
        if let known = groups.firstIndex(where: { parameters.isSame($0.place, place) }) {
          groups[known].requests.append(request)
          parameters.removeLast(place)
        } else {
          groups.append((place, [request]))
        }
      } catch {
        request.finish(.failure(error))
      }
    }
    return groups.map { ($0.requests.count > 1 ? Request(.alike($0.requests)) : $0.requests[0], $0.place) }
  }

  /// Sends several reads of one statement as one.
  private func send(_ request: Request, sharedBy requests: [Request]) {
    guard case .read(let first)? = requests.first?.work else { return }
    let statement = first.statement
    sentStatements.insert(statement.number)
    for request in requests { request.begin() }
    pool.figures.shared.add(requests.count, ordering: .relaxed)
    let place = parameters.appendArrays(of: requests.count, as: statement.parameters) { place, parameter in
      if case .read(let query) = requests[place].work { query.values[parameter] } else { .null }
    } refused: {
      requests[$0].finish(.failure($1))
    }
    execute(statement, .shared, place, step: 0, request)
  }

  /// - Parameter place: where its parameters are, if they are known already.
  /// - Returns: false where it could not be sent; it has been answered then.
  private func send(read request: Request, _ place: ParameterBuffer.Place? = nil) -> Bool {
    request.begin()
    do throws(StoreError) {
      switch request.work {
      case .read(let query):
        let place = if let place { place } else { try parameters.append(query.values, as: query.statement.parameters) }
        sentStatements.insert(query.statement.number)
        if let apart = query.apart { begin(apart, request) }
        execute(query.statement, .plain, place, step: 0, request)
        if query.apart != nil { execute(Connection.rollbackStatement, .plain, 0..<0, .rollback, request) }
      case .alike(let requests):
        guard case .read(let query)? = requests.first?.work, let place else { return false }
        for request in requests { request.begin() }
        pool.figures.shared.add(requests.count, ordering: .relaxed)
        sentStatements.insert(query.statement.number)
        execute(query.statement, .plain, place, step: 0, request)
      case .sequence(let sequence):
        let query = sequence.first()
        let place = try parameters.append(query.values, as: query.statement.parameters)
        request.current = query
        execute(Connection.beginSequenceStatement, .plain, 0..<0, .begin, request)
        sendSettings(request)
        execute(query.statement, .plain, place, step: 0, request)
      case .inspect(let text, let values):
        let kinds = values.map(\.kind)
        let place = try parameters.append(values, as: kinds)
        execute(text: text, kinds.map(\.typeNumber), place, .step(0, nil), request)
      case .together(let requests): send(request, sharedBy: requests)
      case .write, .define, .setup: return false
      }
      return true
    } catch {
      request.finish(.failure(error))
      return false
    }
  }

  /// Sends a sequence's next read within the transaction that its first one began.
  func send(next query: Query, of request: Request) {
    expectAnswer(within: pool.options.timeout)
    parameters.removeAll()
    do throws(StoreError) {
      let place = try parameters.append(query.values, as: query.statement.parameters)
      request.current = query
      execute(query.statement, .plain, place, step: 0, request)
      if case .sequence(let sequence) = request.work, sequence.isLast {
        execute(Connection.rollbackStatement, .plain, 0..<0, .rollback, request)
      }
      sync()
      finishSending()
    } catch {
      request.finish(.failure(error))
      sendRollback()
    }
  }

  /// A transaction that changes nothing, and what its statement may take. Its end undoes what the statement has set.
  private func begin(_ apart: Query.Apart, _ request: Request) {
    execute(Connection.beginReadingStatement, .plain, 0..<0, .begin, request)
    sendSettings(request)
    guard let timeout = apart.timeout, timeout < pool.options.timeout else { return }
    execute(text: EngineSQL.limitStatements(milliseconds: max(1, timeout.wholeMilliseconds)), [], 0..<0, .begin, request)
  }

  // MARK: transactions

  /// Sends a whole transaction, from BEGIN to COMMIT (a trial's to ROLLBACK), in one go.
  func send(transaction request: Request) {
    phase = phase == .opening ? .opening : .writing
    request.begin()
    parameters.removeAll()
    var places: [ParameterBuffer.Place] = []
    if case .write(let batch) = request.work {
      for (index, step) in batch.steps.enumerated() {
        // Before anything is sent: a value that cannot be bound leaves nothing behind.
        do throws(StoreError) {
          places.append(try parameters.append(step.values, as: step.statement.parameters))
        } catch {
          if error.code == .invalidValue {
            request.finish(.success(.outcome(.checkViolation(step: index, constraint: error.message))))
          } else {
            request.finish(.failure(error))
          }
          return becomeIdle()
        }
      }
    }
    transaction = request
    execute(Connection.beginStatement, .plain, 0..<0, .begin, request)
    sendSettings(request)
    switch request.work {
    case .write(let batch):
      expectAnswer(within: pool.options.transactionTimeout ?? pool.options.timeout)
      stopsAt = deadline.map { $0 - pool.options.graceTimeout.wholeMilliseconds }
      for (index, step) in batch.steps.enumerated() {
        execute(step.statement, step.form, places[index], step: index, request)
      }
    case .define(let statements):
      expectAnswer(within: pool.options.defineTimeout)
      // Another process's definitions are waited for; a table that is in use only as long as any statement waits.
      let patience = pool.options.defineTimeout.wholeMilliseconds
      let first = [
        EngineSQL.limitStatements(milliseconds: patience), EngineSQL.limitLocks(milliseconds: patience),
        EngineSQL.lockDefinitions.description, EngineSQL.limitLocks(milliseconds: pool.options.lockTimeout.wholeMilliseconds),
      ]
      for (index, text) in (first + statements).enumerated() {
        execute(text: text, [], 0..<0, .step(index - first.count, nil), request)
      }
    case .setup:
      let preparation = pool.options.isReadOnly ? EngineSQL.ping : EngineSQL.prepareDatabase
      execute(text: preparation.description, [], 0..<0, .step(0, nil), request)
    case .read, .sequence, .together, .alike, .inspect: break
    }
    execute(request.isTrial ? Connection.rollbackStatement : Connection.commitStatement, .plain, 0..<0, .commit, request)
    if request.receipt != nil { execute(Connection.positionStatement, .plain, 0..<0, .position, request) }
    sync()
    finishSending()
  }

  /// Ends a transaction that failed.
  func sendRollback() {
    expectAnswer(within: pool.options.timeout)
    execute(text: EngineSQL.rollback.description, [], 0..<0, .rollback, nil)
    sync()
    finishSending()
  }

  // MARK: pieces

  private func expectAnswer(within time: Duration) {
    guard phase != .opening else { return }
    cancelledAt = nil
    stopsAt = nil
    deadline = pool.loop.nowMilliseconds + (time + pool.options.graceTimeout).wholeMilliseconds
  }

  private func execute(
    _ statement: Statement, _ form: StatementKey.Form, _ place: ParameterBuffer.Place, step: Int, _ request: Request
  ) {
    let key = StatementKey(number: statement.number, form: form)
    execute(statement, form, place, .step(step, key), request)
  }

  /// Queues a prepared statement, and its preparation before it where it is new to this connection.
  ///
  /// Safety: the handle is checked; the types' array lives for the call; libpq copies what it is given.
  private func execute(
    _ statement: Statement, _ form: StatementKey.Form, _ place: ParameterBuffer.Place, _ kind: Pending.Kind, _ request: Request
  ) {
    guard let handle = unsafe handle else { return }
    guard pool.settings.transactionSettings == nil else {
      // The next transaction may be another server connection's, which knows no name.
      let types = statement.parameters.map { form == .shared ? $0.arrayTypeNumber : $0.typeNumber }
      return execute(text: EngineSQL.text(statement, as: form), types, place, kind, request)
    }
    let key = StatementKey(number: statement.number, form: form)
    let encoding = request.encoding
    let name: String
    switch cache.use(key) {
    case .ready(let known): name = known
    case .missing(let new, let old):
      name = new
      if let old { evicted.append(old) }
      let types = statement.parameters.map { form == .shared ? $0.arrayTypeNumber : $0.typeNumber }
      let text = EngineSQL.text(statement, as: form)
      note(unsafe PQsendPrepare(handle, name, text, Int32(types.count), types), .prepare(key), request)
      // What its columns are decides the format of later results.
      if encoding != nil { note(unsafe PQsendDescribePrepared(handle, name), .describe(key), request) }
    }
    let isBinary = encoding.map { cache.isBinary(key, for: $0) } ?? false
    let sent = unsafe parameters.withPointers(place) { count, pointers in
      unsafe PQsendQueryPrepared(handle, name, count, pointers, nil, nil, isBinary ? 1 : 0)
    }
    note(sent, kind, request)
  }

  /// Queues a statement that is used once.
  ///
  /// Safety: as above.
  private func execute(text: String, _ types: [Oid], _ place: ParameterBuffer.Place, _ kind: Pending.Kind, _ request: Request?) {
    guard let handle = unsafe handle else { return }
    let sent = unsafe parameters.withPointers(place) { count, pointers in
      unsafe PQsendQueryParams(handle, text, count, types, pointers, nil, nil, 0)
    }
    note(sent, kind, request)
  }

  /// The end of what succeeds or fails together. libpq sends what it holds.
  ///
  /// Safety: the handle is checked.
  private func sync() {
    guard let handle = unsafe handle else { return }
    note(unsafe PQpipelineSync(handle), .sync, nil)
  }

  private func note(_ sent: Int32, _ kind: Pending.Kind, _ request: Request?) {
    if sent == 1 {
      pending.append(Pending(kind: kind, request: request))
    } else {
      if let request { pending.append(Pending(kind: kind, request: request)) }
      fatal = fatal ?? StoreError(.unavailable, driverMessage)
    }
  }

  private func finishSending() {
    if !evicted.isEmpty {
      // In a sync of their own: a failure here is nobody else's.
      let names = evicted
      evicted = []
      for name in names { execute(text: EngineSQL.deallocate(name), [], 0..<0, .deallocate(name), nil) }
      sync()
    }
    if let fatal { return lose(fatal) }
    flush()
    if !isOwed, phase != .closed { becomeIdle() }
  }

  /// Sends what the socket takes, and waits for it to take more where something is left.
  ///
  /// Safety: the handle is checked.
  func flush() {
    guard let handle = unsafe handle else { return }
    switch unsafe PQflush(handle) {
    case 0: watch?.update(.readable)
    case 1: watch?.update([.readable, .writable])
    default: lose(StoreError(.unavailable, driverMessage))
    }
  }
}

extension Query {
  /// Both may be answered by one run of their statement, if their parameters allow.
  fileprivate func isAsked(as other: Query) -> Bool {
    statement === other.statement && encoding === other.encoding && rowsMax == other.rowsMax
  }
}

extension WriteBatch.Step {
  var statement: Statement {
    switch self {
    case .guarding(let statement, _), .run(let statement, _, _), .returning(let statement, _, _): statement
    case .reading(let query): query.statement
    }
  }

  var values: [Value] {
    switch self {
    case .guarding(_, let values), .run(_, let values, _), .returning(_, let values, _): values
    case .reading(let query): query.values
    }
  }

  var form: StatementKey.Form {
    switch self {
    case .guarding: .guarding
    case .run(_, _, .some(let rows)): .counted(rows)
    case .run, .returning, .reading: .plain
    }
  }
}

extension Value {
  /// The kind a parameter of this value is bound as where no statement says it.
  fileprivate var kind: ColumnKind {
    switch self {
    case .boolean: .boolean
    case .integer, .duration: .integer
    case .number: .number
    case .decimal: .decimal(scale: 0)
    case .timestamp: .timestamp
    case .date: .date
    case .uuid: .uuid
    case .json: .json
    case .bytes: .bytes
    case .null, .string, .money, .list: .text
    }
  }
}

extension ParameterBuffer {
  /// The parameters at a place, as libpq takes them: pointers to texts that end with a zero, null for NULL.
  ///
  /// Safety: the pointers are into `bytes`, which does not change during the call; each text was ended by `append`.
  @unsafe func withPointers<Result>(_ place: Place, _ body: (Int32, UnsafePointer<UnsafePointer<CChar>?>?) -> Result) -> Result {
    guard !place.isEmpty else { return body(0, nil) }
    return unsafe bytes.withUnsafeBytes { buffer in
      let pointers = unsafe starts[place].map { start -> UnsafePointer<CChar>? in
        unsafe start < 0 ? nil : buffer.baseAddress.map { unsafe ($0 + start).assumingMemoryBound(to: CChar.self) }
      }
      return unsafe pointers.withUnsafeBufferPointer { unsafe body(Int32($0.count), $0.baseAddress) }
    }
  }
}
