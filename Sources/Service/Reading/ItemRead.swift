import Base
import Contract
import Identity
import Store

extension Engine {
  /// `GET /v1/RESOURCE/ID`
  func readItem(_ operation: Operation, _ parameters: ReadParameters, plan: ResourcePlan) async throws(Failure) -> Answer {
    let facts = Facts(caller: operation.caller, context: operation.context)
    if let unknown = parameters.others.first, !operation.isLenient {
      throw Failure.unknownParameter(
        unknown, known: ["fields", "include"] + (plan.resource.hasHistory ? ["at"] : []) + (plan.keepsDeleted ? ["deleted"] : []),
        "a record takes fields and include")
    }
    if let time = parameters.at { return try await readPast(operation, parameters, at: time, plan: plan) }
    guard let key = operation.key.flatMap(plan.key) else { throw Failure.notFound(plan.resource.name) }
    let deleted = try deletedSight(parameters.deleted, plan: plan, facts: facts)
    if parameters.fields == nil, parameters.include == nil, deleted == nil, plan.restrictedReads.isEmpty, plan.read.grant(facts).isAlways {
      return try await readPlainItem(operation, key: key, plan: plan)
    }
    let selection = try Selection(
      fields: parameters.fields, include: parameters.include, resource: plan.resource, contract: contract,
      visible: { self.visibleMembers(of: $0, facts) })
    let node = try ReadNode(plan, selection: selection, engine: self, facts: facts, role: .item)
    guard !node.grant.isNever else { throw denied(facts, else: Failure.notFound(plan.resource.name)) }
    var rule = try rule(of: node)
    if let gone = try deleted.flatMap({ sight throws(Failure) in try sight.predicate(on: plan.table, engine: self) }) {
      rule = (rule.map { $0.predicate.and(gone.predicate) } ?? gone.predicate, (rule?.values ?? []) + gone.values)
    }
    let which = deleted == nil ? Standing.living : .all
    let statement = statement(node, kind: .item(which), extra: deleted?.conditions ?? []) {
      plan.reads.item(node.projection, rule: rule?.predicate, among: which)
    }
    var fetcher = Fetcher(engine: self, place: operation.context.place)
    let (fetched, found) = try await fetcher.read(node, statement.query(node.slots + key + (rule?.values ?? [])))
    guard found == 1 else { throw Failure.notFound(plan.resource.name).counting(fetcher.statements) }
    var answer = Answer(.ok)
    answer.statements = fetcher.statements
    var text = AnswerText(memory)
    try fetched.append(0, to: &text, origin: prefix)
    (answer.body, answer.lease) = text.taken()
    let variant: [UInt8]
    if node.relations.isEmpty, node.visibility.conditions.isEmpty {
      variant = wholeVariant(
        plan, visibility: node.visibility, fields: parameters.fields, coding: operation.context.contentCoding)
    } else {
      variant = tags.variant(of: answer.body, coding: operation.context.contentCoding)
    }
    answer.etag = tags.tag(state: state(of: fetched.captured(0, node.captures.state), plan: plan), variant: variant)
    applyConditions(&answer, operation, plan: plan)
    return answer
  }

  /// The short way: everyone may read it, whole.
  @inline(__always)  // One async call less.
  private func readPlainItem(_ operation: Operation, key: [Value], plan: ResourcePlan) async throws(Failure) -> Answer {
    var rows: Rows
    do {
      var query = plan.plainItem.query(key)
      query.place = operation.context.place
      rows = try await store.read(query)
    } catch {
      throw Failure(error, statements: 1)
    }
    guard rows.count == 1 else { throw Failure.notFound(plan.resource.name).counting(1) }
    var answer = Answer(.ok)
    answer.statements = 1
    // Taken over, not copied.
    swap(&answer.body, &rows.json)
    answer.lease = rows.lease
    answer.body.append(UInt8(ascii: "}"))
    answer.etag = tags.tag(
      state: state(of: rows.captured[...], plan: plan),
      variant: plainVariant(of: plan.number, coding: operation.context.contentCoding))
    applyConditions(&answer, operation, plan: plan)
    return answer
  }

  /// What `If-Match` compares: the revision, or a digest of the stored row.
  func state(of captured: ArraySlice<Value>, plan: ResourcePlan) -> String {
    if plan.table.hasRevision, case .integer(let revision)? = captured.first { return String(revision) }
    return tags.state(of: Array(captured))
  }

  /// Turns an answer into 304 where the client has it already, and says how long it may be kept.
  func applyConditions(_ answer: inout Answer, _ operation: Operation, plan: ResourcePlan) {
    applyConditions(&answer, operation, cacheLifetime: plan.resource.cacheLifetime)
  }

  func applyConditions(_ answer: inout Answer, _ operation: Operation, cacheLifetime: Duration?) {
    if !operation.caller.isAuthenticated, let lifetime = cacheLifetime {
      answer.cacheSeconds = Int(lifetime.components.seconds)
    }
    if let tags = operation.preconditions.ifNoneMatch, let etag = answer.etag, tags.names(etag) {
      answer.status = .notModified
      answer.body = []
      answer.lease = nil
    }
  }

  /// The members of a resource whose names this caller may know.
  func visibleMembers(of resource: Resource, _ facts: Facts) -> [String] {
    guard let plan = plan(of: resource.name) else { return [] }
    return plan.visibility(facts).places.map { plan.table.fields[$0].name }
  }

  /// A refusal that no record would change: who has not said who it is may do so.
  func denied(_ facts: Facts, else failure: Failure) -> Failure {
    facts.caller.isAuthenticated ? failure : Failure(.unauthenticated, "This needs a bearer token")
  }
}

extension Failure {
  func counting(_ statements: Int) -> Failure {
    var failure = self
    failure.statements = statements
    return failure
  }
}
