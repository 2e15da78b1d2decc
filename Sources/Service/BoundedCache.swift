import Synchronization

/// Values by key, at most `countMax` of them: when it is full the older half goes, so that a flood of keys costs time but
/// never memory.
package final class BoundedCache<Key: Hashable & Sendable, Element: Sendable>: Sendable {
  private struct Entry {
    var element: Element
    var used: UInt64
  }
  private struct State {
    var entries: [Key: Entry] = [:]
    var uses: UInt64 = 0
  }

  private let countMax: Int
  private let state = Mutex(State())

  package init(countMax: Int) { self.countMax = countMax }

  package func value(for key: Key) -> Element? {
    state.withLock { state in
      guard let place = state.entries.index(forKey: key) else { return nil }
      state.uses &+= 1
      state.entries.values[place].used = state.uses
      return state.entries.values[place].element
    }
  }

  package func insert(_ element: Element, for key: Key) {
    state.withLock { state in
      if state.entries.count >= countMax, state.entries[key] == nil {
        let middle = state.entries.values.map(\.used).sorted()[state.entries.count / 2]
        state.entries = state.entries.filter { $0.value.used > middle }
      }
      state.uses &+= 1
      state.entries[key] = Entry(element: element, used: state.uses)
    }
  }

  func remove(_ key: Key) { state.withLock { _ = $0.entries.removeValue(forKey: key) } }

  var count: Int { state.withLock { $0.entries.count } }
}
