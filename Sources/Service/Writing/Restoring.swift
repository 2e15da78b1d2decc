import Base
import Contract
import JSON
import Store

extension Engine {
  /// One try to bring a deleted record back, with what went along with it; nil where somebody else was first. A record that is not
  /// deleted stays as it is.
  func attemptRestoring(
    _ change: Change, _ operation: Operation, _ stored: StoredRecord, plan: ResourcePlan, facts: Facts, statements: inout Int
  ) async throws(Failure) -> (answer: Answer, keyTaken: Bool)? {
    let body = try InputReader.object(operation.body, mayBeEmpty: true)
    if let member = body.members.first(where: { _ in true }) {
      throw Failure.validation([
        .init(pointer: JSONPointer.shown(member.name), code: "unknown_field", detail: "\(Resource.restoring) takes no fields")
      ])
    }
    try checkPreconditions(operation, stored.record, plan: plan)
    guard !stored.record.deletion.isNull else {
      return try await unchanged(operation, stored, plan: plan, facts: facts, statements: &statements)
    }
    var change = change
    let cascade = try await returning(with: stored.record, plan: plan, statements: &statements)
    change.after = cascade.going.first?.after
    change.cascade = cascade
    try await foresee(&change, plan: plan, facts: facts, statements: &statements)
    let isReadable = try await check(
      &change, grant: .always, isHidden: !stored.isReadable, fieldRules: [], plan: plan, facts: facts, statements: &statements)
    guard let after = change.after else { return nil }
    let answer = try await self.answer(
      .ok, after, isReadable: isReadable, plan: plan, facts: facts, operation: operation, statements: &statements)
    let result = try await commit(change, plan: plan, facts: facts, operation: operation, answer: answer, statements: &statements)
    return answered(answer, result, statements: statements)
  }

  /// The record and what went along with it: what has been deleted at the same moment, and refers to it or to another of them.
  private func returning(
    with root: Record, plan: ResourcePlan, statements: inout Int
  ) async throws(Failure) -> Cascade {
    let time = root.deletion
    var cascade = Cascade(going: [.init(plan: plan, before: root, after: restored(root, plan: plan))])
    var seen: Set<Cascade.Identity> = [.init(resource: plan.number, key: root.key)]
    var next = 0
    while next < cascade.going.count {
      let level = Array(cascade.going[next...])
      next = cascade.going.count
      for parents in Engine.byResource(level) {
        for referrer in referrers(to: parents[0].plan) where referrer.action == .cascade {
          let found = try await read(
            referrer, of: parents, deletedAt: time, room: Cascade.recordsMax + 1, to: &cascade, statements: &statements)
          for record in found where seen.insert(.init(resource: referrer.plan.number, key: record.key)).inserted {
            cascade.going.append(.init(plan: referrer.plan, before: record, after: restored(record, plan: referrer.plan)))
          }
          guard cascade.going.count <= Cascade.recordsMax + 1 else { throw tooMany(referrer).counting(statements) }
        }
      }
    }
    cascade.needed = needed(by: cascade.going, apartFrom: seen)
    return cascade
  }

  private func restored(_ record: Record, plan: ResourcePlan) -> Record {
    var after = touched(record, plan: plan)
    after.deletion = .null
    return after
  }

  /// Kept records that those refer to and that do not come back with them: each must be living, or a living record would refer to
  /// a deleted one.
  private func needed(
    by records: [Cascade.Dependent], apartFrom seen: Set<Cascade.Identity>
  ) -> [(target: ResourcePlan, key: Value, refusal: Failure)] {
    var result: [(ResourcePlan, Value, Failure)] = []
    var asked = seen
    for record in records {
      for (place, field) in record.plan.table.fields.enumerated() {
        guard let target = field.reference.flatMap({ self.plan(of: $0.resource) }), target.keepsDeleted else { continue }
        let key = record.before.values[place]
        guard !key.isNull, asked.insert(.init(resource: target.number, key: [key])).inserted else { continue }
        let name = "\(record.plan.resource.name).\(field.name)"
        let detail = "\(name) refers to a deleted record in \(target.resource.name): restore that first"
        result.append((target, key, Failure(.conflict, detail, items: [.init(code: "reference", detail: detail)])))
      }
    }
    return result
  }
}
