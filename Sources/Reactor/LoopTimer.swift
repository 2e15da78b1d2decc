import Base
import CUV
import Synchronization

/// A timer that fires once. Held by its loop until it fired or was cancelled; the object may be dropped.
///
/// Safety: touched only on its loop's thread, which `close` and `cancel` check.
package final class LoopTimer: LoopHandle, @unchecked Sendable {
  private var body: (() -> Void)?

  /// Keeps the body from running. Cancelling twice, or after it fired, does nothing. On the loop only.
  package func cancel() { close() }

  override func willClose() { body = nil }

  init(_ loop: EventLoop, body: @escaping () -> Void) {
    self.body = body
    super.init(loop, UV_TIMER)
  }

  /// Safety: the timer's memory has the size of a uv_timer_t and the handle keeps its object until it is closed.
  static func start(on loop: EventLoop, after delay: Duration, body: @escaping () -> Void) -> LoopTimer {
    let timer = LoopTimer(loop, body: body)
    let handle = unsafe timer.memory.assumingMemoryBound(to: uv_timer_t.self)
    unsafe uv_timer_init(loop.uv, handle)
    timer.adopt()
    let callback: uv_timer_cb = { handle in
      unsafe LoopHandle.object(handle?.pointee.data, as: LoopTimer.self)?.fire()
    }
    unsafe uv_timer_start(handle, callback, delay.millisecondsRoundedUp, 0)
    return timer
  }

  func fire() {
    let body = self.body
    close()
    body?()
  }
}

/// Fires once a second and notes how late it came: the time an event may have to wait for the loop.
///
/// Safety: touched only on its loop's thread; its results are atomics of the loop.
final class LagTimer: LoopHandle, @unchecked Sendable {
  static let periodMilliseconds: UInt64 = 1000
  private var expectedNanoseconds: UInt64 = 0

  /// Safety: as in `LoopTimer.start`.
  static func make(on loop: EventLoop) -> LagTimer {
    let timer = LagTimer(loop, UV_TIMER)
    let handle = unsafe timer.memory.assumingMemoryBound(to: uv_timer_t.self)
    unsafe uv_timer_init(loop.uv, handle)
    timer.adopt()
    timer.expectedNanoseconds = uv_hrtime() + periodMilliseconds * 1_000_000
    let callback: uv_timer_cb = { handle in
      unsafe LoopHandle.object(handle?.pointee.data, as: LagTimer.self)?.probe()
    }
    unsafe uv_timer_start(handle, callback, periodMilliseconds, periodMilliseconds)
    return timer
  }

  private func probe() {
    let now = uv_hrtime()
    let lag = now > expectedNanoseconds ? now - expectedNanoseconds : 0
    loop.lagLastNanoseconds.store(lag, ordering: .relaxed)
    if lag > loop.lagMaxNanoseconds.load(ordering: .relaxed) { loop.lagMaxNanoseconds.store(lag, ordering: .relaxed) }
    expectedNanoseconds = now + LagTimer.periodMilliseconds * 1_000_000
  }
}
