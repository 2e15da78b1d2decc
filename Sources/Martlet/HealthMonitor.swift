import Base
import REST
import Store
import Synchronization
import Telemetry

/// The state of the store, asked at most once a second, and whether the process is about to end.
final class HealthMonitor: HealthSource {
  private struct State {
    var checkedAt: UInt64 = 0
    var last = DependencyHealth(name: "store", isHealthy: true)
  }
  private let store: any Store
  private let isBackedUp: Bool
  private let parts: PartWatch
  private let clock: any Clock
  /// Told of each change.
  private let logger: Logger
  private let state = Mutex(State())
  private let draining = Atomic<Bool>(false)

  /// - Parameters:
  ///   - isBackedUp: whether the store makes a backup of itself.
  ///   - parts: those of tables that are cut by time.
  init(store: any Store, isBackedUp: Bool, parts: PartWatch, clock: any Clock, logger: Logger) {
    self.store = store
    self.isBackedUp = isBackedUp
    self.parts = parts
    self.clock = clock
    self.logger = logger
  }

  var isDraining: Bool { draining.load(ordering: .relaxed) }
  func beginDraining() { draining.store(true, ordering: .relaxed) }

  func dependencies() async -> [DependencyHealth] {
    let now = clock.monotonicNanoseconds
    let known = state.withLock { state in
      if state.checkedAt != 0, now &- state.checkedAt < 1_000_000_000 { return state.last as DependencyHealth? }
      // Whoever comes while this check runs gets the last answer.
      state.checkedAt = now
      return nil
    }
    if let known { return [known] + others }
    let trouble = await trouble()
    let isHealthy = trouble == nil
    let health = DependencyHealth(name: "store", isHealthy: isHealthy, nanoseconds: clock.monotonicNanoseconds &- now)
    let hasChanged = state.withLock { state in
      defer { state.last = health }
      return state.last.isHealthy != isHealthy
    }
    if hasChanged { report(trouble) }
    return [health] + others
  }

  /// What keeps nobody out: a backup that is behind, parts that are not made ahead, a replica that is left out.
  private var others: [DependencyHealth] {
    let backup = isBackedUp ? [DependencyHealth(name: "backup", isHealthy: store.backupTrouble == nil, isEssential: false)] : []
    let parts = parts.isWell.map { [DependencyHealth(name: "partitions", isHealthy: $0, isEssential: false)] } ?? []
    return backup + parts
      + store.replicas.enumerated().map {
        DependencyHealth(name: "replica-\($0.offset + 1)", isHealthy: $0.element.isInUse, isEssential: false)
      }
  }

  private func report(_ trouble: StoreError?) {
    if let trouble {
      logger.warning("not ready", [LogField("detail", .cause(trouble.description))])
    } else {
      logger.notice("ready again")
    }
  }

  /// Why the store cannot be used; nil where it can.
  private func trouble() async -> StoreError? {
    await withTaskGroup(of: StoreError?.self) { group in
      group.addTask { [store] in
        do throws(StoreError) {
          try await store.ping()
          return nil
        } catch {
          return error
        }
      }
      group.addTask {
        try? await Task.sleep(for: .seconds(2))
        return StoreError(.timeout, "no answer within 2 s")
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first
    }
  }
}
