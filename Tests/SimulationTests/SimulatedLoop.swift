import Base
import CUV
import TestSupport

@testable import Reactor

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// An event loop that is driven by whoever holds it, on the thread that made it, with a clock that stands still while something
/// happens and jumps to the next timer when nothing does. Its seed decides everything that chance decides.
///
/// Jobs run as on a real loop: in their order, all of them before the next event.
///
/// Safety: `@unchecked Sendable` as its base class, of whose rules it is the thread.
final class SimulatedLoop: EventLoop, @unchecked Sendable {
  private struct Timer {
    var time: UInt64
    var number: Int
    var timer: LoopTimer
  }

  var random: SplitMix64
  private var clock: UInt64 = 1_000_000
  private var timers: [Timer] = []
  private var lastTimer = 0
  /// Events so far.
  private(set) var events = 0

  /// Belongs to the calling thread until `end`.
  init(seed: UInt64) throws {
    random = SplitMix64(seed: seed)
    // As a group of loops does.
    signal(SIGPIPE, SIG_IGN)
    try super.init(index: 0)
    becomeCurrent()
  }

  override var nowMilliseconds: UInt64 { clock }

  @discardableResult
  override func schedule(after delay: Duration, _ body: @escaping () -> Void) -> LoopTimer {
    let timer = LoopTimer(self, body: body)
    lastTimer += 1
    timers.append(Timer(time: clock + delay.millisecondsRoundedUp, number: lastTimer, timer: timer))
    return timer
  }

  /// After so many milliseconds, or up to as many more as the last argument says.
  func after(_ milliseconds: Int, upTo more: Int = 0, _ body: @escaping () -> Void) {
    schedule(after: .milliseconds(milliseconds + (more > 0 ? random.below(more + 1) : 0)), body)
  }

  /// Lets the loop's time pass.
  func pass(_ milliseconds: Int) async {
    await withCheckedContinuation { continuation in after(milliseconds) { continuation.resume() } }
  }

  /// Runs what is ready, event after event, until nothing is left to happen before that time.
  ///
  /// - Parameters:
  ///   - limit: of the loop's clock.
  ///   - poll: looks at what lies outside of the loop, once an event; true where something was there.
  ///   - check: called after each event.
  func run(before limit: UInt64, poll: () -> Bool = { false }, check: () -> Void = {}) {
    while true {
      settle()
      check()
      if poll() || isReady { continue }
      timers.removeAll(where: \.timer.isClosed)
      guard let next = timers.min(by: { ($0.time, $0.number) < ($1.time, $1.number) }), next.time < limit else { return }
      clock = max(clock, next.time)
      fire(next)
      // A tick may bring several events.
      while random.chance(20), let next = timers.filter({ !$0.timer.isClosed && $0.time <= clock }).min(by: { $0.number < $1.number }) {
        fire(next)
      }
    }
  }

  /// Tells watches of descriptors what these are ready for now.
  func pollDescriptors() { unsafe uv_run(uv, UV_RUN_NOWAIT) }

  private func fire(_ timer: Timer) {
    events += 1
    timers.removeAll { $0.number == timer.number }
    timer.timer.fire()
  }

  private func settle() {
    repeat {
      runJobs()
      runBeforeWaiting()
    } while isReady
  }

  private var isReady: Bool { !local.isEmpty || !tickEnd.isEmpty || !beforeWait.isEmpty }

  /// No event comes after this; what is left of its tasks ends.
  func end() {
    for timer in timers { timer.timer.close() }
    timers = []
    closeAll()
    resignCurrent()
  }
}
