import Base
import Contract
import Store

/// What a deletion changes besides the record that goes: the records that go with it (`on_delete: cascade`) and those that
/// let go of one (`on_delete: set_null`). Each is a change of its own, with its revision and its event.
struct Cascade {
  /// A record's key within its resource.
  struct Identity: Hashable {
    var resource: Int
    var key: [Value]
  }

  struct Dependent {
    let plan: ResourcePlan
    let before: Record
  }

  /// Records that refer to some that go, through one field: as many as were found, and no more when it is carried out.
  struct Census {
    let plan: ResourcePlan
    let field: FieldLayout
    let parents: [Value]
    let count: Int
  }

  /// The record itself first, then what goes with it, each behind what it refers to.
  var deleted: [Dependent]
  var cleared: [(plan: ResourcePlan, before: Record, after: Record)] = []
  var censuses: [Census] = []

  /// More records than this are not changed by one deletion.
  static let recordsMax = 1_000
}

/// A field through which records are changed when the one that it refers to goes.
struct Referrer: Sendable {
  let plan: ResourcePlan
  let place: Int
  let action: Reference.Deletion

  var field: FieldLayout { plan.table.fields[place] }
}

extension Engine {
  /// Fields that refer to a resource and whose records change when one of its records goes.
  func referrers(to plan: ResourcePlan) -> [Referrer] { referrersByResource[plan.resource.name] ?? [] }

  static func referrers(_ plans: [ResourcePlan]) -> [String: [Referrer]] {
    var result: [String: [Referrer]] = [:]
    for plan in plans where !plan.resource.storage.isReadOnly {
      for (place, field) in plan.table.fields.enumerated() {
        guard let reference = field.reference, reference.onDelete != .restrict else { continue }
        result[reference.resource, default: []].append(Referrer(plan: plan, place: place, action: reference.onDelete))
      }
    }
    return result
  }

  /// Reads what a deletion would change; nil where nothing can refer to the record in a way that changes.
  ///
  /// - Throws: 409 `restricted` where more than `Cascade.recordsMax` records would change.
  func cascade(of root: Record, plan: ResourcePlan, statements: inout Int) async throws(Failure) -> Cascade? {
    guard !referrers(to: plan).isEmpty else { return nil }
    var cascade = Cascade(deleted: [.init(plan: plan, before: root)])
    var going: Set<Cascade.Identity> = [.init(resource: plan.number, key: root.key)]
    var clearing: [Cascade.Identity: Int] = [:]
    var next = 0
    while next < cascade.deleted.count {
      let level = Array(cascade.deleted[next...])
      next = cascade.deleted.count
      for parents in Engine.byResource(level) {
        for referrer in referrers(to: parents[0].plan) {
          let found = try await read(referrer, of: parents, room: Cascade.recordsMax + 1, to: &cascade, statements: &statements)
          for record in found {
            let identity = Cascade.Identity(resource: referrer.plan.number, key: record.key)
            if referrer.action == .cascade {
              if going.insert(identity).inserted { cascade.deleted.append(.init(plan: referrer.plan, before: record)) }
            } else if let place = clearing[identity] {
              cascade.cleared[place].after.values[referrer.place] = .null
            } else {
              clearing[identity] = cascade.cleared.count
              var after = record
              after.values[referrer.place] = .null
              cascade.cleared.append((referrer.plan, record, after))
            }
          }
          guard cascade.deleted.count + cascade.cleared.count <= Cascade.recordsMax + 1 else {
            throw tooMany(referrer).counting(statements)
          }
        }
      }
    }
    cascade.cleared.removeAll { going.contains(.init(resource: $0.plan.number, key: $0.before.key)) }
    for place in cascade.cleared.indices {
      cascade.cleared[place].after = touched(cascade.cleared[place].after, plan: cascade.cleared[place].plan)
    }
    return cascade
  }

  /// Parents of one resource each, in the order of their finding.
  private static func byResource(_ level: [Cascade.Dependent]) -> [[Cascade.Dependent]] {
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
  private func read(
    _ referrer: Referrer, of parents: [Cascade.Dependent], room: Int, to cascade: inout Cascade, statements: inout Int
  ) async throws(Failure) -> [Record] {
    let table = referrer.plan.table
    var records: [Record] = []
    var keys = parents.map { $0.before.values[0] }[...]
    while !keys.isEmpty {
      let part = Array(keys.prefix(WriteStatements.parentsMax))
      keys = keys.dropFirst(part.count)
      let key = ReadStatementKey(
        resource: referrer.plan.number, kind: .referrers(referrer.place), selection: .all, visibility: [], conditions: [])
      let statement: ReadStatement
      if let known = self.statements.value(for: key) {
        statement = known
      } else {
        statement = referrer.plan.reads.referrers(by: referrer.field, limit: room)
        self.statements.insert(statement, for: key)
      }
      statements += 1
      let rows: Rows
      do {
        rows = try await store.read(statement.query(WriteStatements.padded(part)))
      } catch {
        throw Failure(error, statements: statements)
      }
      var place = 0
      for _ in 0..<rows.count {
        records.append(Record(table, captured: rows.captured, start: &place, storedColumns: referrer.plan.reads.storedColumns.count))
      }
      cascade.censuses.append(.init(plan: referrer.plan, field: referrer.field, parents: part, count: rows.count))
      if records.count >= room { throw tooMany(referrer).counting(statements) }
    }
    return records
  }

  private func tooMany(_ referrer: Referrer) -> Failure {
    let name = "\(referrer.plan.resource.name).\(referrer.field.name)"
    let detail = "more than \(Cascade.recordsMax) records would change with it, among them those that refer to it through \(name)"
    return Failure(
      .restricted, "This record cannot be deleted at once: \(detail). Delete those first",
      items: [.init(code: FailureCode.restricted.rawValue, detail: detail)])
  }

  // MARK: The batch

  /// Holds every record that goes, and makes sure that nothing else has come to refer to one of them since.
  func addCascadeGuards(_ cascade: Cascade, to batch: inout ChangeBatch) {
    for dependent in cascade.deleted.dropFirst() { addLock(dependent.plan, dependent.before, isDeleted: true, to: &batch) }
    for census in cascade.censuses {
      let place = census.plan.table.place(census.field.name) ?? 0
      let prepared = prepared(ChangeKey(resource: census.plan.number, kind: .census(place))) {
        census.plan.writes.census(census.field, limit: Cascade.recordsMax + 2)
      }
      let values = WriteStatements.padded(census.parents) + [.integer(Int64(census.count))]
      batch.add(.rule, .guarding(prepared.statement, prepared.values(values)))
    }
  }

  /// Changes what lets go, and deletes what goes along, the farthest first.
  func addCascadeWrites(_ cascade: Cascade, to batch: inout ChangeBatch) {
    for cleared in cascade.cleared { addUpdate(cleared.before, cleared.after, plan: cleared.plan, to: &batch) }
    for dependent in cascade.deleted.dropFirst().reversed() {
      let prepared = prepared(ChangeKey(resource: dependent.plan.number, kind: .delete(unchanged: [], nulls: []))) {
        dependent.plan.writes.delete(unchanged: [])
      }
      // Any number: records that refer to each other in a circle go with the first of them.
      batch.add(.row, .run(prepared.statement, prepared.values(dependent.before.key), rows: nil))
    }
  }
}
