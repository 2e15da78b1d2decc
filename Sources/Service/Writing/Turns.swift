import Base
import Synchronization

/// Lets one at a time do what a key stands for. The others wait, and the turn is handed on in the order in which they came, so
/// that nobody who comes later goes first.
///
/// Bounds: `waitersMax` for one key, `waitMax` for each of them.
final class Turns<Key: Hashable & Sendable>: Sendable {
  private struct Waiter {
    let number: Int
    let continuation: CheckedContinuation<Bool, Never>
    let timer: ClockTimer
  }
  private struct State {
    /// Who waits, for each key whose turn somebody has.
    var waiters: [Key: [Waiter]] = [:]
    var lastNumber = 0
  }

  private let waitersMax: Int
  private let waitMax: Duration
  private let clock: any Clock
  private let state = Mutex(State())
  /// Keys whose turn somebody has, to be read without the lock.
  private let taken = Atomic<Int>(0)

  init(waitersMax: Int, waitMax: Duration, clock: any Clock = SystemClock()) {
    self.waitersMax = waitersMax
    self.waitMax = waitMax
    self.clock = clock
  }

  /// Whether somebody has the key's turn. Costs one atomic read where nobody has any.
  func isTaken(_ key: Key) -> Bool {
    taken.load(ordering: .relaxed) > 0 && state.withLock { $0.waiters[key] != nil }
  }

  /// How many wait for the key's turn.
  func waiting(_ key: Key) -> Int { state.withLock { $0.waiters[key]?.count ?? 0 } }

  /// Waits for the turn. True: the caller has it, and `leave` must follow. False: too many wait, it took too long, or the
  /// caller's task was cancelled.
  func enter(_ key: Key) async -> Bool {
    let number: Int? = state.withLock { state in
      guard state.waiters[key] != nil else {
        take(key, &state)
        return nil
      }
      state.lastNumber += 1
      return state.lastNumber
    }
    guard let number else { return true }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let answer: Bool? = state.withLock { state in
          guard let waiters = state.waiters[key] else {
            take(key, &state)
            return true
          }
          guard waiters.count < waitersMax, !Task.isCancelled else { return false }
          let timer = clock.schedule(after: waitMax) { [self] in giveUp(key, number) }
          state.waiters[key]?.append(Waiter(number: number, continuation: continuation, timer: timer))
          return nil
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      giveUp(key, number)
    }
  }

  /// Hands the turn to whoever has waited for it the longest.
  func leave(_ key: Key) {
    let next: Waiter? = state.withLock { state in
      guard state.waiters[key]?.isEmpty == false else {
        state.waiters[key] = nil
        taken.store(state.waiters.count, ordering: .relaxed)
        return nil
      }
      return state.waiters[key]?.removeFirst()
    }
    next?.timer.cancel()
    next?.continuation.resume(returning: true)
  }

  private func take(_ key: Key, _ state: inout State) {
    state.waiters[key] = []
    taken.store(state.waiters.count, ordering: .relaxed)
  }

  private func giveUp(_ key: Key, _ number: Int) {
    let waiter: Waiter? = state.withLock { state in
      guard let place = state.waiters[key]?.firstIndex(where: { $0.number == number }) else { return nil }
      return state.waiters[key]?.remove(at: place)
    }
    waiter?.timer.cancel()
    waiter?.continuation.resume(returning: false)
  }
}
