import Service
import Synchronization

/// Tells once of an answer that is made while it is sent: when it has ended, or when it turns out that nobody will send it.
final class StreamWatch: Sendable {
  struct Outcome: Sendable {
    /// Of the log: what was sent says 200 whatever came of it.
    var status: Int
    var cause: String?
    var bytes = 0
  }

  private struct State {
    var outcome = Outcome(status: RequestObserver.abandonedStatus)
    var tell: (@Sendable (Outcome) -> Void)?
  }
  private let state = Mutex(State())

  deinit { end() }

  /// Who is told.
  func onEnd(_ tell: @escaping @Sendable (Outcome) -> Void) { state.withLock { $0.tell = tell } }

  func sent(_ bytes: Int) { state.withLock { $0.outcome.bytes += bytes } }

  /// It is whole.
  func succeed() { state.withLock { $0.outcome.status = 200 } }

  func fail(_ failure: Failure) {
    state.withLock { state in
      if !Task.isCancelled { state.outcome.status = failure.code.status }
      state.outcome.cause = failure.cause
    }
  }

  func end() {
    let (tell, outcome) = state.withLock { state in
      defer { state.tell = nil }
      return (state.tell, state.outcome)
    }
    tell?(outcome)
  }
}
