import Synchronization

/// Knows when the last of a store's threads has ended; only then is the file free for the next.
final class ThreadCount: Sendable {
  private struct State {
    var running: Int
    var lock: LockFile?
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state: Mutex<State>

  init(_ running: Int, lock: LockFile?) { state = Mutex(State(running: running, lock: lock)) }

  func oneEnded() {
    let waiting = state.withLock { state in
      state.running -= 1
      guard state.running == 0 else { return [CheckedContinuation<Void, Never>]() }
      state.lock = nil
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  /// Returns once all have ended.
  func finished() async {
    await withCheckedContinuation { continuation in
      let hasEnded = state.withLock { state in
        if state.running > 0 { state.waiting.append(continuation) }
        return state.running == 0
      }
      if hasEnded { continuation.resume() }
    }
  }
}
