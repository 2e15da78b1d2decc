import Reactor
import Store
import Synchronization

/// Where a job stands.
private enum State {
  static let new = 0
  static let waiting = 1
  static let running = 2
  static let cancelled = 3
  /// Running, and nobody waits for it.
  static let interrupted = 4
}

/// Work that a task waits for and a thread does.
///
/// Safety: `@unchecked Sendable` because `continuation` and `loop` are written before the job becomes `waiting` and read only by the one side
/// that moved it on from there; the atomic state orders both.
@safe final class Job<Work: Sendable, Output: Sendable>: Interruptible, @unchecked Sendable {
  typealias Outcome = Result<Output, StoreError>

  let work: Work
  /// Monotonic nanoseconds after which it is not begun, and is ended where it can be.
  let deadline: UInt64
  private let state = Atomic<Int>(State.new)
  private var continuation: UnsafeContinuation<Outcome, Never>?
  /// The loop that it was handed over on, where its task waits.
  private var loop: EventLoop?

  init(_ work: Work, deadline: UInt64) {
    self.work = work
    self.deadline = deadline
  }

  var isInterrupted: Bool { state.load(ordering: .relaxed) == State.interrupted }

  /// Hands itself over by `admit` and waits for its outcome. Cancelling the task gives it up where it has not begun.
  func outcome(admittedBy admit: (Job) -> JobQueue<Job>.Admission) async -> Outcome {
    await withTaskCancellationHandler {
      await unsafe withUnsafeContinuation { continuation in
        unsafe self.continuation = unsafe continuation
        loop = EventLoop.current
        guard advance(from: State.new, to: State.waiting) else {
          return finish(.failure(StoreError(.cancelled, "cancelled before it began")))
        }
        let admission = admit(self)
        guard admission != .accepted, advance(from: State.waiting, to: State.cancelled) else { return }
        finish(
          .failure(
            admission == .full
              ? StoreError(.overloaded, "the store's queue is full") : StoreError(.closed, "the store is closed")))
      }
    } onCancel: {
      cancel()
    }
  }

  /// Whether the thread may begin; false for a job that was given up.
  func begin() -> Bool { advance(from: State.waiting, to: State.running) }

  /// Resumes the task that waits.
  ///
  /// Safety: only the side that moved the state on comes here, once, so that the continuation is resumed exactly once.
  func finish(_ outcome: Outcome) {
    let waiting = unsafe continuation
    unsafe continuation = nil
    unsafe waiting?.resume(returning: outcome)
  }

  /// As `finish` for many at once: each loop is woken once for all of its own.
  static func finish(_ ended: [(job: Job, outcome: Outcome)]) {
    var byLoop: [(loop: EventLoop, ended: [(job: Job, outcome: Outcome)])] = []
    for (job, outcome) in ended {
      guard let loop = job.loop else {
        job.finish(outcome)
        continue
      }
      if let place = byLoop.firstIndex(where: { $0.loop === loop }) {
        byLoop[place].ended.append((job, outcome))
      } else {
        byLoop.append((loop, [(job, outcome)]))
      }
    }
    for (loop, ended) in byLoop {
      loop.execute { for (job, outcome) in ended { job.finish(outcome) } }
    }
  }

  /// Refuses what was not begun and will not be.
  static func refuse(_ jobs: [Job]) {
    finish(jobs.filter { $0.begin() }.map { ($0, .failure(StoreError(.overloaded, "more reads come than the database can do"))) })
  }

  private func cancel() {
    if advance(from: State.new, to: State.cancelled) { return }
    if advance(from: State.waiting, to: State.cancelled) {
      finish(.failure(StoreError(.cancelled, "cancelled while it waited")))
      return
    }
    _ = advance(from: State.running, to: State.interrupted)
  }

  private func advance(from old: Int, to new: Int) -> Bool {
    state.compareExchange(expected: old, desired: new, ordering: .acquiringAndReleasing).exchanged
  }
}
