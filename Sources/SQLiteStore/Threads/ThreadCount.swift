import Base
import Synchronization

/// Knows when the last of a store's threads has ended; only then is the file free for the next.
final class ThreadCount: Sendable {
  private struct State {
    var running: Int
    var lock: LockFile?
    var hasEnded = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let connections: [Connection]
  private let state: Mutex<State>

  /// A thread for each connection, and others without one.
  init(_ connections: [Connection], others: Int, lock: LockFile?) {
    self.connections = connections
    state = Mutex(State(running: connections.count + others, lock: lock))
  }

  /// The last thread closes all connections, one after the other: of two that closed at once neither would be the last, and the
  /// write-ahead log would stay.
  func oneEnded() {
    let isLast = state.withLock { state in
      state.running -= 1
      return state.running == 0
    }
    guard isLast else { return }
    for connection in connections { connection.close() }
    let waiting = state.withLock { state in
      state.lock = nil
      state.hasEnded = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  /// Returns once all have ended.
  func finished() async {
    await withCheckedContinuation { continuation in
      let hasEnded = state.withLock { state in
        if !state.hasEnded { state.waiting.append(continuation) }
        return state.hasEnded
      }
      if hasEnded { continuation.resume() }
    }
  }
}
