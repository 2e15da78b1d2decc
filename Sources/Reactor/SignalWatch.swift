import CUV

/// Calls a handler on its loop when a signal arrived. Lives until its loop ends.
///
/// Safety: touched only on its loop's thread.
final class SignalWatch: LoopHandle, @unchecked Sendable {
  private var handler: ((Int32) -> Void)?

  private init(_ loop: EventLoop, handler: @escaping (Int32) -> Void) {
    self.handler = handler
    super.init(loop, UV_SIGNAL)
  }

  override func willClose() { handler = nil }

  /// Safety: the memory has the size of a uv_signal_t; the handle keeps its object until closed.
  static func start(on loop: EventLoop, number: Int32, handler: @escaping (Int32) -> Void) {
    let watch = SignalWatch(loop, handler: handler)
    let handle = unsafe watch.memory.assumingMemoryBound(to: uv_signal_t.self)
    guard unsafe uv_signal_init(loop.uv, handle) == 0 else { return }
    watch.adopt()
    let callback: uv_signal_cb = { handle, number in
      unsafe LoopHandle.object(handle?.pointee.data, as: SignalWatch.self)?.handler?(number)
    }
    if unsafe uv_signal_start(handle, callback, number) != 0 { watch.close() }
  }
}
