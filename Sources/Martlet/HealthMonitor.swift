import Base
import REST
import Store
import Synchronization

/// The state of the store, asked at most once a second, and whether the process is about to end.
final class HealthMonitor: HealthSource {
  private struct State {
    var checkedAt: UInt64 = 0
    var last = DependencyHealth(name: "store", isHealthy: true)
  }
  private let store: any Store
  private let clock: any Clock
  private let state = Mutex(State())
  private let draining = Atomic<Bool>(false)

  init(store: any Store, clock: any Clock) {
    self.store = store
    self.clock = clock
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
    if let known { return [known] }
    let isHealthy = await pings()
    let health = DependencyHealth(name: "store", isHealthy: isHealthy, nanoseconds: clock.monotonicNanoseconds &- now)
    state.withLock { $0.last = health }
    return [health]
  }

  private func pings() async -> Bool {
    await withTaskGroup(of: Bool.self) { group in
      group.addTask { [store] in (try? await store.ping()) != nil }
      group.addTask {
        try? await Task.sleep(for: .seconds(2))
        return false
      }
      let first = await group.next() ?? false
      group.cancelAll()
      return first
    }
  }
}
