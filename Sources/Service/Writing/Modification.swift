import Base
import Contract
import Identity
import JSON
import Store

extension Engine {
  /// `PATCH`, `PUT`, `DELETE` and transitions: reads the record as it stands, works the change out, and sends it on the
  /// condition that nobody was faster.
  func modify(_ operation: Operation, plan: ResourcePlan) async throws(Failure) -> Answer {
    let facts = Facts(caller: operation.caller, context: operation.context)
    guard let key = operation.key.flatMap(plan.key) else { throw Failure.notFound(plan.resource.name) }
    guard let rule = rule(for: operation.action, plan: plan) else { throw Failure.notFound(plan.resource.name) }
    let whole = rule.rule.grant(facts)
    let grants = Grants(
      stored: rule.rule.isOfChange ? rule.stored.grant(facts) : whole, whole: whole, isOfChange: rule.rule.isOfChange)
    let mayMake = operation.action == .replace && plan.resource.clientChoosesID
    if grants.whole.isNever, !mayMake, !facts.caller.isAuthenticated || plan.read.grant(facts).isNever {
      throw denied(facts, else: Failure.notFound(plan.resource.name))
    }
    if operation.action != .delete, operation.action != .replace { try requireKey(operation, plan: plan) }
    return try await idempotently(operation) { (operation: Operation) async throws(Failure) in
      var statements = 0
      let turn = ChangeTurn(resource: plan.number, key: key)
      return try await self.untilFirst(turn, of: "this record of \(plan.resource.name)", statements: &statements) {
        statements async throws(Failure) in
        try await self.attempt(operation, key: key, grants: grants, plan: plan, facts: facts, statements: &statements)
      }
    }
  }

  /// What the caller is granted: by the rule as far as it speaks of the stored record alone, and by the whole of it.
  private struct Grants {
    var stored: Grant
    var whole: Grant
    var isOfChange = false
  }

  private func rule(for action: Operation.Action, plan: ResourcePlan) -> UpdateRule? {
    switch action {
    case .update, .patch, .replace: plan.update
    case .delete: UpdateRule(plan.delete)
    case .restore: plan.keepsDeleted ? UpdateRule(plan.delete) : nil
    case .transition(let name): (plan.transitions[name]?.rule).map { UpdateRule($0) }
    case .list, .read, .history, .query, .create: nil
    }
  }

  /// One try; nil where somebody else was first.
  private func attempt(
    _ operation: Operation, key: [Value], grants: Grants, plan: ResourcePlan, facts: Facts, statements: inout Int
  ) async throws(Failure) -> (answer: Answer, keyTaken: Bool)? {
    let which = operation.action == .restore ? Standing.all : .living
    guard
      let stored = try await storedRecord(key, grant: grants.stored, among: which, plan: plan, facts: facts, statements: &statements)
    else {
      if operation.action == .replace, plan.resource.clientChoosesID {
        return try await putNew(operation, key: key, plan: plan, facts: facts, statements: &statements)
      }
      throw Failure.notFound(plan.resource.name).counting(statements)
    }
    guard stored.isGranted else { throw refused(operation, stored, plan: plan, facts: facts).counting(statements) }
    var change = Change(action: .update, name: operation.action.verb, before: stored.record)
    change.lease = stored.lease
    if let condition = grants.stored.condition { change.storedConditions = [condition] }
    if operation.action == .restore {
      return try await attemptRestoring(change, operation, stored, plan: plan, facts: facts, statements: &statements)
    }
    if operation.action == .delete {
      try checkPreconditions(operation, stored.record, plan: plan)
      change.action = .delete
      change.cascade = try await cascade(of: stored.record, plan: plan, facts: facts, statements: &statements)
      change.after = change.cascade?.going.first?.after ?? deleted(stored.record, plan: plan)
      let result = try await commit(
        change, plan: plan, facts: facts, operation: operation, answer: Answer(.noContent), statements: &statements)
      return answered(Answer(.noContent), result, statements: statements)
    }
    let after: Record
    let fieldRules: [(place: Int, condition: Condition)]
    do throws(Failure) {
      try checkPreconditions(operation, stored.record, plan: plan)
      var operation = operation
      let shown = try await shownPlaces(stored, operation, plan: plan, facts: facts, statements: &statements)
      if operation.action == .patch { operation.body = try mergePatch(of: operation, stored.record, shown: shown) }
      (after, fieldRules) = try worked(operation, stored, shown: shown, plan: plan, facts: facts)
    } catch {
      // The rule has not been asked yet, as it speaks of what is sent: whoever may not read the record learns nothing of it.
      let isHidden = grants.isOfChange && !stored.isReadable && error.code.status < 500
      throw isHidden ? Failure.notFound(plan.resource.name).counting(statements) : error
    }
    guard after != stored.record else {
      // Nothing would change: no revision, no event, and no effect for a key to remember.
      if grants.isOfChange, let condition = grants.whole.condition {
        let held = try await hold([condition], for: after, before: after, plan: plan, facts: facts, statements: &statements)
        guard held == [true] else { throw refused(operation, stored, plan: plan, facts: facts).counting(statements) }
      }
      return try await unchanged(operation, stored, plan: plan, facts: facts, statements: &statements)
    }
    change.after = touched(after, plan: plan)
    change.references = plan.table.fields.indices.filter {
      plan.table.fields[$0].reference != nil && !after.values[$0].isNull && after.values[$0] != stored.record.values[$0]
    }
    try await foresee(&change, plan: plan, facts: facts, statements: &statements)
    // A transition's own rule speaks of the record as it stands; an update's of what it becomes as well.
    var becoming = grants.whole
    if case .transition = operation.action { becoming = .always }
    let isReadable = try await check(
      &change, grant: becoming, isHidden: !stored.isReadable, fieldRules: fieldRules, plan: plan, facts: facts, statements: &statements)
    guard let final = change.after else { return nil }
    let answer = try await self.answer(
      .ok, final, isReadable: isReadable, plan: plan, facts: facts, operation: operation, statements: &statements)
    let result = try await commit(
      change, plan: plan, facts: facts, operation: operation, answer: answer, statements: &statements)
    return answered(answer, result, statements: statements)
  }

  /// The answer where nothing changes.
  func unchanged(
    _ operation: Operation, _ stored: StoredRecord, plan: ResourcePlan, facts: Facts, statements: inout Int
  ) async throws(Failure) -> (answer: Answer, keyTaken: Bool) {
    // Nothing is written that would meet the key's answer, so it is looked for.
    if let kept = try await keptAnswer(operation) { return (kept, false) }
    var answer = try await self.answer(
      .ok, stored.record, isReadable: stored.isReadable, plan: plan, facts: facts, operation: operation, statements: &statements)
    answer.statements = statements
    return (answer, false)
  }

  private func refused(_ operation: Operation, _ stored: StoredRecord, plan: ResourcePlan, facts: Facts) -> Failure {
    // A deleted record is not there for who may not delete it.
    guard stored.isReadable, stored.record.deletion.isNull else { return Failure.notFound(plan.resource.name) }
    return denied(facts, else: Failure(.forbidden, "You may not \(operation.action.verb) this record of \(plan.resource.name)"))
  }

  func answered(_ answer: Answer, _ result: ChangeResult, statements: Int) -> (answer: Answer, keyTaken: Bool)? {
    var answer = answer
    answer.statements = statements
    switch result {
    case .done: return (answer, false)
    case .keyTaken: return (answer, true)
    case .stale: return nil
    }
  }

  /// The members of the stored record that the caller sees; none of a record that it may not read, and for what takes no
  /// fields.
  private func shownPlaces(
    _ stored: StoredRecord, _ operation: Operation, plan: ResourcePlan, facts: Facts, statements: inout Int
  ) async throws(Failure) -> [Int] {
    if case .transition = operation.action { return [] }
    return stored.isReadable ? try await shownPlaces(stored.record, plan: plan, facts: facts, statements: &statements) : []
  }

  /// The record as it becomes, and the conditions of the fields that were written.
  private func worked(
    _ operation: Operation, _ stored: StoredRecord, shown: [Int], plan: ResourcePlan, facts: Facts
  ) throws(Failure) -> (Record, [(place: Int, condition: Condition)]) {
    let isReadable = stored.isReadable
    let stored = stored.record
    var after = stored
    if case .transition(let name) = operation.action {
      let body = try InputReader.object(operation.body, mayBeEmpty: true)
      if let member = body.members.first(where: { _ in true }) {
        throw Failure.validation([
          .init(pointer: JSONPointer.shown(member.name), code: "unknown_field", detail: "a transition takes no fields")
        ])
      }
      guard let transition = plan.transitions[name]?.transition, let field = plan.resource.states?.field else {
        throw Failure.notFound(plan.resource.name)
      }
      guard case .string(let state) = stored[field], transition.from.contains(state) else {
        let isShown = isReadable && plan.table.place(field).map(plan.visibility(facts).shows) ?? false
        throw wrongState(transition, isShown ? stored[field] : nil)
      }
      after[field] = .string(transition.to)
      return (after, [])
    }
    let body = try InputReader.object(operation.body)
    var input = InputReader(plan: plan, facts: facts)
    input.shown = shown
    // A JSON Patch comes as the members that differ, whole.
    input.merges = operation.action == .update
    if operation.action == .replace {
      // What the caller does not see in this record stays as it is; a record that it sees nothing of is replaced whole.
      let replaced = isReadable ? shown : plan.visibility(facts).places
      for place in replaced where plan.isReplaced(place, facts) {
        after.values[place] = plan.defaultValue(at: place, facts: facts) ?? .null
      }
    }
    input.read(body, into: &after, stored: stored)
    input.checkRequired(after)
    guard input.items.isEmpty else { throw Failure.validation(input.items) }
    after.keepSameJSON(of: stored)
    return (after, input.writeConditions)
  }

  func touched(_ record: Record, plan: ResourcePlan) -> Record {
    var record = record
    if let revision = record.revision { record["revision"] = .integer(revision + 1) }
    if plan.resource.storage.hasTimestamps { record["updated_at"] = .timestamp(changeTime(after: record)) }
    return record
  }

  private func wrongState(_ transition: StateMachine.Transition, _ state: Value?) -> Failure {
    var failure = Failure(
      .wrongState, "\(transition.name) is possible from \(transition.from.joined(separator: ", ")) only")
    failure.members = [("from", Value.list(transition.from.map { .string($0) }).json)]
    // Where the caller may see it.
    if let state { failure.members.append(("state", state.json)) }
    return failure
  }

  func checkPreconditions(_ operation: Operation, _ record: Record, plan: ResourcePlan) throws(Failure) {
    let state = record.revision.map(String.init) ?? tags.state(of: record.stateValues)
    if let tags = operation.preconditions.ifMatch {
      guard tags.allows(state: state) else {
        throw Failure(.preconditionFailed, "The record has changed since you read it; read it again")
      }
    } else if plan.resource.concurrencyRequired {
      throw Failure(.preconditionRequired, "\(plan.resource.name) needs If-Match with the ETag of the record as you read it")
    }
    if case .any? = operation.preconditions.ifNoneMatch {
      throw Failure(.preconditionFailed, "The record is there already")
    }
  }

  /// Nil where somebody else has made the record meanwhile: it is there to be changed then.
  private func putNew(
    _ operation: Operation, key: [Value], plan: ResourcePlan, facts: Facts, statements: inout Int
  ) async throws(Failure) -> (answer: Answer, keyTaken: Bool)? {
    guard operation.preconditions.ifMatch == nil else { throw Failure(.preconditionFailed, "There is no such record") }
    let grant = plan.create.grant(facts)
    guard !grant.isNever else { throw denied(facts, else: Failure.notFound(plan.resource.name)) }
    let body = try InputReader.object(operation.body)
    do throws(Failure) {
      return try await attemptCreation(
        body, key: key, operation, plan: plan, facts: facts, grant: grant, statements: &statements)
    } catch {
      guard error.code == .unique else { throw error }
      // Two equal requests may meet in any unique field, and not in the key first.
      if error.isOfKey, !plan.keepsDeleted { return nil }
      let made = try await storedRecord(key, grant: .always, plan: plan, facts: facts, statements: &statements)
      if made == nil { throw error }
      return nil
    }
  }
}

extension ResourcePlan {
  /// Whether `PUT` resets the field, which the caller sees, when the body leaves it out.
  func isReplaced(_ place: Int, _ facts: Facts) -> Bool {
    guard let field = table.fields[place].field else { return false }
    return !field.isImmutable && !field.isGenerated && field.name != resource.states?.field && !isCallersOwn(place)
      && (restrictedWrites[place]?.grant(facts).isNever ?? false) == false
  }
}

extension Operation.Action {
  /// How events and refusals name it.
  var verb: String {
    switch self {
    case .list, .read, .history, .query: "read"
    case .create: "create"
    case .update, .patch: "update"
    case .replace: "replace"
    case .delete: "delete"
    case .restore: Resource.restoring
    case .transition(let name): name
    }
  }
}
