import CUV

/// What all libuv handles have in common: memory that lives until the close callback, and a retained reference from
/// the handle to its object for as long, so that no callback meets a dead object and nothing is leaked.
///
/// Safety: touched only on its loop's thread (checked in `close`). `memory` is allocated with the size libuv states for
/// the kind and freed only in the close callback, or in `deinit` when the handle was never initialised.
@safe package class LoopHandle: @unchecked Sendable {
  package let loop: EventLoop
  let memory: UnsafeMutableRawPointer
  private var isAdopted = false
  package private(set) var isClosed = false

  init(_ loop: EventLoop, _ kind: uv_handle_type) {
    self.loop = loop
    unsafe memory = .allocate(byteCount: uv_handle_size(kind), alignment: 16)
  }

  deinit {
    unsafe memory.deallocate()
  }

  /// The handle, as libuv's general functions take it.
  final var handle: UnsafeMutablePointer<uv_handle_t> { unsafe memory.assumingMemoryBound(to: uv_handle_t.self) }

  /// To be called once libuv has initialised the memory: from here on the handle holds this object until it is closed.
  final func adopt() {
    isAdopted = true
    unsafe handle.pointee.data = Unmanaged.passRetained(self).toOpaque()
  }

  /// Stops the handle. No callback comes after this. Closing twice does nothing. On the loop only.
  package func close() {
    guard !isClosed else { return }
    loop.checkIsolated()
    isClosed = true
    willClose()
    guard isAdopted else { return }
    unsafe uv_close(handle) { handle in
      guard let data = unsafe handle?.pointee.data else { return }
      unsafe Unmanaged<LoopHandle>.fromOpaque(data).release()
    }
  }

  /// Lets a subclass drop its closures (which often hold what holds the handle).
  func willClose() {}

  /// The object behind a handle in one of libuv's callbacks.
  ///
  /// Safety: `data` was set by `adopt` from an object of this very class, and is retained until closed.
  static func object<T: LoopHandle>(_ data: UnsafeMutableRawPointer?, as type: T.Type) -> T? {
    guard let data = unsafe data else { return nil }
    return unsafe Unmanaged<LoopHandle>.fromOpaque(data).takeUnretainedValue() as? T
  }
}
