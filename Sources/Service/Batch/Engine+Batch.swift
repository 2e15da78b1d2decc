import Base
import Identity
import JSON
import Store

extension Engine {
  /// More steps than this are not sent as one transaction: it would hold up everybody else.
  static let batchStepsMax = 5_000

  /// `POST /v1/batch`: the operations one after the other, each as if those before it had been carried out, and all of them in one
  /// transaction.
  ///
  /// - Throws: the first failure, with `operation`, its place; nothing has been done then.
  package func perform(_ batch: Batch) async throws(Failure) -> Answer {
    // Stands for the whole: whose key it is.
    var whole = Operation(.create, resource: "batch", caller: batch.caller, context: batch.context)
    whole.idempotency = batch.idempotency
    return try await idempotently(whole) { (whole: Operation) async throws(Failure) in
      var statements = 0
      return try await self.untilFirst(nil, of: "what this batch changes", statements: &statements) { statements async throws(Failure) in
        try await self.attempt(batch, whole, statements: &statements)
      }
    }
  }

  /// One try; nil where somebody else was first.
  private func attempt(
    _ batch: Batch, _ whole: Operation, statements: inout Int
  ) async throws(Failure) -> (answer: Answer, keyTaken: Bool)? {
    let session = BatchSession(store)
    let engine = Engine(self, session: session)
    var results = BatchResults()
    for (place, item) in batch.items.enumerated() {
      session.begin(place)
      do throws(Failure) {
        guard item.operation.action.isChange else {
          throw Failure(.methodNotAllowed, "A batch makes and changes records: it reads none")
        }
        let answer = try await engine.perform(try results.resolved(item, at: place, isKeyed: whole.idempotency != nil))
        statements += answer.statements
        results.append(answer, of: item)
        guard session.steps.count <= Engine.batchStepsMax, results.bytes <= Fetcher.bytesMax else {
          throw Failure(.tooCostly, "The batch changes too much at once: send it in parts")
        }
      } catch {
        if let broken = session.broken { return try await settle(broken, session, whole, statements: &statements) }
        throw error.of(operation: place)
      }
    }
    var answer = Answer(.ok)
    answer.body = results.body
    answer.statements = statements
    guard !session.steps.isEmpty else { return (try await keptAnswer(whole) ?? answer, false) }
    var steps: [WriteBatch.Step] = []
    if let idempotency = whole.idempotency {
      steps.append(.run(engineStatements.keepAnswer.statement, answerValues(idempotency, whole, answer), rows: nil))
    }
    let locks = locks(session)
    steps += locks + session.steps
    let outcome: WriteOutcome
    do {
      outcome = try await store.write(WriteBatch(steps, receipt: whole.context.receipt))
    } catch {
      throw Failure(error, statements: statements)
    }
    if session.removesUsers { directory.forget() }
    if case .committed = outcome { return (answer, false) }
    let before = steps.count - session.steps.count
    if let step = outcome.step, step < before {
      // The key's answer is there already; or a record is not as it was read.
      return step < before - locks.count ? (answer, true) : nil
    }
    return try await settle(outcome.after(before), session, whole, statements: &statements)
  }

  /// Holds what the batch changes, in one order for all batches, so that two of them do not wait for each other. (SQLite has one
  /// writer.)
  private func locks(_ session: BatchSession) -> [WriteBatch.Step] {
    guard store.dialect == .postgres else { return [] }
    var batch = ChangeBatch()
    for pending in session.firstChanges {
      guard let before = pending.change.before else { continue }
      addLock(pending.plan, before, isDeleted: pending.change.action == .delete, to: &batch)
    }
    return batch.steps
  }

  /// What a batch that did not go through comes to: nil where it is to be tried again, else the failure of the operation that ended it.
  private func settle(
    _ outcome: WriteOutcome, _ session: BatchSession, _ whole: Operation, statements: inout Int
  ) async throws(Failure) -> (answer: Answer, keyTaken: Bool)? {
    guard let step = outcome.step, let pending = session.change(at: step) else { return nil }
    do throws(Failure) {
      _ = try await result(
        of: outcome.after(pending.firstStep), pending.change, pending.batch, plan: pending.plan, facts: pending.facts,
        statements: &statements)
      return nil
    } catch {
      // Somebody has made the record, or taken the number, meanwhile: a PUT changes it then, and there is a next number.
      let isLate = error.isOfKey && (pending.plan.isKeyNumbered || pending.change.isPut)
      if error.code == .unique, isLate { return nil }
      throw error.of(operation: pending.operation)
    }
  }
}

extension Failure {
  /// As the failure of one operation of a batch, whose pointers lead into its body.
  package func of(operation place: Int) -> Failure {
    var failure = self
    guard !failure.members.contains(where: { $0.name == "operation" }) else { return self }
    failure.members.append(("operation", Array(String(place).utf8)))
    for item in failure.items.indices {
      if let pointer = failure.items[item].pointer, !pointer.hasPrefix("/operations/") {
        failure.items[item].pointer = "/operations/\(place)/body" + pointer
      }
    }
    return failure
  }
}

extension Operation.Action {
  fileprivate var isChange: Bool {
    switch self {
    case .list, .read, .history, .query: false
    case .create, .update, .patch, .replace, .delete, .restore, .transition: true
    }
  }
}
