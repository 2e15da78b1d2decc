import Base
import Contract
import Identity
import JSON
import SQLiteStore
import Service
import Store
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import Martlet

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A clock whose sleepers wake at once and find that the time has passed; after so many rounds they sleep for ever.
private final class SkippingClock: Clock {
  private struct State {
    var microseconds: Int64 = 1_772_366_400_000_000
    var rounds: Int
    var rests: [Duration] = []
    var onRound: (@Sendable (Int) -> Void)?
    var waiter: CheckedContinuation<Void, Never>?
  }
  private let state: Mutex<State>
  private let total: Int

  init(rounds: Int) {
    state = Mutex(State(rounds: rounds))
    total = rounds
  }

  var now: Timestamp { Timestamp(microseconds: state.withLock { $0.microseconds }) }
  var monotonicNanoseconds: UInt64 { UInt64(state.withLock { $0.microseconds }) * 1000 }
  /// Sleeps other than those between rounds.
  var rests: [Duration] { state.withLock { $0.rests } }

  /// When the last round is done.
  func end() async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        if state.rounds >= 0 { state.waiter = continuation }
        return state.rounds < 0
      }
      if isOver { continuation.resume() }
    }
  }

  func advance(days: Int64) { state.withLock { $0.microseconds += days * 86_400_000_000 } }
  /// Called before each round with its number, from 1.
  func onRound(_ body: @escaping @Sendable (Int) -> Void) { state.withLock { $0.onRound = body } }

  func schedule(after time: Duration, _ body: @escaping @Sendable () -> Void) -> ClockTimer {
    var waiter: CheckedContinuation<Void, Never>?
    let (wakes, hook, number) = state.withLock { state -> (Bool, (@Sendable (Int) -> Void)?, Int) in
      state.microseconds += Int64(time.wholeMilliseconds) * 1000
      guard time == Upkeep.interval else {
        state.rests.append(time)
        return (true, nil, 0)
      }
      state.rounds -= 1
      if state.rounds < 0 { (waiter, state.waiter) = (state.waiter, nil) }
      return (state.rounds >= 0, state.onRound, total - state.rounds)
    }
    guard wakes else {
      waiter?.resume()
      return ClockTimer {}
    }
    hook?(number)
    body()
    return ClockTimer {}
  }
}

/// A figure by the number of a round.
private final class Noted: Sendable {
  let figures = Mutex<[Int: Int]>([:])
}

@Suite("Upkeep", .timeLimit(.minutes(5))) struct UpkeepTests {
  private static let contract = """
    martlet: 1
    service: {name: desk, version: v1}
    resources:
      cases:
        retain: 30d
        fields: {title: {type: string}}
        access: {create: anyone, read: anyone}
      invoices:
        fields: {case: {ref: cases, on_delete: restrict}}
        access: {create: anyone, read: anyone, delete: anyone}
    """

  private final class Scene: Sendable {
    let clock: SkippingClock
    let store: SQLiteStore
    let engine: Engine
    let metrics = ServiceMetrics()
    private let folder: TemporaryFolder

    init(rounds: Int) async throws {
      clock = SkippingClock(rounds: rounds)
      let contract = try #require(ContractLoader.load(text: UpkeepTests.contract).contract)
      folder = try TemporaryFolder()
      store = try SQLiteStore(path: folder.path + "/test.db")
      _ = try await SchemaManager(clock: clock).prepare(store, contract)
      engine = Engine(contract: contract, layout: Layout(contract), store: store, key: try .ephemeral(), verifier: nil, clock: clock)
    }

    deinit { folder.remove() }

    func create(_ resource: String, _ body: String) async throws -> String {
      let context = RequestContext(requestID: "test", ip: "::1", method: "POST", time: clock.now)
      var operation = Operation(.create, resource: resource, key: nil, caller: .anonymous, context: context)
      operation.body = Array(body.utf8)
      return try JSONValue(parsing: try await engine.perform(operation).body)["id"]?.stringValue ?? ""
    }

    func count(_ table: String) async throws -> Int {
      Int(try await store.inspect("SELECT count(*) FROM \(table)", [])[0][0] ?? "") ?? -1
    }

    func figure(_ name: String) -> Int {
      metrics.registry.counter("martlet_retention_\(name)_total", help: "", labels: [("resource", "cases")]).value
    }

    /// Runs the loop for all of its rounds, and ends it.
    ///
    /// - Returns: what it logged.
    func run() async throws -> [String] {
      let path = folder.path + "/log"
      let descriptor = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0o600)
      let logger = Logger(level: .info, format: .text, colour: false, writer: LogWriter(descriptor: descriptor), clock: clock)
      let upkeep = Upkeep(metrics: metrics, logger: logger, clock: clock)
      let task = Task { [engine] in await upkeep.run { engine } }
      await clock.end()
      task.cancel()
      await task.value
      logger.close()
      close(descriptor)
      return String(decoding: Files.read(path) ?? [], as: UTF8.self).split(separator: "\n").map(String.init)
    }
  }

  @Test("deletes what is older than it is kept, counts it and says so once") func deletes() async throws {
    let scene = try await Scene(rounds: 3)
    for number in 0..<5 { _ = try await scene.create("cases", ##"{"title": "old \##(number)"}"##) }
    scene.clock.advance(days: 31)
    _ = try await scene.create("cases", #"{"title": "young"}"#)
    let log = try await scene.run()
    #expect(try await scene.count("cases") == 1)
    #expect(scene.figure("deleted") == 5 && scene.figure("kept") == 0)
    #expect(log.count == 1 && log.first?.contains("retention") == true && log.first?.contains("deleted=5") == true, "\(log)")
    // It rests after every step, and does not go on without end.
    #expect(scene.clock.rests.count >= 6 && scene.clock.rests.allSatisfy { $0 >= Upkeep.restMin })
    await scene.store.close()
  }

  @Test("rests four times as long as it works, and as long where more come than go")
  func rests() {
    #expect(Upkeep.rest(after: 0, isHurried: false) == .milliseconds(20))
    #expect(Upkeep.rest(after: 30_000_000, isHurried: false) == .milliseconds(120))
    #expect(Upkeep.rest(after: 1_000_000, isHurried: true) == .milliseconds(5))
    #expect(Upkeep.rest(after: 30_000_000, isHurried: true) == .milliseconds(30))
    #expect(Upkeep.rest(after: .max, isHurried: false) == .nanoseconds(Int64.max))
  }

  @Test("hurries behind many full steps, and no longer when there are none") func hurries() async throws {
    let scene = try await Scene(rounds: 2)
    let full = Upkeep.hurriesAfter * Engine.retainedAtOnce
    _ = try await scene.create("cases", #"{"title": "first"}"#)
    try await scene.store.define([
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(full + 30)) "
        + "INSERT INTO cases (id, title, created_at, updated_at, revision) SELECT CAST(x'00000000' || randomblob(12) AS BLOB), title, created_at, updated_at, "
        + "revision FROM cases, n"
    ])
    scene.clock.advance(days: 31)
    _ = try await scene.run()
    #expect(try await scene.count("cases") == 0)
    let hurried = scene.clock.rests.count { $0 == Upkeep.hurriedRestMin }
    // The two steps behind the full ones, of which the last is not full.
    #expect((1...3).contains(hurried), "\(hurried)")
  }

  @Test("drops kept answers that are out of date") func answers() async throws {
    let scene = try await Scene(rounds: 2)
    let context = RequestContext(requestID: "test", ip: "::1", method: "POST", time: scene.clock.now)
    var operation = Operation(.create, resource: "cases", key: nil, caller: .anonymous, context: context)
    operation.body = Array(#"{"title": "x"}"#.utf8)
    operation.idempotency = Idempotency(key: "k", fingerprint: [1])
    _ = try await scene.engine.perform(operation)
    #expect(try await scene.count("_martlet_idempotency") == 1)
    scene.clock.advance(days: 2)
    #expect(try await scene.run().isEmpty)
    #expect(try await scene.count("_martlet_idempotency") == 0)
    await scene.store.close()
  }

  @Test("looks at what others keep once an hour, and takes it when they let go") func kept() async throws {
    let scene = try await Scene(rounds: 130)
    let id = try await scene.create("cases", #"{"title": "kept"}"#)
    let invoice = try await scene.create("invoices", ##"{"case": "\##(id)"}"##)
    scene.clock.advance(days: 31)
    let kept = Noted()
    let metrics = scene.metrics
    scene.clock.onRound { number in
      let counter = metrics.registry.counter("martlet_retention_kept_total", help: "", labels: [("resource", "cases")])
      kept.figures.withLock { $0[number] = counter.value }
    }
    let log = try await scene.run()
    let seen = kept.figures.withLock { $0 }
    // Before the rounds 2 and 61: one look. Before the last ones: three, at most.
    #expect(seen[2] == 1 && seen[60] == 1)
    #expect((2...3).contains(seen[130] ?? 0) && log.count == scene.figure("kept"))
    #expect(try await scene.count("cases") == 1 && !invoice.isEmpty)
    await scene.store.close()
  }

  @Test("a store that fails is said to, and tried again; one that is closed for the end is not said to") func fails() async throws {
    let scene = try await Scene(rounds: 3)
    _ = try await scene.create("cases", #"{"title": "old"}"#)
    scene.clock.advance(days: 31)
    await scene.store.close()
    let log = try await scene.run()
    #expect(log.count == 3 && log.allSatisfy { $0.contains("upkeep") && $0.contains("closed") }, "\(log)")
    #expect(scene.figure("deleted") == 0)
  }
}
