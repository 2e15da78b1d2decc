import Base
import Store
import Synchronization
import TestSupport

@testable import SQLiteStore

/// A SQLite database whose writer runs as a step of a simulated world: batches wait, some of them are committed as one group by the
/// writer's own code, reads see what is committed. It fails now and then, before or after the deed, and it can be killed: whoever
/// waits for it then learns nothing, and what was committed stays.
///
/// Safety: `@unchecked Sendable` because it is used on the world's one thread alone.
final class SimulatedStore: Store, @unchecked Sendable {
  let world: SimulatedWorld
  private let file: SimulatedFile
  private var pending: [WriteJob] = []
  private var isPlanned = false
  private(set) var isDead = false
  private(set) var groups: [Int] = []

  init(_ file: SimulatedFile, in world: SimulatedWorld) {
    self.file = file
    self.world = world
  }

  var dialect: Dialect { .sqlite }

  private static let killed = StoreError(.closed, "killed")

  /// Of 100 calls that many fail, before or after the deed.
  private static let failures = 3

  func read(_ query: Query) async throws(StoreError) -> Rows {
    await Task.yield()
    guard !isDead else { throw SimulatedStore.killed }
    guard !Task.isCancelled else { throw StoreError(.cancelled, "cancelled") }
    if world.chance(SimulatedStore.failures) { throw StoreError(.unavailable, "simulated") }
    let rows = try file.reader.read(query)
    await Task.yield()
    guard !isDead else { throw SimulatedStore.killed }
    return rows
  }

  func write(_ batch: WriteBatch) async throws(StoreError) -> WriteOutcome {
    await Task.yield()
    guard !isDead else { throw SimulatedStore.killed }
    if world.chance(SimulatedStore.failures) { throw StoreError(.unavailable, "simulated") }
    let job = WriteJob(.batch(batch), deadline: .max)
    let outcome = await job.outcome { job in
      pending.append(job)
      plan()
      return .accepted
    }
    guard !isDead else { throw SimulatedStore.killed }
    if world.chance(SimulatedStore.failures) { throw StoreError(.outcomeUnknown, "simulated") }
    return try outcome.get()
  }

  private func plan() {
    guard !isPlanned, !pending.isEmpty else { return }
    isPlanned = true
    _ = world.schedule(after: .microseconds(world.below(3000))) { [self] in
      isPlanned = false
      commit()
      plan()
    }
  }

  /// The next of those that wait, as one group.
  private func commit() {
    guard !isDead, !pending.isEmpty else { return }
    let count = 1 + world.below(pending.count)
    let queue = JobQueue<WriteJob>(capacity: count)
    for job in pending.prefix(count) { _ = queue.push(job) }
    pending.removeFirst(count)
    queue.close()
    groups.append(count)
    file.commit(queue)
  }

  /// The process ends: what waits was never begun, what was committed nobody is told of.
  func kill() {
    isDead = true
    for job in pending where job.begin() { job.finish(.failure(SimulatedStore.killed)) }
    pending = []
  }

  func define(_ statements: [String]) async throws(StoreError) { throw StoreError(.invalidStatement, "not here") }
  func inspect(_ statement: String, _ values: [Value]) async throws(StoreError) -> [[String?]] { [] }
  func ping() async throws(StoreError) {}
  func gauges() -> [StoreGauge] { [] }
  func close() async {}
}

/// The disk, which outlives the processes that write to it. That the disk itself keeps what it said is another test's (crash_test).
///
/// Safety: as the store.
final class SimulatedFile: @unchecked Sendable {
  let reader: Connection
  private let writer: Connection
  private let state = WriterState()
  private let checkpoints = CheckpointState()

  init(path: String) throws {
    let options = SQLiteOptions()
    writer = try Connection(path: path, role: .writer, options: options)
    try writer.execute("PRAGMA synchronous=OFF")
    reader = try Connection(path: path, role: .reader, options: options)
  }

  func commit(_ queue: JobQueue<WriteJob>) {
    var writer = Writer(connection: writer, queue: queue, state: state, checkpoints: checkpoints, options: SQLiteOptions())
    writer.run()
  }

  func rows(_ text: String, _ values: [Value] = []) throws -> [[String?]] { try reader.rows(text, values) }

  func close() {
    reader.close()
    writer.close()
  }
}
