import CUV

/// What a descriptor can be ready for.
package struct DescriptorEvents: OptionSet, Sendable {
  package let rawValue: Int32
  package init(rawValue: Int32) { self.rawValue = rawValue }

  package static let readable = DescriptorEvents(rawValue: Int32(UV_READABLE.rawValue))
  package static let writable = DescriptorEvents(rawValue: Int32(UV_WRITABLE.rawValue))
  /// The peer closed its side.
  package static let disconnected = DescriptorEvents(rawValue: Int32(UV_DISCONNECT.rawValue))
  /// Reported, never asked for: the descriptor has an error. The watch has stopped; read the error from the
  /// descriptor, then close the watch (or `update` it).
  package static let failed = DescriptorEvents(rawValue: 1 << 16)
}

/// Tells when a descriptor that another library owns (libpq's socket, a listener) is ready. Level-triggered. Close it
/// before the descriptor is closed; one watch a descriptor.
///
/// Safety: touched only on its loop's thread.
package final class DescriptorWatch: LoopHandle, @unchecked Sendable {
  private var handler: ((DescriptorEvents) -> Void)?
  package private(set) var events: DescriptorEvents = []

  fileprivate init(_ loop: EventLoop, handler: @escaping (DescriptorEvents) -> Void) {
    self.handler = handler
    super.init(loop, UV_POLL)
  }

  override func willClose() { handler = nil }

  /// Bytes that a socket has received and nobody has read.
  package static func bytesWaiting(on descriptor: Int32) -> Int { SystemSocket.bytesWaiting(descriptor) }

  /// Changes what is watched; an empty set pauses. Free when nothing changes. On the loop only.
  ///
  /// Safety: the memory is an initialised uv_poll_t until the watch is closed, which is checked.
  package func update(_ events: DescriptorEvents) {
    loop.checkIsolated()
    guard !isClosed, events != self.events else { return }
    self.events = events
    let handle = unsafe memory.assumingMemoryBound(to: uv_poll_t.self)
    guard !events.isEmpty else {
      unsafe uv_poll_stop(handle)
      return
    }
    let callback: uv_poll_cb = { handle, status, events in
      guard let watch = unsafe LoopHandle.object(handle?.pointee.data, as: DescriptorWatch.self) else { return }
      watch.ready(status: status, events: events)
    }
    unsafe uv_poll_start(handle, events.rawValue, callback)
  }

  private func ready(status: Int32, events: Int32) {
    if status < 0 {
      // libuv has stopped the handle: an equal `update` has to start it again.
      self.events = []
      handler?(.failed)
    } else {
      handler?(DescriptorEvents(rawValue: events))
    }
  }
}

extension EventLoop {
  /// Watches a descriptor, which must be non-blocking (libuv makes it so) and open until the watch is closed.
  /// The handler runs on the loop, for as long as the descriptor is ready. On the loop only.
  ///
  /// Safety: the memory has the size of a uv_poll_t; the handle keeps its object until closed. A failed
  /// initialisation leaves nothing behind.
  package func watch(
    descriptor: Int32, events: DescriptorEvents, handler: @escaping (DescriptorEvents) -> Void
  ) throws(ReactorError) -> DescriptorWatch {
    checkIsolated()
    let watch = DescriptorWatch(self, handler: handler)
    let code = unsafe uv_poll_init(uv, watch.memory.assumingMemoryBound(to: uv_poll_t.self), descriptor)
    guard code == 0 else { throw ReactorError(code: code, doing: "watching descriptor \(descriptor)") }
    watch.adopt()
    watch.update(events)
    return watch
  }
}
