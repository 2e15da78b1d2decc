import Base
import Contract
import JSON
import Store

extension Engine {
  /// `POST /v1/RESOURCE`
  func create(_ operation: Operation, plan: ResourcePlan) async throws(Failure) -> Answer {
    let facts = Facts(caller: operation.caller, context: operation.context)
    let grant = plan.create.grant(facts)
    guard !grant.isNever else { throw denied(facts, else: Failure(.forbidden, "You may not create \(plan.resource.name)")) }
    try requireKey(operation, plan: plan)
    return try await idempotently(operation) { (operation: Operation) async throws(Failure) in
      let body = try InputReader.object(operation.body)
      var statements = 0
      // Who makes a record under the next number races with everyone who does.
      let turn = plan.isKeyNumbered ? ChangeTurn(resource: plan.number, key: []) : nil
      return try await self.untilFirst(turn, of: "this record of \(plan.resource.name)", statements: &statements) {
        statements async throws(Failure) in
        do throws(Failure) {
          return try await self.attemptCreation(
            body, key: nil, operation, plan: plan, facts: facts, grant: grant, statements: &statements)
        } catch {
          guard error.code == .unique, plan.isKeyNumbered, error.isOfKey else { throw error }
          return nil
        }
      }
    }
  }

  func requireKey(_ operation: Operation, plan: ResourcePlan) throws(Failure) {
    guard plan.resource.idempotencyRequired, operation.idempotency == nil, !operation.isKeyed else { return }
    throw Failure(
      .idempotencyKeyMissing, "\(plan.resource.name) needs an Idempotency-Key: send a fresh UUID with each new request")
  }

  /// One try to make a record of a body; nil where what it stands on has changed meanwhile. `key` is given by `PUT`.
  ///
  /// - Parameters:
  ///   - isImport: nobody is shown the record.
  ///   - passesOverKept: as `InputReader.passesOverKept`.
  func attemptCreation(
    _ body: JSONNode, key: [Value]?, _ operation: Operation, plan: ResourcePlan, facts: Facts, grant: Grant, isImport: Bool = false,
    passesOverKept: Bool = false, statements: inout Int
  ) async throws(Failure) -> (answer: Answer, keyTaken: Bool)? {
    var input = InputReader(plan: plan, facts: facts)
    input.passesOverKept = passesOverKept
    var record = Record(plan.table)
    input.defaulted(&record)
    input.read(body, into: &record, stored: nil)
    input.checkRequired(record)
    try await assignKey(key, to: &record, body: body, plan: plan, input: &input, statements: &statements)
    if plan.table.hasRevision { record["revision"] = .integer(1) }
    if plan.resource.storage.hasTimestamps {
      record["created_at"] = .timestamp(clock.now)
      record["updated_at"] = record["created_at"]
    }
    guard input.items.isEmpty else { throw Failure.validation(input.items).counting(statements) }
    var change = Change(action: .create, name: Change.Action.create.rawValue, after: record)
    change.isPut = key != nil
    change.references = plan.table.fields.indices.filter { plan.table.fields[$0].reference != nil && !record.values[$0].isNull }
    try await foresee(&change, plan: plan, facts: facts, statements: &statements)
    let stored = change.after ?? record
    let isReadable = try await check(
      &change, grant: grant, fieldRules: input.writeConditions, plan: plan, facts: facts, statements: &statements)
    var answer = try await self.answer(
      .created, stored, isReadable: isReadable && !isImport, plan: plan, facts: facts, operation: operation, statements: &statements)
    answer.location = "\(prefix.prefix)/\(plan.resource.name)/\(PercentEncoding.path(KeyText.text(record.key)))"
    let result = try await commit(change, plan: plan, facts: facts, operation: operation, answer: answer, statements: &statements)
    return answered(answer, result, statements: statements)
  }

  private func assignKey(
    _ key: [Value]?, to record: inout Record, body: JSONNode, plan: ResourcePlan, input: inout InputReader, statements: inout Int
  ) async throws(Failure) {
    if let key {
      record.values[0] = key.count == 1 ? key[0] : .list(key)
      if let given = body["id"]?.stringValue, plan.key(given) != key { input.report("/id", "immutable", "is not the id of the path") }
      return
    }
    if plan.takesKey, let node = body["id"], !node.isNull {
      do throws(FieldReader.Violation) {
        record.values[0] = try FieldReader(plan.resource.storage.key[0].type).value(of: node)
      } catch {
        input.report("/id", error.code, error.detail)
      }
      return
    }
    if plan.resource.storage.hasOwnKey {
      record.values[0] = .uuid(newID())
    } else if plan.isKeyNumbered {
      record.values[0] = .integer(try await nextNumber(plan, statements: &statements))
    } else if plan.takesKey {
      input.report("/id", "required", "is required")
    } else {
      // A natural key lies in fields of its own.
      let parts = plan.table.key.map { column -> Value in
        plan.table.fields.indices.dropFirst().first { plan.table.fields[$0].columns[0].name == column.name }
          .map { record.values[$0] } ?? .null
      }
      if parts.contains(.null), input.items.isEmpty { input.report("", "required", "the fields of the key are required") }
      record.values[0] = parts.count == 1 ? parts[0] : .list(parts)
    }
  }

  /// The database's own sequence is asked, so that others who insert go on from there. Reads may write nothing: so by a trial.
  private func nextNumber(of sequence: String, plan: ResourcePlan, statements: Int) async throws(Failure) -> Int64 {
    let next = plan.writes.nextNumber(sequence)
    let outcome: WriteOutcome
    do {
      outcome = try await store.write(
        WriteBatch([.returning(next.statement, next.values(), kinds: [.integer])], isTrial: true))
    } catch {
      throw Failure(error, statements: statements)
    }
    switch outcome {
    case .tried(let rows):
      guard case .integer(let number)? = rows.first?.first else { throw Failure(.conflict, "There are no more keys") }
      return number
    // A store that is only watched (`martlet explain`) tries nothing.
    case .committed: return 1
    default: throw Failure(.conflict, "There are no more keys")
    }
  }

  private func nextNumber(_ plan: ResourcePlan, statements: inout Int) async throws(Failure) -> Int64 {
    statements += 1
    if let sequence = plan.table.keySequence { return try await nextNumber(of: sequence, plan: plan, statements: statements) }
    do {
      let rows = try await store.read(plan.reads.lastKey().query([]))
      guard case .integer(let last)? = rows.captured.first else { return 1 }
      guard last < Int64.max else { throw Failure(.conflict, "There are no more keys") }
      return last + 1
    } catch let error as StoreError {
      throw Failure(error, statements: statements)
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(.internal, "")
    }
  }
}
