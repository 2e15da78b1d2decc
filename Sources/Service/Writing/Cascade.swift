import Base
import Contract
import Store

/// What a deletion changes besides the record that goes: the records that go with it (`on_delete: cascade`) and those that
/// let go of one (`on_delete: set_null`). Each is a change of its own, with its revision and its event. And what comes back along
/// with a record that is restored.
struct Cascade {
  /// A record's key within its resource.
  struct Identity: Hashable {
    var resource: Int
    var key: [Value]
  }

  struct Dependent {
    let plan: ResourcePlan
    let before: Record
    /// Nil where its row goes.
    let after: Record?
  }

  /// Records that refer to some that go, through one field: as many as were found, and no more when it is carried out.
  struct Census {
    let plan: ResourcePlan
    let field: FieldLayout
    let which: Standing
    let parents: [Value]
    let count: Int
  }

  /// The record itself first, then what goes with it, each behind what it refers to.
  var going: [Dependent]
  var cleared: [(plan: ResourcePlan, before: Record, after: Record)] = []
  var censuses: [Census] = []
  /// What must be living for the records to come back.
  var needed: [(target: ResourcePlan, key: Value, refusal: Failure)] = []
  /// Cover it, where it is large.
  var leases: [MemoryLease] = []

  /// More records than this are not changed by one deletion.
  static let recordsMax = 1_000
}

/// A field through which records are changed when the one that it refers to goes, or keep it from going.
struct Referrer: Sendable {
  let plan: ResourcePlan
  let place: Int
  let action: Reference.Deletion
  /// Whose referring counts: a deleted record keeps none that is kept itself from being deleted.
  let which: Standing

  var field: FieldLayout { plan.table.fields[place] }

  /// The same over deleted records that are kept as well.
  var ofAll: Referrer { Referrer(plan: plan, place: place, action: action, which: .all) }
}

extension Engine {
  /// Fields that refer to a resource and have a say when one of its records goes. What restricts the removal of a row is a
  /// foreign key's to say, and not here.
  func referrers(to plan: ResourcePlan) -> [Referrer] { referrersByResource[plan.resource.name] ?? [] }

  static func referrers(_ plans: [ResourcePlan]) -> [String: [Referrer]] {
    var result: [String: [Referrer]] = [:]
    let keeping = Set(plans.filter(\.keepsDeleted).map(\.resource.name))
    for plan in plans where !plan.resource.storage.isReadOnly {
      for (place, field) in plan.table.fields.enumerated() {
        guard let reference = field.reference else { continue }
        let isKept = keeping.contains(reference.resource)
        guard reference.onDelete != .restrict || isKept else { continue }
        result[reference.resource, default: []].append(
          Referrer(plan: plan, place: place, action: reference.onDelete, which: isKept ? .living : .all))
      }
    }
    return result
  }

  /// Reads what a deletion would change; nil where nothing can refer to the record in a way that matters.
  ///
  /// - Parameter isForGood: rows go, those of deleted records that are kept too; what restricts that is the foreign keys' to say.
  /// - Throws: 409 `restricted` where more than `Cascade.recordsMax` records would change, or one keeps the record.
  func cascade(
    of root: Record, plan: ResourcePlan, facts: Facts, isForGood: Bool = false, statements: inout Int
  ) async throws(Failure) -> Cascade? {
    guard !referrers(to: plan).isEmpty else { return nil }
    let deleted = isForGood ? nil : self.deleted(root, plan: plan)
    var cascade = Cascade(going: [.init(plan: plan, before: root, after: deleted)])
    var going: Set<Cascade.Identity> = [.init(resource: plan.number, key: root.key)]
    var clearing: [Cascade.Identity: Int] = [:]
    var next = 0
    while next < cascade.going.count {
      let level = Array(cascade.going[next...])
      next = cascade.going.count
      for parents in Engine.byResource(level) {
        for known in referrers(to: parents[0].plan) where known.action != .restrict {
          let referrer = isForGood ? known.ofAll : known
          let found = try await read(referrer, of: parents, room: Cascade.recordsMax + 1, to: &cascade, statements: &statements)
          for record in found {
            let identity = Cascade.Identity(resource: referrer.plan.number, key: record.key)
            if referrer.action == .cascade {
              guard going.insert(identity).inserted else { continue }
              let after = isForGood ? nil : self.deleted(record, plan: referrer.plan, with: deleted?.deletion)
              cascade.going.append(.init(plan: referrer.plan, before: record, after: after))
            } else if let place = clearing[identity] {
              cascade.cleared[place].after.values[referrer.place] = .null
            } else {
              clearing[identity] = cascade.cleared.count
              var after = record
              after.values[referrer.place] = .null
              cascade.cleared.append((referrer.plan, record, after))
            }
          }
          guard cascade.going.count + cascade.cleared.count <= Cascade.recordsMax + 1 else {
            throw tooMany(referrer).counting(statements)
          }
        }
      }
    }
    cascade.cleared.removeAll { going.contains(.init(resource: $0.plan.number, key: $0.before.key)) }
    for place in cascade.cleared.indices {
      cascade.cleared[place].after = touched(cascade.cleared[place].after, plan: cascade.cleared[place].plan)
    }
    if !isForGood { try await checkRestricted(&cascade, going, facts: facts, statements: &statements) }
    return cascade
  }

  /// The record as it is once it is deleted; nil where its row goes.
  ///
  /// - Parameter time: when what it goes along with was deleted: by that it is found when that comes back.
  func deleted(_ record: Record, plan: ResourcePlan, with time: Value? = nil) -> Record? {
    guard plan.keepsDeleted else { return nil }
    var after = touched(record, plan: plan)
    after.deletion = time ?? after["updated_at"]
    return after
  }

  /// Refuses where a record that stays refers to one that would be deleted and kept (where rows go the foreign key does).
  private func checkRestricted(
    _ cascade: inout Cascade, _ going: Set<Cascade.Identity>, facts: Facts, statements: inout Int
  ) async throws(Failure) {
    var names: [String] = []
    var isRestricted = false
    let room = cascade.going.count == 1 ? 1 : Cascade.recordsMax + 2
    for parents in Engine.byResource(cascade.going) {
      for referrer in referrers(to: parents[0].plan) where referrer.action == .restrict {
        let found = try await read(referrer, of: parents, room: room, isWhole: false, to: &cascade, statements: &statements)
        guard found.contains(where: { !going.contains(.init(resource: referrer.plan.number, key: $0.key)) }) else { continue }
        isRestricted = true
        if !referrer.plan.read.grant(facts).isNever, referrer.plan.visibility(facts).places.contains(referrer.place) {
          names.append("\(referrer.plan.resource.name).\(referrer.field.name)")
        }
      }
    }
    if isRestricted { throw Failure.restricted(names).counting(statements) }
  }

  /// Parents of one resource each, in the order of their finding.
  static func byResource(_ level: [Cascade.Dependent]) -> [[Cascade.Dependent]] {
    var places: [Int: Int] = [:]
    var result: [[Cascade.Dependent]] = []
    for dependent in level {
      if let place = places[dependent.plan.number] {
        result[place].append(dependent)
      } else {
        places[dependent.plan.number] = result.count
        result.append([dependent])
      }
    }
    return result
  }

  /// The records that refer to any of `parents`, and how many there are.
  ///
  /// - Parameters:
  ///   - time: those that were deleted then, of whom there are no more to come.
  ///   - isWhole: more than `room` of them are too many; else they are enough.
  func read(
    _ referrer: Referrer, of parents: [Cascade.Dependent], deletedAt time: Value? = nil, room: Int, isWhole: Bool = true,
    to cascade: inout Cascade, statements: inout Int
  ) async throws(Failure) -> [Record] {
    let table = referrer.plan.table
    let which = time == nil ? referrer.which : .deletedAt
    var records: [Record] = []
    var keys = parents.map { $0.before.values[0] }[...]
    while !keys.isEmpty {
      let part = Array(keys.prefix(WriteStatements.parentsMax))
      keys = keys.dropFirst(part.count)
      let key = ReadStatementKey(
        resource: referrer.plan.number, kind: .referrers(referrer.place, which, limit: room), selection: .all, visibility: [],
        conditions: [])
      let statement: ReadStatement
      if let known = self.statements.value(for: key) {
        statement = known
      } else {
        statement = referrer.plan.reads.referrers(by: referrer.field, among: which, limit: room)
        self.statements.insert(statement, for: key)
      }
      statements += 1
      var rows: Rows
      do {
        rows = try await store.read(statement.query(WriteStatements.padded(part) + (time.map { [$0] } ?? [])))
      } catch {
        throw Failure(error, statements: statements)
      }
      try coverChange(of: &rows)
      if let lease = rows.lease { cascade.leases.append(lease) }
      var place = 0
      for _ in 0..<rows.count {
        records.append(Record(table, captured: rows.captured, start: &place, storedColumns: referrer.plan.reads.storedColumns.count))
      }
      if time == nil {
        cascade.censuses.append(
          .init(plan: referrer.plan, field: referrer.field, which: which, parents: part, count: rows.count))
      }
      if isWhole, records.count >= room { throw tooMany(referrer).counting(statements) }
    }
    return records
  }

  func tooMany(_ referrer: Referrer) -> Failure {
    let name = "\(referrer.plan.resource.name).\(referrer.field.name)"
    let detail = "more than \(Cascade.recordsMax) records would change with it, among them those that refer to it through \(name)"
    return Failure(
      .restricted, "This record cannot be deleted at once: \(detail). Delete those first",
      items: [.init(code: FailureCode.restricted.rawValue, detail: detail)])
  }

  // MARK: The batch

  /// Holds every record that goes or comes back, and makes sure that nothing else has come to refer to one of them since.
  func addCascadeGuards(_ cascade: Cascade, to batch: inout ChangeBatch) {
    for (target, key, refusal) in cascade.needed {
      let prepared = prepared(ChangeKey(resource: target.number, kind: .reference(nil))) { target.writes.referenceGuard(rule: nil) }
      batch.add(.standing(refusal), .guarding(prepared.statement, prepared.values([key])))
    }
    for dependent in cascade.going.dropFirst() { addLock(dependent.plan, dependent.before, isDeleted: true, to: &batch) }
    for census in cascade.censuses {
      let place = census.plan.table.place(census.field.name) ?? 0
      let prepared = prepared(ChangeKey(resource: census.plan.number, kind: .census(place, census.which))) {
        census.plan.writes.census(census.field, among: census.which, limit: Cascade.recordsMax + 2)
      }
      let values = WriteStatements.padded(census.parents) + [.integer(Int64(census.count))]
      batch.add(.rule, .guarding(prepared.statement, prepared.values(values)))
    }
  }

  /// Changes what lets go, and what goes or comes back along; rows that go, the farthest first.
  func addCascadeWrites(_ cascade: Cascade, to batch: inout ChangeBatch) {
    for cleared in cascade.cleared { addUpdate(cleared.before, cleared.after, plan: cleared.plan, to: &batch) }
    for dependent in cascade.going.dropFirst().reversed() {
      if let after = dependent.after {
        addUpdate(dependent.before, after, plan: dependent.plan, to: &batch)
        continue
      }
      let prepared = prepared(ChangeKey(resource: dependent.plan.number, kind: .delete(unchanged: [], nulls: []))) {
        dependent.plan.writes.delete(unchanged: [])
      }
      // Any number: records that refer to each other in a circle go with the first of them.
      batch.add(.row, .run(prepared.statement, prepared.values(dependent.before.key), rows: nil))
    }
  }
}
