import Base
import Contract
import Identity
import Store

extension Engine {
  /// `POST /v1/RESOURCE` with many records: each is made as a request by itself would make it, and refused as that would be. What is
  /// made is committed in groups.
  ///
  /// - Returns: 200 with what came of them, when all were looked at.
  /// - Throws: what ends it before, with what was done until then (`created`, `refused`, `refusals`).
  package func perform(_ order: RecordImport, from pieces: any BytePieces) async throws(Failure) -> Answer {
    try await perform(order, from: pieces, sizes: ImportSizes())
  }

  func perform(_ order: RecordImport, from pieces: any BytePieces, sizes: ImportSizes) async throws(Failure) -> Answer {
    guard let plan = plan(of: order.resource) else { throw Failure(.notFound, "There is no resource \(order.resource)") }
    let facts = Facts(caller: order.caller, context: order.context)
    let grant = plan.create.grant(facts)
    guard !grant.isNever else { throw denied(facts, else: Failure(.forbidden, "You may not create \(plan.resource.name)")) }
    var operation = Operation(.create, resource: order.resource, caller: order.caller, context: order.context)
    operation.idempotency = order.idempotency
    try requireKey(operation, plan: plan)
    if order.idempotency != nil, order.caller.id == nil {
      throw Failure(.badRequest, "An import without a token cannot be taken up again: leave Idempotency-Key out")
    }
    var run = ImportRun(
      self, order, plan: plan, facts: facts, grant: grant, rows: ImportRows(pieces, form: order.form, plan: plan, facts: facts),
      scope: order.idempotency.map { scope(of: $0, operation) }, sizes: sizes)
    guard let scope = run.scope else { return try await run.answer() }
    guard await keyTurns.enter(scope) else {
      var failure = Failure(.idempotencyInFlight, "An import with this Idempotency-Key is still being carried out")
      failure.retryAfter = 1
      throw failure
    }
    defer { keyTurns.leave(scope) }
    return try await run.answer()
  }

  /// What is kept of an import with that key; nil where nothing is, or what is there is out of date.
  func keptImport(
    _ idempotency: Idempotency, scope: [UInt8]
  ) async throws(Failure) -> (progress: ImportProgress, digest: String, isWhole: Bool)? {
    let rows: Rows
    do {
      rows = try await store.read(engineStatements.findAnswer.query([.bytes(scope)]))
    } catch {
      throw Failure(error, statements: 1)
    }
    guard rows.count == 1, rows.captured.count == 6, case .bytes(let fingerprint) = rows.captured[0],
      case .integer(let status) = rows.captured[1], case .bytes(let body) = rows.captured[4], case .timestamp(let time) = rows.captured[5]
    else { return nil }
    guard time.microseconds > clock.now.microseconds - Engine.answerLifetimeMicroseconds else {
      try await dropAnswer(scope)
      return nil
    }
    guard fingerprint == idempotency.fingerprint, case .string(let mark) = rows.captured[2], case .string(let digest) = rows.captured[3],
      let progress = ImportProgress(mark: mark, body: body)
    else { throw Engine.otherImport }
    return (progress, digest, status != Int64(ImportProgress.unfinishedStatus))
  }

  static var otherImport: Failure {
    Failure(.idempotencyMismatch, "This Idempotency-Key was used for other records; take a new key for a new import")
  }
}
