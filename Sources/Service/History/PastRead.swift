import Base
import Contract
import Store

extension Engine {
  /// `GET /v1/RESOURCE/ID?at=TIME`: the record as it was then, as far as the caller may read it today.
  func readPast(_ operation: Operation, _ parameters: ReadParameters, at text: String, plan: ResourcePlan) async throws(Failure) -> Answer {
    guard plan.resource.hasHistory else {
      throw Failure.unknownParameter("at", known: [], "\(plan.resource.name) keeps no history: history: true in the contract does")
    }
    guard parameters.include == nil else { throw Failure.parameter("include", "cannot be used together with at") }
    let time = try moment(text)
    let facts = Facts(caller: operation.caller, context: operation.context)
    guard let key = operation.key.flatMap(plan.key) else { throw Failure.notFound(plan.resource.name) }
    let selection = try Selection(
      fields: parameters.fields, include: nil, resource: plan.resource, contract: contract,
      visible: { self.visibleMembers(of: $0, facts) })
    let deleted = try deletedSight(parameters.deleted, plan: plan, facts: facts)
    var statements = 0
    let history = try await RecordHistory(key, deleted: deleted, plan: plan, facts: facts, engine: self, statements: &statements)
    let end = Timestamp(microseconds: time.microseconds + 1)
    let events = try await history.newest(before: end, limit: 1, statements: &statements)
    guard let event = events.first, deleted != nil || !plan.keepsDeleted || !event.after.isDeleted,
      try await !history.wasDeleted(after: time, statements: &statements)
    else {
      throw Failure(.notFound, "There was no such record in \(plan.resource.name) at that time").counting(statements)
    }
    var answer = Answer(.ok)
    answer.statements = statements
    let places = history.places.filter { selection.shows(plan.table.fields[$0].name) }
    event.after.append(plan.table, places: places, to: &answer.body)
    guard memory.cover(answer.body.capacity, by: &answer.lease) else { throw .memory }
    answer.etag = tags.tag(
      state: event.stored.revision.map(String.init) ?? tags.state(of: [event.stored.after.map { .json($0) } ?? .null]),
      variant: tags.variant(of: answer.body, coding: operation.context.contentCoding))
    applyConditions(&answer, operation, plan: plan)
    return answer
  }

  private func moment(_ text: String) throws(Failure) -> Timestamp {
    guard let time = Timestamp(text) else {
      let hint = text.contains(" ") ? "in a URL + is written %2B" : nil
      throw Failure.parameter("at", "must be a moment such as 2026-01-31T10:00:00Z (RFC 3339)", hint)
    }
    guard time <= clock.now else { throw Failure.parameter("at", "lies in the future") }
    return time
  }
}
