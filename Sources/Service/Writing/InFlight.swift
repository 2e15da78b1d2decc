import Synchronization

/// Requests that are being carried out, by idempotency scope: a second one with the same key waits for the first.
final class InFlight: Sendable {
  /// A request waits so long for the one before it.
  static let waitMax: Duration = .seconds(5)
  /// More waiters than this for one key are refused at once.
  static let waitersMax = 16

  private struct Entry {
    var waiters: [Int: CheckedContinuation<Bool, Never>] = [:]
  }
  private struct State {
    var entries: [[UInt8]: Entry] = [:]
    var lastWaiter = 0
  }
  private let state = Mutex(State())

  /// True: nobody else is at it, and `leave` must follow. False: somebody is.
  func enter(_ scope: [UInt8]) -> Bool {
    state.withLock { state in
      guard state.entries[scope] == nil else { return false }
      state.entries[scope] = Entry()
      return true
    }
  }

  func leave(_ scope: [UInt8]) {
    let waiters = state.withLock { $0.entries.removeValue(forKey: scope)?.waiters ?? [:] }
    for waiter in waiters.values { waiter.resume(returning: true) }
  }

  /// Waits until whoever is at it has left. False when it takes too long.
  func wait(_ scope: [UInt8]) async -> Bool {
    let number = state.withLock { state in
      state.lastWaiter += 1
      return state.lastWaiter
    }
    let timer = Task { [self] in
      try? await Task.sleep(for: InFlight.waitMax)
      giveUp(scope, number)
    }
    defer { timer.cancel() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let answer: Bool? = state.withLock { state in
          guard let entry = state.entries[scope] else { return true }
          guard entry.waiters.count < InFlight.waitersMax, !Task.isCancelled else { return false }
          state.entries[scope]?.waiters[number] = continuation
          return nil
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      giveUp(scope, number)
    }
  }

  private func giveUp(_ scope: [UInt8], _ number: Int) {
    let waiter = state.withLock { $0.entries[scope]?.waiters.removeValue(forKey: number) }
    waiter?.resume(returning: false)
  }
}
