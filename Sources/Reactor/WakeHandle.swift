import CUV
import Synchronization

/// The handle that other threads wake a loop with.
///
/// Safety: `uv_async_send` is the one libuv function that may be called from any thread; `senders` counts the calls
/// announced under the queue's lock, and the loop waits for zero (with the queue closed to new ones) before it closes
/// the handle.
final class WakeHandle: LoopHandle, @unchecked Sendable {
  private let senders = Atomic<Int>(0)

  static func make(on loop: EventLoop) throws(ReactorError) -> WakeHandle {
    let handle = WakeHandle(loop, UV_ASYNC)
    // Safety: the memory has the size of a uv_async_t; the object stays alive until the handle is closed.
    let code = unsafe uv_async_init(loop.uv, handle.memory.assumingMemoryBound(to: uv_async_t.self)) { async in
      guard let handle = unsafe LoopHandle.object(async?.pointee.data, as: WakeHandle.self) else { return }
      handle.loop.takeRemote()
    }
    guard code == 0 else { throw ReactorError(code: code, doing: "making a wake-up handle") }
    handle.adopt()
    return handle
  }

  /// Announces a `send`. With the queue's lock held, while the queue is open.
  func beginSend() { senders.add(1, ordering: .relaxed) }

  /// Wakes the loop. From any thread, once for each `beginSend`.
  func send() {
    defer { senders.subtract(1, ordering: .releasing) }
    // Safety: see the type.
    unsafe uv_async_send(memory.assumingMemoryBound(to: uv_async_t.self))
  }

  /// Returns once no other thread is inside `send`. That is a few instructions away each time.
  func waitForSenders() {
    while senders.load(ordering: .acquiring) != 0 {}
  }
}
