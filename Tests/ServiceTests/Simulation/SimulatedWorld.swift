import Base
import Synchronization
import TestSupport

/// One thread and one seed: runs the jobs of tasks in an order of its own choosing, fires timers between them, and gives clock and
/// random numbers to everything in it. The same seed runs the same way again, step by step.
///
/// Tasks belong to it by their executor preference. What starts a task of its own leaves it, and with that its order.
///
/// Safety: `@unchecked Sendable` because all of its state lies behind the mutex.
final class SimulatedWorld: TaskExecutor, Clock, RandomSource, @unchecked Sendable {
  private struct Timer {
    var time: UInt64
    var number: Int
    var body: @Sendable () -> Void
  }
  private struct State {
    var random: SplitMix64
    var jobs: [UnownedJob] = []
    var timers: [Timer] = []
    var lastTimer = 0
    var nanoseconds: UInt64 = 1_000_000
  }
  private let state: Mutex<State>

  /// Steps after which a run is taken for one that never ends.
  static let stepsMax = 200_000
  private static let start: Int64 = 1_772_366_400_000_000

  init(seed: UInt64) { state = Mutex(State(random: SplitMix64(seed: seed))) }

  // MARK: What those inside see

  func asUnownedTaskExecutor() -> UnownedTaskExecutor { UnownedTaskExecutor(ordinary: self) }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    state.withLock { $0.jobs.append(job) }
  }

  var monotonicNanoseconds: UInt64 { state.withLock { $0.nanoseconds } }
  var now: Timestamp { Timestamp(microseconds: SimulatedWorld.start + Int64(monotonicNanoseconds / 1000)) }
  func next() -> UInt64 { state.withLock { $0.random.next() } }
  func below(_ bound: Int) -> Int { state.withLock { $0.random.below(bound) } }
  func chance(_ percent: Int) -> Bool { state.withLock { $0.random.chance(percent) } }

  func schedule(after time: Duration, _ body: @escaping @Sendable () -> Void) -> ClockTimer {
    let number = state.withLock { state in
      state.lastTimer += 1
      state.timers.append(Timer(time: state.nanoseconds + time.wholeNanoseconds, number: state.lastTimer, body: body))
      return state.lastTimer
    }
    return ClockTimer { [weak self] in self?.state.withLock { $0.timers.removeAll { $0.number == number } } }
  }

  /// Lets the world's own time pass.
  func pass(_ time: Duration) async {
    let end = OneShot<Bool>()
    _ = schedule(after: time) { end.give(true) }
    _ = await end.wait()
  }

  /// Starts a task that belongs to it.
  func task(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
    Task(executorPreference: self) { await body() }
  }

  // MARK: Its course

  private enum Step {
    case job(UnownedJob)
    case timer(@Sendable () -> Void)
    case end
  }

  private func nextStep() -> Step {
    state.withLock { state in
      // Time passes where nobody can go on, and now and then while somebody could.
      if let timer = state.timers.min(by: { ($0.time, $0.number) < ($1.time, $1.number) }),
        state.jobs.isEmpty || state.random.chance(3)
      {
        state.nanoseconds = max(state.nanoseconds, timer.time)
        state.timers.removeAll { $0.number == timer.number }
        return .timer(timer.body)
      }
      guard !state.jobs.isEmpty else { return .end }
      state.nanoseconds += 1000
      return .job(state.jobs.remove(at: state.random.below(state.jobs.count)))
    }
  }

  /// Runs until nothing is left to do. False: it never came to an end.
  func run() -> Bool {
    for _ in 0..<SimulatedWorld.stepsMax {
      switch nextStep() {
      case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
      case .timer(let body): body()
      case .end: return true
      }
    }
    return false
  }
}

/// What one side gives once and another waits for; what comes later is lost.
final class OneShot<Value: Sendable>: Sendable {
  private struct State {
    var value: Value?
    var continuation: CheckedContinuation<Value, Never>?
  }
  private let state = Mutex(State())

  func give(_ value: Value) {
    let waiting = state.withLock { state -> CheckedContinuation<Value, Never>? in
      guard state.value == nil else { return nil }
      state.value = value
      defer { state.continuation = nil }
      return state.continuation
    }
    waiting?.resume(returning: value)
  }

  /// By one task.
  func wait() async -> Value {
    await withCheckedContinuation { continuation in
      let value = state.withLock { state in
        if state.value == nil { state.continuation = continuation }
        return state.value
      }
      if let value { continuation.resume(returning: value) }
    }
  }
}
