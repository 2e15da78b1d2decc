package import Base
package import Reactor
package import Store
import Synchronization

/// A primary and its standbys. Reads that say so (`Query.place`) go to a standby that is young enough and has what their caller wrote;
/// everything else, and what a standby cannot answer, goes to the primary.
package final class ReplicatedStore: Store {
  private let primary: PostgresStore
  /// A connection to the primary that no call keeps busy.
  private let probe: PostgresStore
  private let members: [Replica]
  private let lagNanoseconds: UInt64
  private let clock: any Clock
  private let report: @Sendable (String) -> Void
  private let history = Mutex(PrimaryHistory())
  private let inUse: Mutex<[Bool]>
  private let watches = Mutex<[Task<Void, Never>]>([])
  private let turn = Atomic<Int>(0)
  private let reads = Atomic<Int>(0)
  private let fallbacks = Atomic<Int>(0)

  /// How often each server is asked where it is.
  private static let pause = Duration.milliseconds(200)
  /// A standby that takes longer is left out, and what waits for it goes to the primary.
  private static let patience = Duration.seconds(1)
  /// What a caller was told of its writes is forgotten after twice that.
  package static let lagMax = Duration.seconds(30)

  /// - Parameters:
  ///   - urls: of the standbys, each one server's. One that cannot be reached is left out until it can.
  ///   - lag: how old what a standby shows may be; at most 30 s.
  ///   - report: told in a sentence when a standby is left out, and when it serves again.
  /// - Throws: `.invalidStatement` where a URL cannot be read.
  package init(
    primary: PostgresStore, url: String, replicas urls: [String], options: PostgresOptions, lag: Duration, loops: [EventLoop],
    clock: any Clock = SystemClock(), report: @escaping @Sendable (String) -> Void
  ) throws(StoreError) {
    var asking = PostgresOptions()
    asking.pool = 1
    asking.timeout = ReplicatedStore.patience
    asking.graceTimeout = .milliseconds(200)
    asking.waitTimeout = ReplicatedStore.patience
    asking.connectTimeout = options.connectTimeout
    var reading = options
    // What it cannot do the primary does, at once.
    reading.readAttemptsMax = 1
    reading.waitTimeout = min(options.waitTimeout, .seconds(1))
    probe = try PostgresStore(url: url, options: asking, loops: loops)
    var members: [Replica] = []
    for url in urls {
      members.append(
        Replica(
          store: try PostgresStore(url: url, options: reading, loops: loops),
          probe: try PostgresStore(url: url, options: asking, loops: loops)))
    }
    self.primary = primary
    self.members = members
    lagNanoseconds = min(lag, ReplicatedStore.lagMax).wholeMilliseconds * 1_000_000
    inUse = Mutex(Array(repeating: false, count: members.count))
    self.clock = clock
    self.report = report
    let judging = Task { [weak self] in await ReplicatedStore.repeatedly(self) { await $0.judge() } }
    let watching = members.indices.map { place in
      Task { [weak self] in await ReplicatedStore.repeatedly(self) { await $0.ask(place) } }
    }
    watches.withLock { $0 = [judging] + watching }
  }

  package var dialect: Dialect { .postgres }

  package var replicas: [ReplicaState] {
    let now = clock.monotonicNanoseconds
    return members.map { ReplicaState(isInUse: $0.serves(0, now: now)) }
  }

  package func read(_ query: Query) async throws(StoreError) -> Rows {
    try await read(at: query.place) { store throws(StoreError) in try await store.read(query) }
  }

  package func read(_ sequence: any ReadSequence) async throws(StoreError) {
    try await read(at: sequence.place) { store throws(StoreError) in try await store.read(sequence) }
  }

  private func read<Answer: Sendable>(
    at place: ReadPlace?, _ body: (PostgresStore) async throws(StoreError) -> Answer
  ) async throws(StoreError) -> Answer {
    guard let place else { return try await body(primary) }
    let now = clock.monotonicNanoseconds
    guard let number = place.replica({ choose(place.position, now) }) else { return try await body(primary) }
    let replica = members[number]
    // What was chosen for an earlier read of the request may have been left out since.
    let epoch = replica.store.connectionsEpoch
    if replica.serves(place.position, now: now) {
      do throws(StoreError) {
        let rows = try await body(replica.store)
        // With other connections it may have been another server, which is not known to have what the caller wrote.
        if place.position == 0 || epoch == replica.store.connectionsEpoch {
          reads.add(1, ordering: .relaxed)
          return rows
        }
      } catch {
        guard ReplicatedStore.isForPrimary(error) else { throw error }
      }
    }
    place.leaveReplica()
    fallbacks.add(1, ordering: .relaxed)
    return try await body(primary)
  }

  /// The next one in turn that will do.
  private func choose(_ position: UInt64, _ now: UInt64) -> Int? {
    let first = turn.wrappingAdd(1, ordering: .relaxed).newValue & 0xff_ffff
    for offset in members.indices {
      let number = (first + offset) % members.count
      if members[number].serves(position, now: now) { return number }
    }
    return nil
  }

  /// What the primary may answer though a standby could not: it is gone, it ended the statement for the sake of what it replays, or it
  /// has not heard of a new table yet.
  private static func isForPrimary(_ error: StoreError) -> Bool {
    switch error.code {
    case .unavailable, .overloaded, .invalidStatement, .readOnly, .storage, .corrupt: true
    case .memory, .tooLarge, .timeout, .outcomeUnknown, .cancelled, .closed, .invalidValue, .outOfRange: false
    }
  }

  package func write(_ batch: WriteBatch) async throws(StoreError) -> WriteOutcome {
    do throws(StoreError) {
      return try await primary.write(batch)
    } catch {
      // It may have been done: who looks whether it was must not be shown what was before.
      batch.receipt?.note(WriteReceipt.unknown)
      throw error
    }
  }

  package func define(_ statements: [String]) async throws(StoreError) { try await primary.define(statements) }
  package func schemaSession() async throws(StoreError) -> any SchemaSession { try await primary.schemaSession() }
  package func inspect(_ statement: String, _ values: [Value]) async throws(StoreError) -> [[String?]] {
    try await primary.inspect(statement, values)
  }
  package func ping() async throws(StoreError) { try await primary.ping() }

  package var backupTrouble: String? { primary.backupTrouble }

  package func gauges() -> [StoreGauge] {
    let states = replicas
    let now = clock.monotonicNanoseconds
    let oldest = members.compactMap { $0.nanosecondsLeft(now: now) }.min().map { lagNanoseconds &- min($0, lagNanoseconds) } ?? 0
    return primary.gauges() + [
      StoreGauge(name: "replicas", help: "Standbys that reads may go to.", value: Double(states.count)),
      StoreGauge(name: "replicas_in_use", help: "Those of them that are young enough.", value: Double(states.count(where: \.isInUse))),
      StoreGauge(
        name: "replica_age_seconds", help: "How old what the oldest of those shows may be.", value: Double(oldest) / 1_000_000_000),
      StoreGauge(
        name: "replica_reads_total", help: "Reads that standbys answered.", value: Double(reads.load(ordering: .relaxed))),
      StoreGauge(
        name: "replica_fallbacks_total", help: "Reads that a standby was to answer and the primary did.",
        value: Double(fallbacks.load(ordering: .relaxed))),
    ]
  }

  package func close() async {
    for watch in watches.withLock({ $0 }) { watch.cancel() }
    for member in members {
      await member.probe.close()
      await member.store.close()
    }
    await probe.close()
    await primary.close()
  }

  // MARK: watching

  private static func repeatedly(_ store: @autoclosure () -> ReplicatedStore?, _ body: (ReplicatedStore) async -> Void) async {
    while !Task.isCancelled, let store = store() {
      await body(store)
      guard await store.clock.sleep(for: pause) else { return }
    }
  }

  /// Asks the primary where it is, and decides which standbys serve.
  private func judge() async {
    let reports = members.map(\.report)
    let askedAt = clock.monotonicNanoseconds
    // Without an answer nothing is younger than it was: they go on until they are too old.
    guard let position = await position(of: probe, EngineSQL.position) else { return }
    history.withLock { $0.note(position, askedAt: askedAt) }
    for (place, report) in reports.enumerated() {
      guard let report, members[place].report != nil else {
        note(place, isInUse: false)
        continue
      }
      // Ahead of the primary, though asked before it: it follows another one.
      guard report.replayed <= position, let since = history.withLock({ $0.missingSince(report.replayed) }) else {
        members[place].leaveOut()
        note(place, isInUse: false)
        continue
      }
      members[place].serve(report, until: since &+ lagNanoseconds)
      note(place, isInUse: members[place].serves(0, now: clock.monotonicNanoseconds))
    }
  }

  private func ask(_ place: Int) async {
    let replica = members[place]
    let epoch = replica.store.connectionsEpoch
    if let replayed = await position(of: replica.probe, EngineSQL.replayed) {
      replica.report = Replica.Report(replayed: replayed, epoch: epoch)
    } else {
      replica.report = nil
      note(place, isInUse: false)
      // What waits for it goes to the primary.
      replica.store.abandonConnections("the standby does not answer, or is none")
    }
  }

  private func note(_ place: Int, isInUse: Bool) {
    let hasChanged = inUse.withLock { known in
      defer { known[place] = isInUse }
      return known[place] != isInUse
    }
    guard hasChanged, !Task.isCancelled else { return }
    report(isInUse ? "replica \(place + 1) serves reads" : "replica \(place + 1) is left out: it is away, or too far behind")
  }

  /// Nil where it does not say in time.
  private func position(of store: PostgresStore, _ statement: StaticString) async -> UInt64? {
    await withTaskGroup(of: UInt64?.self) { group in
      group.addTask {
        guard let text = try? await store.inspect(statement.description, []).first?.first else { return nil }
        return text.flatMap(LogPosition.number)
      }
      group.addTask { [clock] in
        _ = await clock.sleep(for: ReplicatedStore.patience)
        return nil
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first
    }
  }
}
