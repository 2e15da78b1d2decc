package import Backup
package import Base
package import Reactor
package import Store
import Synchronization

/// A PostgreSQL database, spoken to through libpq's non-blocking pipeline mode from the event loops themselves.
///
/// Each loop has its own connections, so that a call from a task on a loop takes no lock and makes no hop; calls from elsewhere
/// go to the first loop. Reads of one tick share one sync; a write is one round trip, from BEGIN to COMMIT.
package final class PostgresStore: Store {
  private let pools: [LoopPool]
  private let trouble = WriteTrouble()
  private let url: String
  private let options: PostgresOptions
  private let isClosed = Atomic<Bool>(false)
  private let keeper: ClusterKeeper?

  private static let writable = Statement(text: EngineSQL.writable.description, parameters: [])

  /// Whether its disk has room again is only known when a write is tried; until then no longer than this is readiness red.
  private static let troubleMax = Duration.seconds(10)

  /// Begins to connect and returns at once; `ping` tells whether it can answer.
  ///
  /// - Parameters:
  ///   - url: `postgres://user:password@host:port/database?...`.
  ///   - loops: at least one. Where `options.pool` has fewer than two connections for each, some share.
  ///   - shipping: where the cluster is backed up to meanwhile.
  /// - Throws: `.invalidStatement` where the URL cannot be read.
  package init(
    url: String, options: PostgresOptions = PostgresOptions(), loops: [EventLoop], shipping: ShippingOptions? = nil,
    random: any RandomSource = SystemRandom(), clock: any Clock = SystemClock()
  ) throws(StoreError) {
    precondition(!loops.isEmpty && (1...1000).contains(options.pool), "a store has a loop and 1 to 1000 connections")
    let settings = try ConnectionSettings(url: url, options: options)
    self.url = url
    self.options = options
    let count = max(1, min(loops.count, options.pool / 2))
    let trouble = trouble
    pools = (0..<count).map { index in
      let share = options.pool / count + (index < options.pool % count ? 1 : 0)
      return LoopPool(
        loop: loops[index], connectionsMax: share, options: options, settings: settings, random: random, clock: clock, trouble: trouble)
    }
    keeper = shipping.map { ClusterKeeper(url: options.directURL ?? url, options: $0) }
    for pool in pools { pool.loop.execute { pool.planDispatch() } }
    do throws(SystemThread.StartError) {
      try keeper?.start()
    } catch {
      throw StoreError(.storage, "no thread could be started: error \(error.code)")
    }
  }

  /// A store that is dropped without `close` still gives its connections back.
  deinit {
    keeper?.end()
    guard !isClosed.load(ordering: .acquiring) else { return }
    for pool in pools { pool.loop.execute { pool.close {} } }
  }

  package var dialect: Dialect { .postgres }

  package func read(_ query: Query) async throws(StoreError) -> Rows {
    guard case .rows(let rows) = try await run(.read(query)) else { return Rows() }
    return rows
  }

  package func read(_ sequence: any ReadSequence) async throws(StoreError) { _ = try await run(.sequence(sequence)) }

  package func write(_ batch: WriteBatch) async throws(StoreError) -> WriteOutcome {
    guard case .outcome(let outcome) = try await run(.write(batch)) else {
      throw StoreError(.outcomeUnknown, "a batch came back without an outcome")
    }
    return outcome
  }

  package func define(_ statements: [String]) async throws(StoreError) { _ = try await run(.define(statements)) }

  package func schemaSession() async throws(StoreError) -> any SchemaSession {
    try PostgresSchemaSession(url: url, options: options, loop: pools[0].loop)
  }

  package func inspect(_ statement: String, _ values: [Value]) async throws(StoreError) -> [[String?]] {
    guard case .table(let table) = try await run(.inspect(statement, values)) else { return [] }
    return table
  }

  package func ping() async throws(StoreError) {
    _ = try await run(.inspect(EngineSQL.ping.description, []))
    guard let refusal = trouble.error else { return }
    if trouble.age < WriteTrouble.quietTime { throw refusal }
    if refusal.code == .readOnly {
      if case .committed = try await write(WriteBatch([.guarding(PostgresStore.writable, [])])) { return }
      throw refusal
    }
    guard trouble.age > PostgresStore.troubleMax else { throw refusal }
    trouble.clear()
  }

  /// Another number: a connection has come or gone since.
  var connectionsEpoch: Int {
    pools.reduce(0) { $0 &+ $1.figures.opened.load(ordering: .acquiring) &+ $1.figures.lost.load(ordering: .acquiring) }
  }

  /// Gives up every connection and whatever waits for one, with `.unavailable`; others are opened.
  func abandonConnections(_ reason: String) {
    for pool in pools { pool.loop.execute { pool.abandon(StoreError(.unavailable, reason)) } }
  }

  package func gauges() -> [StoreGauge] {
    func sum(_ figure: (PoolFigures) -> Int) -> Double { Double(pools.reduce(0) { $0 + figure($1.figures) }) }
    return [
      StoreGauge(name: "connections", help: "Connections to the database.", value: sum { $0.open.load(ordering: .relaxed) }),
      StoreGauge(name: "connections_busy", help: "Connections that run something.", value: sum { $0.busy.load(ordering: .relaxed) }),
      StoreGauge(name: "read_queue", help: "Reads that wait for a connection.", value: sum { $0.waitingReads.load(ordering: .relaxed) }),
      StoreGauge(
        name: "write_queue", help: "Batches that wait for a connection.", value: sum { $0.waitingWrites.load(ordering: .relaxed) }),
      StoreGauge(
        name: "group_size", help: "Reads that shared the last sync.",
        value: Double(pools.map { $0.figures.lastBatch.load(ordering: .relaxed) }.max() ?? 0)),
      StoreGauge(name: "read_groups_total", help: "Groups of reads sent.", value: sum { $0.batches.load(ordering: .relaxed) }),
      StoreGauge(name: "reads_total", help: "Reads sent.", value: sum { $0.reads.load(ordering: .relaxed) }),
      StoreGauge(
        name: "shared_reads_total", help: "Reads that went to the database in one statement with others.",
        value: sum { $0.shared.load(ordering: .relaxed) }),
      StoreGauge(name: "batches_total", help: "Batches sent.", value: sum { $0.writes.load(ordering: .relaxed) }),
      StoreGauge(name: "retries_total", help: "Batches sent again.", value: sum { $0.retries.load(ordering: .relaxed) }),
      StoreGauge(
        name: "refusals_total", help: "Calls refused or timed out in a queue.", value: sum { $0.refusals.load(ordering: .relaxed) }),
      StoreGauge(name: "connections_ended_total", help: "Connections that were lost.", value: sum { $0.lost.load(ordering: .relaxed) }),
      OddValues.gauge,
    ] + (keeper?.gauges() ?? [])
  }

  package var backupTrouble: String? { keeper?.trouble }

  package func close() async {
    guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
    for pool in pools {
      await withCheckedContinuation { continuation in
        pool.loop.execute { pool.close { continuation.resume() } }
      }
    }
    await keeper?.stop()
  }

  /// The pool of the loop that the caller runs on, or the first.
  private var pool: LoopPool {
    guard let loop = EventLoop.current else { return pools[0] }
    return loop.index < pools.count && pools[loop.index].loop === loop
      ? pools[loop.index] : pools.first { $0.loop === loop } ?? pools[loop.index % pools.count]
  }

  /// Hands a call to its pool and waits for its answer.
  ///
  /// Safety: the continuation is resumed exactly once: by `Request.finish`, which every path of a pool ends in.
  @inline(__always)  // One async call less for each read.
  private func run(_ work: Request.Work) async throws(StoreError) -> Request.Reply {
    guard !isClosed.load(ordering: .acquiring) else { throw StoreError(.closed, "the store is closed") }
    let request = Request(work)
    let pool = pool
    let result = await withTaskCancellationHandler {
      await unsafe withUnsafeContinuation { continuation in
        unsafe request.wait(continuation)
        pool.submit(request)
      }
    } onCancel: {
      pool.cancel(request)
    }
    return try result.get()
  }
}
