import Base
import Contract
import JSON
import Store

/// The steps of a change and what each of them is about.
struct ChangeBatch {
  enum Subject {
    case key
    case reference(Int)
    case rule
    /// A guard whose refusal is the client's to mend.
    case standing(Failure)
    case row
    case event
  }

  /// Statements that look for who keeps a record from being deleted.
  static let referrersAskedMax = 64

  private(set) var steps: [WriteBatch.Step] = []
  private var subjects: [Subject] = []

  mutating func add(_ subject: Subject, _ step: WriteBatch.Step) {
    subjects.append(subject)
    steps.append(step)
  }

  func subject(_ step: Int) -> Subject { subjects.indices.contains(step) ? subjects[step] : .row }

  /// 422: the words are the same whether the target is missing or hidden.
  static func brokenReference(_ plan: ResourcePlan, _ place: Int) -> Failure {
    let field = plan.table.fields[place]
    return Failure.validation([
      .init(
        pointer: "/" + JSONPointer.escaped(field.name), code: "reference",
        detail: "refers to no such record in \(field.reference?.resource ?? "")")
    ])
  }
}

extension Engine {
  /// Turns the store's outcome into the change's, or into what the client did wrong.
  func result(
    of outcome: WriteOutcome, _ change: Change, _ batch: ChangeBatch, plan: ResourcePlan, facts: Facts, statements: inout Int
  ) async throws(Failure) -> ChangeResult {
    switch outcome {
    case .committed, .tried, .read: return .done
    case .refused(let step, _):
      if case .reference(let place) = batch.subject(step) { throw ChangeBatch.brokenReference(plan, place).counting(statements) }
      if case .standing(let failure) = batch.subject(step) { throw failure.counting(statements) }
      // The row is gone, or a rule that held a moment ago does not hold any more: look again, and answer what is true then.
      return .stale
    case .uniqueViolation(let step, let table, let columns):
      if case .key = batch.subject(step) { return .keyTaken }
      if case .row = batch.subject(step) {
        // What changes along may be another's.
        let owner = change.cascade?.going.first { $0.plan.table.table == table }?.plan ?? plan
        guard owner === plan else {
          throw Failure(.unique, "Of what changes along with it, something in \(owner.resource.name) is taken by another record")
            .counting(statements)
        }
        throw unique(columns, plan: plan, facts: facts).counting(statements)
      }
      return .stale
    case .foreignKeyViolation(let step, _):
      if change.action == .delete { throw try await restricted(change, plan: plan, facts: facts, statements: &statements) }
      if case .row = batch.subject(step) {
        if let place = change.references.first { throw ChangeBatch.brokenReference(plan, place).counting(statements) }
        // A key of the database that the contract does not speak of, such as one over two columns: trying again is no use.
        throw Failure(.conflict, "The database refuses this record: it refers to one that is not there").counting(statements)
      }
      return .stale
    case .checkViolation(_, let constraint):
      var failure = Failure(.conflict, "The database refuses this record by a rule of its own")
      failure.cause = "check \(constraint)"
      failure.statements = statements
      throw failure
    case .unexpectedRows: return .stale
    }
  }

  /// 409 with the fields, as far as the caller may know of them.
  private func unique(_ columns: [String], plan: ResourcePlan, facts: Facts) -> Failure {
    let places = plan.visibility(facts).places.filter { place in
      plan.table.fields[place].columns.contains { columns.contains($0.name) }
    }
    let names = places.map { plan.table.fields[$0].name }
    let detail = names.isEmpty ? "There is such a record already" : "There is another record with this \(names.joined(separator: ", "))"
    return Failure(
      .unique, detail,
      items: names.map { .init(pointer: "/" + JSONPointer.escaped($0), code: FailureCode.unique.rawValue, detail: "is taken") })
  }

  /// 409 with who refers to the record, as far as the caller may know of them.
  private func restricted(_ change: Change, plan: ResourcePlan, facts: Facts, statements: inout Int) async throws(Failure) -> Failure {
    guard let before = change.before else { return Failure(.restricted, "Other records refer to this one") }
    var names: [String] = []
    var asked = 0
    // What goes along may be what others refer to.
    for dependent in change.cascade?.going ?? [.init(plan: plan, before: before, after: nil)] {
      for other in plans where !other.read.grant(facts).isNever {
        for place in other.visibility(facts).places {
          let field = other.table.fields[place]
          let name = "\(other.resource.name).\(field.name)"
          guard let reference = field.reference, reference.resource == dependent.plan.resource.name, reference.onDelete == .restrict,
            !names.contains(name), asked < ChangeBatch.referrersAskedMax
          else { continue }
          asked += 1
          statements += 1
          do {
            if try await store.read(other.writes.referrer(field).query(dependent.before.key)).count > 0 { names.append(name) }
          } catch {
            throw Failure(error, statements: statements)
          }
        }
      }
    }
    return Failure.restricted(names).counting(statements)
  }
}
