import Base
import Reactor
import Store
import Synchronization
import TestSupport
import Testing

@testable import SQLiteStore

/// A writer over a file of its own, whose groups a test puts together.
private struct WriterBench {
  let path: String
  let state = WriterState()
  let checkpoints = CheckpointState()

  /// Runs batches as one group (as far as `groupMax` lets it), and gives their outcomes in order.
  func run(_ batches: [WriteBatch], groupMax: Int = 128, deadlines: [Int: UInt64] = [:]) async throws -> [WriteJob.Outcome] {
    let queue = JobQueue<WriteJob>(capacity: 1024)
    let connection = try Connection(path: path, role: .writer, options: SQLiteOptions())
    var tasks: [Task<WriteJob.Outcome, Never>] = []
    for (place, batch) in batches.enumerated() {
      let job = WriteJob(.batch(batch), deadline: deadlines[place] ?? .max)
      tasks.append(Task { await job.outcome(admittedBy: queue.push) })
      // In this order.
      while queue.length <= place { await Task.yield() }
    }
    queue.close()
    var options = SQLiteOptions()
    options.groupMax = groupMax
    let writer = Writer(connection: connection, queue: queue, state: state, checkpoints: checkpoints, options: options)
    let ended = Atomic<Bool>(false)
    try SystemThread.detach {
      var writer = writer
      writer.run()
      connection.close()
      ended.store(true, ordering: .releasing)
    }
    while !ended.load(ordering: .acquiring) { await Task.yield() }
    var outcomes: [WriteJob.Outcome] = []
    for task in tasks { outcomes.append(await task.value) }
    return outcomes
  }

  func define(_ text: String) throws {
    let connection = try Connection(path: path, role: .writer, options: SQLiteOptions())
    try connection.execute(text)
    connection.close()
  }

  func rows(_ text: String) throws -> [[String?]] {
    let connection = try Connection(path: path, role: .inspector, options: SQLiteOptions())
    defer { connection.close() }
    return try connection.rows(text)
  }
}

@Suite("The writer's groups", .timeLimit(.minutes(2))) struct WriterTests {
  private func withBench(_ body: (WriterBench) async throws -> Void) async throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let bench = WriterBench(path: folder.path + "/test.db")
    try bench.define("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE, n INTEGER NOT NULL CHECK (n >= 0)) STRICT")
    try bench.define("CREATE TABLE u (id INTEGER PRIMARY KEY, t INTEGER NOT NULL REFERENCES t (id)) STRICT")
    try await body(bench)
  }

  private func committed(_ outcomes: [WriteJob.Outcome]) -> [Bool] { outcomes.map { $0.isCommitted } }

  private static let insert = Statement(text: "INSERT INTO t VALUES (?1, ?2, ?3)", parameters: [.integer, .text, .integer])
  private static let child = Statement(text: "INSERT INTO u VALUES (?1, ?2)", parameters: [.integer, .integer])
  private static let count = Statement(text: "UPDATE t SET n = n + ?2 WHERE id = ?1", parameters: [.integer, .integer])
  private static let delete = Statement(text: "DELETE FROM t WHERE id = ?1", parameters: [.integer])
  private static let guarding = Statement(
    text: "SELECT CASE WHEN n < ?2 THEN 0 ELSE 2 END FROM t WHERE id = ?1", parameters: [.integer, .integer])
  private static let returning = Statement(text: "UPDATE t SET n = n + 1 WHERE id = ?1 RETURNING n", parameters: [.integer])

  private func insert(_ id: Int64, _ name: String? = nil) -> WriteBatch.Step {
    .run(Self.insert, [.integer(id), .string(name ?? "name \(id)"), .integer(0)], rows: 1)
  }

  @Test("take effect in one commit") func allGood() async throws {
    try await withBench { bench in
      let outcomes = try await bench.run((1...50).map { WriteBatch([insert($0)]) })
      #expect(committed(outcomes) == [Bool](repeating: true, count: 50))
      #expect(bench.state.commits.load(ordering: .relaxed) == 1)
      #expect(try bench.rows("SELECT count(*) FROM t") == [["50"]])
    }
  }

  @Test("a member that is refused before it changed anything costs the others nothing") func refusedFirst() async throws {
    try await withBench { bench in
      _ = try await bench.run([WriteBatch([insert(1)])])
      let before = bench.state.commits.load(ordering: .relaxed)
      let outcomes = try await bench.run([
        WriteBatch([insert(2)]), WriteBatch([insert(1), insert(3)]), WriteBatch([.guarding(Self.guarding, [.integer(1), .integer(0)])]),
        WriteBatch([.guarding(Self.guarding, [.integer(99), .integer(0)]), insert(4)]), WriteBatch([insert(5)]),
      ])
      #expect(bench.state.commits.load(ordering: .relaxed) == before + 1)
      guard case .success(.uniqueViolation(step: 0, table: "t", columns: ["id"])) = outcomes[1],
        case .success(.refused(step: 0, code: 2)) = outcomes[2], case .success(.refused(step: 0, code: 1)) = outcomes[3]
      else {
        Issue.record("\(outcomes)")
        return
      }
      #expect(outcomes[0].isCommitted && outcomes[4].isCommitted)
      #expect(try bench.rows("SELECT id FROM t ORDER BY id") == [["1"], ["2"], ["5"]])
    }
  }

  @Test("what a member had changed before it failed is undone, and nothing else", arguments: [0, 3, 6])
  func failsLater(_ place: Int) async throws {
    try await withBench { bench in
      _ = try await bench.run([WriteBatch([insert(1)])])
      let failing: [(WriteBatch, (WriteJob.Outcome) -> Bool)] = [
        (WriteBatch([insert(100), insert(1)]), { if case .success(.uniqueViolation(step: 1, _, _)) = $0 { true } else { false } }),
        (
          WriteBatch([insert(100), .guarding(Self.guarding, [.integer(1), .integer(-1)])]),
          { if case .success(.refused(step: 1, code: 2)) = $0 { true } else { false } }
        ),
        (
          WriteBatch([insert(100), .run(Self.child, [.integer(1), .integer(77)], rows: 1)]),
          { if case .success(.foreignKeyViolation(step: 1, _)) = $0 { true } else { false } }
        ),
        (
          WriteBatch([insert(100), .run(Self.count, [.integer(1), .integer(-5)], rows: 1)]),
          { if case .success(.checkViolation(step: 1, _)) = $0 { true } else { false } }
        ),
        (
          WriteBatch([insert(100), .run(Self.delete, [.integer(77)], rows: 1)]),
          { if case .success(.unexpectedRows(step: 1, count: 0)) = $0 { true } else { false } }
        ),
        (
          WriteBatch([.run(Self.count, [.integer(1), .integer(1)], rows: 0)]),
          { if case .success(.unexpectedRows(step: 0, count: 1)) = $0 { true } else { false } }
        ),
        (
          WriteBatch([insert(100), .run(Statement(text: "INSERT INTO nowhere VALUES (1)", parameters: []), [], rows: 1)]),
          { if case .failure(let error) = $0 { error.code == .invalidStatement } else { false } }
        ),
      ]
      for (round, (batch, isRight)) in failing.enumerated() {
        let first = Int64(1000 * (round + 1))
        var batches = (0..<7).map { WriteBatch([insert(first + $0)]) }
        batches.insert(batch, at: place)
        let outcomes = try await bench.run(batches)
        #expect(isRight(outcomes[place]), "\(outcomes[place])")
        #expect(committed(outcomes) == (0..<8).map { $0 != place })
        #expect(try bench.rows("SELECT count(*) FROM t WHERE id >= \(first)") == [["7"]])
        #expect(try bench.rows("SELECT count(*) FROM t WHERE id = 100") == [["0"]])
        #expect(try bench.rows("SELECT n FROM t WHERE id = 1") == [["0"]])
        // One commit for all of them, whatever was done twice.
        #expect(bench.state.commits.load(ordering: .relaxed) == round + 2)
      }
    }
  }

  @Test("a member that loses the whole transaction takes nobody with it") func lostTransaction() async throws {
    try await withBench { bench in
      try bench.define("CREATE TABLE hard (id INTEGER PRIMARY KEY ON CONFLICT ROLLBACK)")
      let hard = Statement(text: "INSERT INTO hard VALUES (1)", parameters: [])
      let endless = Statement(
        text: "UPDATE t SET n = (WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i) SELECT max(x) FROM i)", parameters: [])
      let outcomes = try await bench.run(
        [
          WriteBatch([insert(1)]), WriteBatch([insert(2), .run(hard, [], rows: 1)]), WriteBatch([insert(3), .run(hard, [], rows: 1)]),
          WriteBatch([insert(4), .run(endless, [], rows: nil)]), WriteBatch([insert(5)]),
        ], deadlines: [3: SystemClock().monotonicNanoseconds + 300_000_000])
      #expect(committed(outcomes) == [true, true, false, false, true])
      guard case .success(.uniqueViolation(step: 1, _, _)) = outcomes[2], case .failure(let error) = outcomes[3] else {
        Issue.record("\(outcomes)")
        return
      }
      #expect(error.code == .timeout)
      #expect(try bench.rows("SELECT id FROM t ORDER BY id") == [["1"], ["2"], ["5"]])
    }
  }

  /// Whether a group is run with savepoints, without, twice or one by one must not show.
  @Test("random groups end as the same batches one by one", arguments: 0..<6 as Range<UInt64>)
  func randomGroups(_ seed: UInt64) async throws {
    try await withBench { together in
      try await withBench { alone in
        var random = SplitMix64(seed: 4711 &+ seed)
        for _ in 0..<6 {
          // Few that fail, none, or many.
          let failing = [0, 3, 40][random.below(3)]
          let batches = (0..<1 + random.below(200)).map { _ in batch(&random, failing: failing) }
          let group = try await together.run(batches, groupMax: [2, 16, 64, 128][random.below(4)])
          let single = try await alone.run(batches, groupMax: 1)
          #expect(group.map { "\($0)" } == single.map { "\($0)" })
          for table in ["t", "u"] {
            let text = "SELECT * FROM \(table) ORDER BY id"
            #expect(try together.rows(text) == alone.rows(text))
          }
        }
        #expect(together.state.commits.load(ordering: .relaxed) < alone.state.commits.load(ordering: .relaxed))
      }
    }
  }

  private func batch(_ random: inout SplitMix64, failing: Int) -> WriteBatch {
    var batch = WriteBatch()
    let range = failing == 0 ? 1_000_000_000 : 150
    for _ in 0..<1 + random.below(4) {
      let id = Int64(1 + random.below(range))
      switch random.below(failing == 0 ? 2 : 8) {
      case 0, 1: batch.steps.append(insert(id, random.chance(failing) ? "shared" : "name \(id) \(random.next())"))
      case 2: batch.steps.append(.run(Self.count, [.integer(id), .integer(random.chance(failing) ? -9 : 1)], rows: nil))
      case 3: batch.steps.append(.run(Self.child, [.null, .integer(id)], rows: 1))
      case 4: batch.steps.append(.run(Self.delete, [.integer(id)], rows: random.chance(failing) ? 1 : nil))
      case 5: batch.steps.append(.returning(Self.returning, [.integer(id)], kinds: [.integer]))
      default: batch.steps.append(.guarding(Self.guarding, [.integer(id), .integer(random.chance(failing) ? 0 : 100)]))
      }
    }
    return batch
  }

  @Test("whoever waits on a loop is answered there, whoever waits elsewhere is answered, too") func answeredOnLoops() async throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let store = try SQLiteStore(path: folder.path + "/test.db")
    try await store.define(["CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, n INTEGER)"])
    let group = try EventLoopGroup(count: 2)
    let right = await withTaskGroup(of: Bool.self) { tasks in
      for number in 0..<600 as Range<Int64> {
        let loop = number % 3 == 2 ? nil : group.loops[Int(number % 3)]
        let batch = WriteBatch([insert(number / 2)])
        tasks.addTask(executorPreference: loop) {
          let outcome = try? await store.write(batch)
          guard EventLoop.current === loop, let outcome else { return false }
          switch outcome {
          case .committed, .uniqueViolation: return true
          default: return false
          }
        }
      }
      return await tasks.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(right == 600)
    #expect(try await store.inspect("SELECT count(*) FROM t", []) == [["300"]])
    await store.close()
    group.stop()
  }
}
