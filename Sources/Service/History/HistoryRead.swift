import Base
import Contract
import Identity
import JSON
import Store

extension Engine {
  /// `GET /v1/RESOURCE/ID/history`: what became of a record, newest first, as far as the caller may read the record today.
  func readHistory(_ operation: Operation, _ parameters: HistoryParameters, plan: ResourcePlan) async throws(Failure) -> Answer {
    let facts = Facts(caller: operation.caller, context: operation.context)
    guard plan.resource.hasHistory, let name = operation.key, let key = plan.key(name) else {
      throw Failure.notFound(plan.resource.name)
    }
    if let unknown = parameters.others.first, !operation.isLenient {
      let known = ["limit", "after", "before"] + (plan.keepsDeleted ? ["deleted"] : [])
      throw Failure.unknownParameter(unknown, known: known, "a history takes \(known.joined(separator: ", "))")
    }
    let limit = try ListRequest.limit(parameters.limit)
    guard parameters.after == nil || parameters.before == nil else {
      throw Failure.parameter("before", "cannot be used together with after")
    }
    let deleted = try deletedSight(parameters.deleted, plan: plan, facts: facts)
    var statements = 0
    let history = try await RecordHistory(key, deleted: deleted, plan: plan, facts: facts, engine: self, statements: &statements)
    let context = cursorContext(of: history, name, facts)
    let given = try cursorTime(parameters, context: context)
    if let given, try await history.wasDeleted(after: given, statements: &statements) {
      throw badCursor(parameters).counting(statements)
    }
    var events: [RecordHistory.Event]
    let hasMore: Bool
    if let given, parameters.before != nil {
      events = try await history.oldest(from: Timestamp(microseconds: given.microseconds + 1), limit: limit + 1, statements: &statements)
      hasMore = events.count > limit
      events = events.prefix(limit).reversed()
    } else {
      events = try await history.newest(before: given ?? .maximum, limit: limit + 1, statements: &statements)
      hasMore = events.count > limit
      events = Array(events.prefix(limit))
    }
    func cursor(_ event: RecordHistory.Event?) -> String? {
      event.flatMap { Cursor(values: [.timestamp($0.stored.time)]).sealed(with: cursorKey, context: context) }
    }
    let next = hasMore || parameters.before != nil ? cursor(events.last) : nil
    let previous = (parameters.before != nil ? hasMore : given != nil) ? cursor(events.first) : nil
    var answer = Answer(.ok)
    answer.statements = statements
    answer.body.append("{\"data\":[")
    for (place, event) in events.enumerated() {
      if place > 0 { answer.body.append(UInt8(ascii: ",")) }
      append(event, history, caller: facts.caller.id, to: &answer.body)
    }
    appendPage(limit: limit, next: next, previous: previous, to: &answer.body)
    answer.body.append("}}")
    guard memory.cover(answer.body.capacity, by: &answer.lease) else { throw .memory }
    let target =
      "\(prefix.prefix)/\(plan.resource.name)/\(PercentEncoding.path(name))/history?limit=\(limit)&"
      + (deleted == nil ? "" : "deleted=include&")
    if let next { answer.links.append(("next", target + "after=" + next)) }
    if let previous { answer.links.append(("prev", target + "before=" + previous)) }
    answer.etag = tags.weak(tags.variant(of: answer.body, coding: operation.context.contentCoding))
    applyConditions(&answer, operation, plan: plan)
    return answer
  }

  /// An event by today's names: of a creation the whole record, of a change what it changed.
  private func append(_ event: RecordHistory.Event, _ history: RecordHistory, caller: UUID?, to out: inout [UInt8]) {
    let table = history.plan.table
    let (event, after) = (event.stored, event.after)
    out.append("{\"time\":")
    Value.timestamp(event.time).appendJSON(to: &out)
    out.append(",\"action\":")
    out.appendJSON(string: event.action)
    if let revision = event.revision {
      out.append(",\"revision\":")
      out.append(decimal: revision)
    }
    out.append(",\"actor\":")
    (event.actor.map { .uuid($0) } ?? Value.null).appendJSON(to: &out)
    // Another one's clients choose their requests' ids, and may have meant them for nobody else.
    let isOwn = caller != nil && event.actor == caller && !event.request.isEmpty
    out.append(",\"request\":")
    (isOwn ? Value.string(event.request) : .null).appendJSON(to: &out)
    out.append(",\"cause\":")
    (history.shownCause(of: event, after).map { .string($0) } ?? Value.null).appendJSON(to: &out)
    guard let text = event.before else {
      out.append(",\"before\":null,\"after\":")
      after.append(table, places: history.places, to: &out)
      return out.append(UInt8(ascii: "}"))
    }
    let before = EventImage(text)
    let changed = history.places.filter { place in
      let field = table.fields[place]
      guard field.isOfChange, let old = before.value(of: field) else { return false }
      return after.value(of: field)?.rawText != old.rawText
    }
    out.append(",\"before\":")
    before.append(table, places: changed, to: &out)
    out.append(",\"after\":")
    after.append(table, places: changed, to: &out)
    out.append(UInt8(ascii: "}"))
  }

  // MARK: Cursors

  /// A cursor is one of this record's history for that caller; of another record that came under the same key it is none.
  private func cursorContext(of history: RecordHistory, _ name: String, _ facts: Facts) -> [UInt8] {
    let created = history.created.map { String($0.microseconds) } ?? "-"
    let caller = facts.caller.id?.description ?? "-"
    return Array("history|\(history.plan.resource.name)|\(created)|\(caller)|\(name)".utf8)
  }

  private func cursorTime(_ parameters: HistoryParameters, context: [UInt8]) throws(Failure) -> Timestamp? {
    guard let text = parameters.after ?? parameters.before else { return nil }
    guard let cursor = Cursor(text, with: cursorKey, context: context), case .timestamp(let time)? = cursor.values.first,
      cursor.values.count == 1, time < .maximum
    else { throw badCursor(parameters) }
    return time
  }

  private func badCursor(_ parameters: HistoryParameters) -> Failure {
    Failure.badCursor(
      "The cursor is not one of this record's history and this caller; begin again without it",
      parameter: parameters.after == nil ? "before" : "after", "is not a cursor of this history")
  }
}
