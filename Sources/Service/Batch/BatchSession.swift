import Base
import Store
import Synchronization

/// One change of a batch, worked out and not sent yet.
struct PendingChange: Sendable {
  let change: Change
  let batch: ChangeBatch
  let plan: ResourcePlan
  let facts: Facts
  /// The operation that it is of.
  var operation = 0
  var firstStep = 0
}

/// The store as the operations of one batch find it: what they change is collected, and what they read is read after that, in a
/// trial that leaves nothing behind. So an operation meets what those before it have done, and nothing is held meanwhile.
///
/// Each batch has one, and works out one operation after the other.
final class BatchSession: Store {
  private struct State {
    var steps: [WriteBatch.Step] = []
    var pending: [PendingChange] = []
    var touched: Set<Cascade.Identity> = []
    var operation = 0
    var broken: WriteOutcome?
  }

  private let base: any Store
  /// What the store would be asked before is left to the guards of the transaction: for records that are made together, of which few
  /// are refused.
  let leavesToGuards: Bool
  private let state = Mutex(State())

  init(_ base: any Store, leavesToGuards: Bool = false) {
    self.base = base
    self.leavesToGuards = leavesToGuards
  }

  var dialect: Dialect { base.dialect }
  var steps: [WriteBatch.Step] { state.withLock(\.steps) }
  /// How what was collected ended in a trial, where it does not go through any more.
  var broken: WriteOutcome? { state.withLock(\.broken) }

  func begin(_ operation: Int) { state.withLock { $0.operation = operation } }

  func add(_ change: PendingChange) {
    state.withLock { state in
      var change = change
      change.operation = state.operation
      change.firstStep = state.steps.count
      state.steps += change.batch.steps
      for record in change.change.touched(change.plan) { state.touched.insert(record) }
      state.pending.append(change)
    }
  }

  /// The change that a step is of.
  func change(at step: Int) -> PendingChange? { state.withLock { $0.pending.last { $0.firstStep <= step } } }

  /// Where a record is read: from what is there, as long as nothing of the batch can have a say in it.
  func store(for key: [Value], of plan: ResourcePlan, followsRelations: Bool) -> any Store {
    guard plan.table.isManaged, !followsRelations else { return self }
    let isTouched = state.withLock { $0.touched.contains(.init(resource: plan.number, key: key)) }
    return isTouched ? self : base
  }

  /// Of each record that was there before, the first change; in the order of resources and keys.
  var firstChanges: [PendingChange] {
    var first: [Cascade.Identity: PendingChange] = [:]
    for pending in state.withLock(\.pending) {
      guard let record = pending.change.after ?? pending.change.before else { continue }
      let identity = Cascade.Identity(resource: pending.plan.number, key: record.key)
      if first[identity] == nil { first[identity] = pending }
    }
    return first.map { (place: ($0.key.resource, KeyText.text($0.key.key)), pending: $0.value) }
      .filter { $0.pending.change.before != nil }.sorted { $0.place < $1.place }.map(\.pending)
  }

  /// Whether callers go with it.
  var removesUsers: Bool { state.withLock { $0.pending.contains { $0.change.removesUsers($0.plan) } } }

  // MARK: Store

  func read(_ query: Query) async throws(StoreError) -> Rows {
    let steps = steps
    if steps.isEmpty { return try await base.read(query) }
    switch try await base.write(WriteBatch(steps + [.reading(query)], isTrial: true)) {
    case .read(let rows): return rows
    case let outcome: throw broke(outcome)
    }
  }

  /// A trial of a change, after what was collected.
  func write(_ batch: WriteBatch) async throws(StoreError) -> WriteOutcome {
    guard batch.isTrial else { throw StoreError(.invalidStatement, "a batch is sent as a whole") }
    let steps = steps
    let outcome = try await base.write(WriteBatch(steps + batch.steps, isTrial: true))
    if let step = outcome.step, step < steps.count { throw broke(outcome) }
    return outcome.after(steps.count)
  }

  private func broke(_ outcome: WriteOutcome) -> StoreError {
    state.withLock { $0.broken = outcome }
    return StoreError(.cancelled, "what the batch has done so far does not go through any more")
  }

  func define(_ statements: [String]) async throws(StoreError) {
    throw StoreError(.invalidStatement, "a batch defines nothing")
  }
  func inspect(_ statement: String, _ values: [Value]) async throws(StoreError) -> [[String?]] {
    try await base.inspect(statement, values)
  }
  func ping() async throws(StoreError) { try await base.ping() }
  func gauges() -> [StoreGauge] { [] }
  func close() async {}
}

extension Change {
  /// Every record that it changes.
  fileprivate func touched(_ plan: ResourcePlan) -> [Cascade.Identity] {
    var records: [Cascade.Identity] = []
    if let record = after ?? before { records.append(.init(resource: plan.number, key: record.key)) }
    for dependent in cascade?.going ?? [] { records.append(.init(resource: dependent.plan.number, key: dependent.before.key)) }
    for cleared in cascade?.cleared ?? [] { records.append(.init(resource: cleared.plan.number, key: cleared.before.key)) }
    return records
  }
}
