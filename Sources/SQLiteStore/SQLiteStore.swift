import Backup
package import Base
package import Store
import Synchronization

/// A database in one file: reader threads, one writer thread and one that copies the log, all with connections of their own, in
/// WAL mode.
///
/// Durability: `synchronous=FULL`; an outcome leaves after the `fsync` of the commit that it was decided in. One process opens
/// a file at a time. Texts are compared by their UTF-8 bytes.
package final class SQLiteStore: Store {
  package let path: String
  private let options: SQLiteOptions
  private let reads: JobQueue<ReadJob>
  /// For statements that take long: quick ones do not wait behind them, and are not refused where too many of these come.
  private let slowReads: JobQueue<ReadJob>
  private let writes: JobQueue<WriteJob>
  private let state = WriterState()
  private let checkpoints = CheckpointState()
  private let running = RunningReads()
  private let threads: ThreadCount
  private let shipper: Shipper?
  private let clock = SystemClock()
  private let timeoutNanoseconds: UInt64

  /// Opens the file, making it and its folder where they are missing, and starts the threads. Blocks: call it at start.
  ///
  /// - Throws: `.unavailable` where another process has it open, `.corrupt` where it was not closed in order and its integrity
  ///   check fails, `.storage` where it cannot be read or written.
  package init(path: String, options: SQLiteOptions = SQLiteOptions()) throws(StoreError) {
    let path = DatabaseFile.resolved(path)
    self.path = path
    self.options = options
    timeoutNanoseconds = options.timeout.wholeNanoseconds
    reads = JobQueue(capacity: options.readQueueMax, onShed: Job.refuse)
    slowReads = JobQueue(capacity: options.readQueueMax, onShed: Job.refuse)
    writes = JobQueue(capacity: options.writeQueueMax)
    let (connections, lock) = try SQLiteStore.connect(path: path, options: options)
    shipper = options.isReadOnly ? nil : options.shipping.map { [writes] in SQLiteStore.shipper(path, $0, writes) }
    connections.first { $0.role == .writer }?.log.capture = shipper?.capture
    threads = ThreadCount(connections, others: shipper == nil ? 0 : 1, lock: lock)
    try start(connections)
  }

  deinit { closeQueues() }

  private func closeQueues() {
    reads.close()
    slowReads.close()
    writes.close()
    checkpoints.requests.close()
  }

  package var dialect: Dialect { .sqlite }

  package func read(_ query: Query) async throws(StoreError) -> Rows {
    let time = min(query.apart?.timeout?.wholeNanoseconds ?? .max, timeoutNanoseconds)
    let job = ReadJob(.query(query), deadline: clock.monotonicNanoseconds &+ time)
    let queue = job.work.isSlow ? slowReads : reads
    guard case .rows(let rows) = try await job.outcome(admittedBy: queue.push).get() else { return Rows() }
    return rows
  }

  package func read(_ sequence: any ReadSequence) async throws(StoreError) {
    let job = ReadJob(.sequence(sequence), deadline: deadline)
    _ = try await job.outcome(admittedBy: (job.work.isSlow ? slowReads : reads).push).get()
  }

  package func write(_ batch: WriteBatch) async throws(StoreError) -> WriteOutcome {
    try checkWritable()
    return try await WriteJob(.batch(batch), deadline: deadline).outcome(admittedBy: writes.push).get()
  }

  package func define(_ statements: [String]) async throws(StoreError) {
    try checkWritable()
    _ = try await WriteJob(.define(statements), deadline: .max).outcome(admittedBy: writes.push).get()
  }

  package func inspect(_ statement: String, _ values: [Value]) async throws(StoreError) -> [[String?]] {
    let job = ReadJob(.inspect(statement, values), deadline: deadline)
    guard case .text(let rows) = try await job.outcome(admittedBy: reads.push).get() else { return [] }
    return rows
  }

  package func ping() async throws(StoreError) {
    if state.hasFailed.load(ordering: .acquiring) { try checkWritable() }
    if let refusal = state.trouble.error {
      if state.trouble.age < WriteTrouble.quietTime { throw refusal }
      _ = try await WriteJob(.probe, deadline: deadline).outcome(admittedBy: writes.push).get()
    }
    _ = try await inspect("SELECT 1", [])
  }

  package func gauges() -> [StoreGauge] {
    [
      StoreGauge(name: "read_queue", help: "Reads that wait for a thread.", value: Double(reads.length + slowReads.length)),
      StoreGauge(name: "slow_read_queue", help: "Slow reads among them.", value: Double(slowReads.length)),
      StoreGauge(
        name: "reads_running", help: "Reads on a thread now.", value: Double(running.count.load(ordering: .relaxed))),
      StoreGauge(name: "write_queue", help: "Batches that wait for the writer.", value: Double(writes.length)),
      StoreGauge(
        name: "group_size", help: "Batches in the last durable commit.",
        value: Double(state.lastGroup.load(ordering: .relaxed))),
      StoreGauge(
        name: "commits_total", help: "Durable commits.", value: Double(state.commits.load(ordering: .relaxed))),
      StoreGauge(
        name: "log_pages", help: "Pages in the write-ahead log after the last commit.",
        value: Double(checkpoints.logPages.load(ordering: .relaxed))),
      StoreGauge(name: "batches_total", help: "Batches run.", value: Double(state.batches.load(ordering: .relaxed))),
      OddValues.gauge,
    ] + (shipper?.gauges() ?? [])
  }

  package var backupTrouble: String? { shipper?.trouble }

  package func close() async {
    closeQueues()
    await threads.finished()
  }

  private var deadline: UInt64 { clock.monotonicNanoseconds &+ timeoutNanoseconds }

  private func checkWritable() throws(StoreError) {
    if options.isReadOnly { throw StoreError(.readOnly, "the database was opened to be read only: \(path)") }
    guard state.hasFailed.load(ordering: .acquiring) else { return }
    if let failure = state.failure.withLock({ $0 }) { throw failure }
  }

  /// Takes the lock and opens a connection for each thread, the writer's first.
  private static func connect(path: String, options: SQLiteOptions) throws(StoreError) -> ([Connection], LockFile?) {
    // For each that reads what is quick, one that reads what is slow.
    let readers = 2 * min(max(1, options.readers), 64)
    guard !options.isReadOnly else {
      return (try (0..<readers).map { _ throws(StoreError) in try Connection(opening: path, .inspector, options) }, nil)
    }
    try DatabaseFile.createFolder(of: path)
    let lock = try DatabaseFile.lock(path)
    try DatabaseFile.create(path)
    let mustCheck = DatabaseFile.wasLeftOpen(path)
    var connections = [try Connection(opening: path, .writer, options)]
    if mustCheck { try connections[0].checkIntegrity() }
    connections.append(try Connection(opening: path, .checkpointer, options))
    for _ in 0..<readers { connections.append(try Connection(opening: path, .reader, options)) }
    return (connections, lock)
  }

  private static func shipper(_ path: String, _ options: ShippingOptions, _ writes: JobQueue<WriteJob>) -> Shipper {
    Shipper(path: path, options: options) { [weak writes] body in
      guard let writes else { return false }
      let outcome = await WriteJob(.between(body), deadline: .max).outcome(admittedBy: writes.push)
      return (try? outcome.get()) != nil
    }
  }

  private func start(_ connections: [Connection]) throws(StoreError) {
    let (reads, slowReads, writes, threads, shipper) = (reads, slowReads, writes, threads, shipper)
    let (running, state, checkpoints, options) = (running, state, checkpoints, options)
    do throws(SystemThread.StartError) {
      if let shipper {
        try SystemThread.detach {
          shipper.run()
          threads.oneEnded()
        }
      }
      for (place, connection) in connections.enumerated() {
        try SystemThread.detach {
          switch connection.role {
          case .writer:
            var writer = Writer(connection: connection, queue: writes, state: state, checkpoints: checkpoints, options: options)
            writer.run()
            connection.optimize()
            shipper?.end()
          case .checkpointer: Checkpointer(connection: connection, state: checkpoints).run()
          case .reader, .inspector, .copy:
            if place.isMultiple(of: 2) {
              Reader(connection: connection, queue: reads, slowQueue: slowReads, running: running).run()
            } else {
              Reader(connection: connection, queue: slowReads, running: running).run()
            }
          }
          threads.oneEnded()
        }
      }
    } catch {
      closeQueues()
      shipper?.end()
      throw StoreError(.storage, "no thread could be started: error \(error.code)")
    }
  }
}
