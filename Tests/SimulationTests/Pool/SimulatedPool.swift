import Base
import Store
import TestSupport

@testable import PostgresStore
@testable import Reactor

/// One run: callers that read and write through a pool, to a server that fails in every way.
///
/// Safety: `@unchecked Sendable` because everything in it runs on the simulation's one thread.
final class SimulatedPool: @unchecked Sendable {
  /// Longer than any call may take: three attempts of a read, each up to the statement's time-out, its grace and a wait for a connection.
  private static let callMax: UInt64 = 3 * (30_000 + 2_000 + 5_000) + 10_000
  private static let longest: UInt64 = 3_600_000

  private let world: SimulatedLoop
  private let server: SimulatedPostgres
  private let store: PostgresStore
  private let memory = MemoryBudget(limit: 1 << 30)
  private let poolMax: Int
  private var problems: [String] = []
  private var running = 0
  private var isClosed = false
  /// Of each write, how often it may and must have been kept.
  private var expected: [Int: ClosedRange<Int>] = [:]
  private var steps: [Int: Int] = [:]
  private var lastWrite = 0
  private var ownFigures = SimulatedPoolFigures()

  private static let read = Statement(text: SimulatedSQL.read, parameters: [.integer], shared: SimulatedSQL.shared)
  private static let single = Statement(text: SimulatedSQL.read, parameters: [.integer])
  private static let write = Statement(text: SimulatedSQL.write, parameters: [.integer, .integer])
  private static let returning = Statement(text: SimulatedSQL.returning, parameters: [.integer, .integer])
  private static let encoding = RowEncoding(fields: [], captures: [.init(column: 0, kind: .integer)])

  init(seed: UInt64, in folder: TemporaryFolder, keepsTwice: Bool = false) throws {
    world = try SimulatedLoop(seed: seed)
    server = SimulatedPostgres(world, folder: folder)
    server.keepsTwice = keepsTwice
    var options = PostgresOptions()
    poolMax = 2 + world.random.below(5)
    options.pool = poolMax
    options.statementsMax = world.random.chance(50) ? 2 : 256
    options.memory = memory
    let clock = SimulatedClock(loop: world)
    store = try PostgresStore(url: server.url, options: options, loops: [world], random: clock, clock: clock)
  }

  var figures: SimulatedPoolFigures {
    var sum = server.figures
    sum.add(ownFigures)
    return sum
  }

  /// What went wrong: nothing, as it should be.
  func run() -> [String] {
    let start = world.nowMilliseconds
    let callers = 1 + world.random.below(6)
    running = callers
    for caller in 0..<callers {
      world.after(0, upTo: 200) { [self] in
        Task(executorPreference: world) { [self] in await call(as: caller) }
      }
    }
    if server.wrath > 0, world.random.chance(30) {
      world.after(0, upTo: 2000) { [self] in server.crash(for: world.random.below(5000)) }
    }
    world.run(before: start + SimulatedPool.longest, poll: poll)
    if running > 0 { report("\(running) callers wait for ever") }
    if !isClosed { report("the store does not close") }
    check()
    server.end()
    world.end()
    return problems
  }

  private func poll() -> Bool {
    world.pollDescriptors()
    return server.poll()
  }

  private func report(_ problem: String) { problems.append(problem) }

  // MARK: Callers

  private func call(as caller: Int) async {
    for _ in 0..<(1 + world.random.below(8)) {
      let start = world.nowMilliseconds
      if world.random.chance(50) { await readSome() } else { await writeOne() }
      if world.nowMilliseconds > start + SimulatedPool.callMax { report("a call took \(world.nowMilliseconds - start) ms") }
      await world.pass(world.random.below(20))
    }
    running -= 1
    guard running == 0 else { return }
    await store.close()
    isClosed = true
  }

  /// Several at once, so that some go together.
  private func readSome() async {
    let statement = world.random.chance(50) ? SimulatedPool.read : SimulatedPool.single
    let values = (0..<(1 + world.random.below(4))).map { _ in world.random.below(5) }
    let tasks = values.map { value in Task(executorPreference: world) { [self] in await read(value, statement) } }
    for task in tasks { await task.value }
  }

  private func read(_ value: Int, _ statement: Statement) async {
    ownFigures.reads += 1
    let query = Query(statement, [.integer(Int64(value))], encoding: SimulatedPool.encoding, rowsMax: 1)
    do {
      let rows = try await store.read(query)
      if rows.captured != [.integer(Int64(value))] { report("the read of \(value) gives \(rows.captured)") }
    } catch {
      guard [.unavailable, .timeout, .overloaded, .storage, .invalidStatement].contains(error.code) else {
        return report("a read fails with \(error.code): \(error.message)")
      }
    }
  }

  private func writeOne() async {
    lastWrite += 1
    let write = lastWrite
    let count = 1 + world.random.below(3)
    steps[write] = count
    var batch = WriteBatch()
    for step in 0..<count {
      let values: [Value] = [.integer(Int64(write)), .integer(Int64(step))]
      let isReturning = world.random.chance(30)
      batch.steps.append(
        isReturning ? .returning(SimulatedPool.returning, values, kinds: [.integer]) : .run(SimulatedPool.write, values, rows: nil))
    }
    batch.isTrial = world.random.chance(10)
    let isTrial = batch.isTrial
    let task = Task(executorPreference: world) { [store, batch] in await Result { try await store.write(batch) } }
    // Some callers leave; some have left before they begin.
    if world.random.chance(5) { if world.random.chance(50) { task.cancel() } else { world.after(0, upTo: 20) { task.cancel() } } }
    switch await task.value {
    case .success(.committed(let values)):
      expected[write] = 1...1
      ownFigures.committed += 1
      if isTrial { report("a trial is committed") }
      if values.contains(where: { $0 != [.integer(Int64(write))] }) { report("write \(write) gets back \(values)") }
    case .success(.tried):
      if !isTrial { report("a write is tried only") }
      expected[write] = 0...0
    case .success: expected[write] = 0...0
    case .failure(let error):
      let isOpen = (error as? StoreError)?.code == .outcomeUnknown || (error as? StoreError)?.code == .cancelled
      if isOpen { ownFigures.unknown += 1 }
      expected[write] = isOpen && !isTrial ? 0...1 : 0...0
    }
  }

  // MARK: What must hold

  private func check() {
    for write in steps.keys.sorted() {
      let kept = server.kept[write] ?? []
      guard let expected = expected[write], let steps = steps[write] else { continue }
      let times = kept.count / steps
      if kept.count % steps != 0 || Set(kept).count > steps { report("write \(write) is kept in part: \(kept) of \(steps)") }
      if !expected.contains(times) { report("write \(write) is kept \(times) times, and should be \(expected)") }
    }
    // Beside each connection there may be an order to stop what it runs.
    if server.sessionsMax > 2 * poolMax { report("\(server.sessionsMax) sessions of at most \(poolMax)") }
    // Such an order is sent by a thread of its own, in real time.
    let end = ContinuousClock.now + .seconds(10)
    repeat { _ = poll() } while !server.sessions.isEmpty && ContinuousClock.now < end
    if !server.sessions.isEmpty { report("\(server.sessions.count) sessions stay open") }
    if memory.held != 0 { report("\(memory.held) bytes are counted as held when nothing is under way") }
  }
}

/// The simulation's time and chance, as the store asks for them.
struct SimulatedClock: Clock, RandomSource {
  let loop: SimulatedLoop
  var now: Timestamp { Timestamp(microseconds: 1_772_366_400_000_000 + Int64(loop.nowMilliseconds) * 1000) }
  var monotonicNanoseconds: UInt64 { loop.nowMilliseconds * 1_000_000 }
  func next() -> UInt64 { loop.random.next() }
}

extension Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
