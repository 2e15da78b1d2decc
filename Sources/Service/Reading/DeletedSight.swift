import Base
import Contract
import Store

/// What `deleted=include` lets a caller see: the living, and the deleted records that it may delete.
struct DeletedSight: Sendable {
  /// Of the deleted; nil: all of them.
  let condition: Condition?

  var conditions: [Condition.Key] { condition.map { [$0.key] } ?? [] }

  /// What it asks of a row; nil: nothing.
  func predicate(on table: TableLayout, engine: Engine) throws(Failure) -> (predicate: Predicate, values: [Value])? {
    guard let condition else { return nil }
    let rule = try engine.predicate(condition, on: table)
    return (Predicate.living(or: rule.predicate, in: table), rule.values)
  }
}

extension Engine {
  /// What the parameter `deleted` asks for; nil: the living alone.
  ///
  /// - Throws: 400 where there is nothing to include, 401 or 403 for a caller who may delete no record.
  func deletedSight(_ text: String?, plan: ResourcePlan, facts: Facts) throws(Failure) -> DeletedSight? {
    guard let text else { return nil }
    guard plan.keepsDeleted else {
      throw Failure.unknownParameter(
        "deleted", known: [], "\(plan.resource.name) keeps no deleted records: delete: soft in the contract does")
    }
    guard text == "include" else { throw Failure.parameter("deleted", "must be include") }
    switch plan.delete.grant(facts) {
    case .always: return DeletedSight(condition: nil)
    case .when(let condition): return DeletedSight(condition: condition)
    case .never:
      throw denied(facts, else: Failure(.forbidden, "You may not see deleted records of \(plan.resource.name)"))
    }
  }
}

extension ResourcePlan {
  var keepsDeleted: Bool { table.deletion != nil }
}

extension Record {
  /// When it was deleted; null where it was not, or where no deleted record is kept.
  var deletion: Value {
    get { table.deletion == nil ? .null : self[Resource.deletedMember] }
    set { if table.deletion != nil { self[Resource.deletedMember] = newValue } }
  }
}
