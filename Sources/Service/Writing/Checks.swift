import Base
import Contract
import Expression
import JSON
import Store

extension Engine {
  /// The rule on the record as it becomes (or on both, for a rule of the change), the contract's constraints, the rules of
  /// single fields on the record before and after; and whether the caller may read what comes of it.
  ///
  /// - Parameter isHidden: the caller may not read the record as it is stored: a refusal says that there is none.
  func check(
    _ change: inout Change, grant: Grant, isHidden: Bool = false, fieldRules: [(place: Int, condition: Condition)],
    plan: ResourcePlan, facts: Facts, statements: inout Int
  ) async throws(Failure) -> Bool {
    guard let after = change.after else { return false }
    let read = plan.read.grant(facts)
    let constraints = plan.constraints.map { ($0.name, $0.rule.grant(facts)) }
    var conditions: [Condition] = []
    if let condition = grant.condition { conditions.append(condition) }
    if let condition = read.condition { conditions.append(condition) }
    conditions.append(contentsOf: fieldRules.map(\.condition))
    conditions.append(contentsOf: constraints.compactMap(\.1.condition))
    var answers = try await hold(conditions, for: after, before: change.before, plan: plan, facts: facts, statements: &statements)[...]
    let isGranted = grant.condition == nil || answers.popFirst() == true
    let isReadable = read.condition == nil ? read.isAlways : answers.popFirst() == true
    guard isGranted else {
      if isHidden { throw Failure.notFound(plan.resource.name).counting(statements) }
      throw denied(facts, else: Failure(.forbidden, "You may not \(change.name) this record of \(plan.resource.name)")).counting(statements)
    }
    var items: [Failure.Item] = []
    var mayWrite = fieldRules.map { _ in answers.popFirst() == true }
    if let before = change.before, !fieldRules.isEmpty {
      let held = try await hold(fieldRules.map(\.condition), for: before, plan: plan, facts: facts, statements: &statements)
      mayWrite = zip(mayWrite, held).map { $0 && $1 }
    }
    for ((place, _), isAllowed) in zip(fieldRules, mayWrite) where !isAllowed {
      items.append(
        .init(pointer: "/" + JSONPointer.escaped(plan.table.fields[place].name), code: "not_writable", detail: "may not be written by you"))
    }
    for (name, grant) in constraints {
      let holds = grant.condition == nil ? grant.isAlways : answers.popFirst() == true
      if !holds { items.append(.init(code: "constraint", detail: "the record does not fulfil \(name)")) }
    }
    guard items.isEmpty else { throw Failure.validation(items).counting(statements) }
    if change.before != nil { change.storedConditions += fieldRules.map(\.condition) }
    change.candidateConditions = (grant.condition.map { [$0] } ?? []) + fieldRules.map(\.condition) + constraints.compactMap(\.1.condition)
    return isReadable
  }

  /// The answer that shows a record to its caller; 204 where the caller may not read it.
  func answer(
    _ status: Answer.Status, _ record: Record, isReadable: Bool, plan: ResourcePlan, facts: Facts, operation: Operation,
    statements: inout Int
  ) async throws(Failure) -> Answer {
    guard isReadable else { return Answer(.noContent) }
    let visibility = plan.visibility(facts)
    let places = try await shownPlaces(record, plan: plan, facts: facts, statements: &statements)
    var answer = Answer(status)
    RecordWriter.append(record, places: places, to: &answer.body)
    answer.body.append(UInt8(ascii: "}"))
    // Not asked for: once the change is made its answer is not to be lost.
    answer.lease = memory.count(answer.body.count)
    let state = record.revision.map(String.init) ?? tags.state(of: record.stateValues)
    let coding = operation.context.contentCoding
    let variant =
      visibility.conditions.isEmpty
      ? wholeVariant(plan, visibility: visibility, coding: coding) : tags.variant(of: answer.body, coding: coding)
    answer.etag = tags.tag(state: state, variant: variant)
    return answer
  }

  /// The members of this record that the caller sees.
  func shownPlaces(
    _ record: Record, plan: ResourcePlan, facts: Facts, statements: inout Int
  ) async throws(Failure) -> [Int] {
    let visibility = plan.visibility(facts)
    guard !visibility.conditions.isEmpty else { return visibility.places }
    let shown = try await hold(visibility.conditions.map(\.condition), for: record, plan: plan, facts: facts, statements: &statements)
    let hidden = Set(zip(visibility.conditions, shown).compactMap { $1 ? nil : $0.place })
    return visibility.places.filter { !hidden.contains($0) }
  }

  /// The variant of an answer that shows everything the caller sees.
  func wholeVariant(_ plan: ResourcePlan, visibility: Visibility, fields: String? = nil, coding: ContentCoding) -> [UInt8] {
    if fields == nil, visibility.key.isEmpty { return plainVariant(of: plan.number, coding: coding) }
    let seen = String(decoding: visibility.key.map { $0 + 48 }, as: UTF8.self)
    return tags.variant([plan.resource.name, fields ?? "*", seen, coding.rawValue])
  }
}

extension Record {
  /// What a digest of the stored row is made over: as `ResourcePlan.stateCaptures` captures it.
  var stateValues: [Value] { zip(table.fields, values).flatMap { Record.columnValues($1, of: $0) } }
}
