import Base
import Contract
import Expression
import Store

// On PostgreSQL a rule that looks for what is absent in a collection, or counts it, is asked while the record that the collection
// belongs to is held: see `Anchor`.
extension Engine {
  /// By resource: the places of refs into whose collections a rule that is asked of a change looks for what is absent.
  static func watchedRefs(_ plans: [ResourcePlan], layout: Layout, dialect: Dialect) -> [Int: [Int]] {
    var result: [Int: [Int]] = [:]
    guard dialect == .postgres else { return result }
    for plan in plans {
      for rule in plan.rulesOfChanges {
        guard case .rule(let rulePlan) = rule.form, !rulePlan.expression.loads.isEmpty else { continue }
        // What cannot be compiled has been refused when the contract was loaded.
        let anchors = try? PredicateCompiler(layout, dialect: dialect).anchors(
          rulePlan.probe, resource: plan.resource.name, ofChange: rule.isOfChange)
        for anchor in anchors ?? [] {
          guard let rows = plans.first(where: { $0.resource.name == anchor.collection.resource }),
            let ref = rows.table.place(anchor.collection.by), result[rows.number]?.contains(ref) != true
          else { continue }
          result[rows.number, default: []].append(ref)
        }
      }
    }
    return result
  }

  /// Holds what the change's rules look into, first; then what others' rules would look into for what this change makes, moves or
  /// takes away.
  func addAnchors(_ change: Change, plan: ResourcePlan, facts: Facts, to batch: inout ChangeBatch) throws(Failure) {
    guard store.dialect == .postgres else { return }
    for place in change.references {
      guard let reference = plan.table.fields[place].reference, let target = self.plan(of: reference.resource),
        let condition = target.read.grant(facts).condition, let value = change.after?.values[place]
      else { continue }
      try addAnchors(of: condition, over: .stored, values: [value], plan: target, to: &batch)
    }
    if let before = change.before {
      for condition in change.storedConditions {
        try addAnchors(of: condition, over: .stored, values: before.key, plan: plan, to: &batch)
      }
    }
    if let after = change.after {
      for condition in change.candidateConditions {
        let key = condition.rule.isOfChange ? change.before?.key : nil
        try addAnchors(
          of: condition, over: key == nil ? .candidate : .change, values: after.columnValues + (key ?? []), plan: plan, to: &batch)
      }
    }
    addMemberships(plan, change.before, change.after, to: &batch)
    for dependent in change.cascade?.going.dropFirst() ?? [] {
      addMemberships(dependent.plan, dependent.before, dependent.after, to: &batch)
    }
    for cleared in change.cascade?.cleared ?? [] { addMemberships(cleared.plan, cleared.before, cleared.after, to: &batch) }
  }

  private func addAnchors(
    of condition: Condition, over row: RuleRow, values: [Value], plan: ResourcePlan, to batch: inout ChangeBatch
  ) throws(Failure) {
    guard condition.followsRelations else { return }
    for (number, anchor) in try anchors(of: condition, plan: plan).enumerated() {
      let key = ChangeKey(resource: plan.number, kind: .anchor(condition.key, number, row))
      let prepared = prepared(key) { plan.writes.anchorLock(anchor, over: row) }
      batch.add(.rule, .run(prepared.statement, prepared.values(values), rows: nil))
    }
  }

  private func anchors(of condition: Condition, plan: ResourcePlan) throws(Failure) -> [Anchor] {
    if let known = anchors.value(for: condition.key) { return known }
    let made = try condition.anchors(layout: layout, table: plan.table, dialect: store.dialect)
    anchors.insert(made, for: condition.key)
    return made
  }

  private func addMemberships(_ plan: ResourcePlan, _ before: Record?, _ after: Record?, to batch: inout ChangeBatch) {
    for place in watchedRefs[plan.number] ?? [] {
      guard let reference = plan.table.fields[place].reference, let target = self.plan(of: reference.resource),
        target.table.key.count == 1
      else { continue }
      var owners: [Value] = []
      for owner in [before?.values[place], after?.values[place]] {
        if let owner, !owner.isNull, !owners.contains(owner) { owners.append(owner) }
      }
      let prepared = prepared(ChangeKey(resource: target.number, kind: .member)) { target.writes.memberLock() }
      for owner in owners { batch.add(.rule, .run(prepared.statement, prepared.values([owner]), rows: nil)) }
    }
  }
}

extension ResourcePlan {
  /// Every rule that a change may be asked.
  fileprivate var rulesOfChanges: [AccessRule] {
    [create, read, update.rule, update.stored, delete] + transitions.values.map(\.rule) + restrictedWrites.values + constraints.map(\.rule)
  }
}
