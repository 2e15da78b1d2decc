import CUV

/// What a stream tells its owner, on the loop.
package protocol SocketStreamDelegate: AnyObject {
  /// Bytes came. They are valid during the call only.
  func streamDidRead(_ bytes: Span<UInt8>)
  /// The peer shut its side (nil) or the connection broke. Nothing more is read.
  func streamDidEnd(_ error: ReactorError?)
  /// What `queue` took is with the kernel, or (with an error) lost.
  func streamDidWrite(_ error: ReactorError?)
}

/// A connected TCP or Unix socket on a loop. Nothing derives from it but the simulation.
///
/// Safety: touched only on its loop's thread. The read buffer is the loop's: libuv asks for it right before it reads and
/// hands it over right after, one stream after the other. Bytes that a queued write needs are held in memory of the
/// stream's own until libuv reports the write done, which it always does before the close callback.
@safe package class SocketStream: LoopHandle, @unchecked Sendable {
  package var delegate: (any SocketStreamDelegate)?
  private var isReading = false
  private var queued: UnsafeMutablePointer<uv_write_t>?
  private var queuedBytes: UnsafeMutablePointer<CChar>?
  /// Bytes that were written or queued, all together.
  private var handed: UInt64 = 0
  private let isUnix: Bool
  /// Bytes that the delegate is handed at once.
  package var readBytesMax = EventLoop.readBufferBytes

  /// Bytes that `queue` takes at once.
  package static let queueBytesMax = 16 * 1024

  init(_ loop: EventLoop, isUnix: Bool) {
    self.isUnix = isUnix
    super.init(loop, isUnix ? UV_NAMED_PIPE : UV_TCP)
  }

  deinit {
    unsafe queued?.deallocate()
    unsafe queuedBytes?.deallocate()
  }

  /// Takes over an accepted socket; its descriptor is closed with the stream, or at once when this throws.
  package static func open(_ socket: AcceptedSocket, on loop: EventLoop) throws(ReactorError) -> SocketStream {
    loop.checkIsolated()
    let stream = SocketStream(loop, isUnix: socket.isUnix)
    // Safety: the memory has the size of its kind of handle; once initialised the handle keeps its object.
    let initialised: Int32
    let opened: Int32
    if socket.isUnix {
      let pipe = unsafe stream.memory.assumingMemoryBound(to: uv_pipe_t.self)
      initialised = unsafe uv_pipe_init(loop.uv, pipe, 0)
      guard initialised == 0 else { throw failed(socket, initialised) }
      stream.adopt()
      opened = unsafe uv_pipe_open(pipe, socket.descriptor)
    } else {
      let tcp = unsafe stream.memory.assumingMemoryBound(to: uv_tcp_t.self)
      initialised = unsafe uv_tcp_init(loop.uv, tcp)
      guard initialised == 0 else { throw failed(socket, initialised) }
      stream.adopt()
      opened = unsafe uv_tcp_open(tcp, socket.descriptor)
      if opened == 0 { unsafe uv_tcp_nodelay(tcp, 1) }
    }
    guard opened == 0 else {
      stream.close()
      throw failed(socket, opened)
    }
    return stream
  }

  private static func failed(_ socket: AcceptedSocket, _ code: Int32) -> ReactorError {
    socket.close()
    return ReactorError(code: code, doing: "taking over a connection")
  }

  override func willClose() { delegate = nil }

  /// The handle, as libuv's stream functions take it.
  ///
  /// Safety: both kinds of handle begin with a uv_stream_t, as libuv promises.
  private var stream: UnsafeMutablePointer<uv_stream_t> { unsafe memory.assumingMemoryBound(to: uv_stream_t.self) }

  // MARK: Reading

  /// Begins, or goes on, to hand bytes to the delegate.
  ///
  /// Safety: the callbacks find the object by the handle's data, which is set until the handle is closed; the buffer
  /// that libuv gets is the loop's and as long as it says.
  package func startReading() {
    guard !isReading, !isClosed else { return }
    isReading = true
    // Safety: libuv calls back on the loop, with this stream's own handle, and reads before it asks for a buffer again.
    let allocate: uv_alloc_cb = { handle, _, buffer in
      guard let stream = unsafe LoopHandle.object(handle?.pointee.data, as: SocketStream.self) else { return }
      let count = min(max(1, stream.readBytesMax), EventLoop.readBufferBytes)
      unsafe buffer?.pointee = uv_buf_init(stream.loop.readBuffer, UInt32(clamping: count))
    }
    let read: uv_read_cb = { handle, count, buffer in
      guard count != 0, let stream = unsafe LoopHandle.object(handle?.pointee.data, as: SocketStream.self) else { return }
      guard count > 0 else {
        stream.isReading = false
        let isEnd = count == Int(UV_EOF.rawValue)
        stream.delegate?.streamDidEnd(isEnd ? nil : ReactorError(code: Int32(count), doing: "reading"))
        return
      }
      stream.deliver(count)
    }
    unsafe uv_read_start(stream, allocate, read)
  }

  /// Safety: libuv has just written that many bytes at the begin of the loop's buffer.
  private func deliver(_ count: Int) {
    let bytes = unsafe UnsafeRawBufferPointer(start: loop.readBuffer, count: count)
    let elements = unsafe bytes.assumingMemoryBound(to: UInt8.self)
    unsafe delegate?.streamDidRead(elements.span)
  }

  /// Stops until `startReading`: the kernel's buffer fills and the peer has to wait.
  package func stopReading() {
    guard isReading, !isClosed else { return }
    isReading = false
    unsafe uv_read_stop(stream)
  }

  /// How the connection broke while nothing was read from it, told once: after the peer shut its side no callback reports
  /// a reset. Nil where it holds.
  ///
  /// Safety: the descriptor is the handle's own while it is not closed.
  package func pendingError() -> ReactorError? {
    guard !isClosed else { return nil }
    var descriptor: uv_os_fd_t = -1
    guard unsafe uv_fileno(handle, &descriptor) == 0 else { return nil }
    let code = SystemSocket.pendingError(descriptor)
    return code == 0 ? nil : ReactorError(code: -code, doing: "waiting")
  }

  // MARK: Writing

  /// Whether a queued write is under way.
  package var isWriting: Bool { unsafe queued != nil }

  /// Writes what the kernel takes now of two byte arrays, one after the other, from a position in each.
  ///
  /// - Returns: bytes written, 0 when none fit.
  ///
  /// Safety: the buffers are read during the call only.
  package func tryWrite(
    _ first: [UInt8], from firstStart: Int, _ second: [UInt8], from secondStart: Int
  ) throws(ReactorError) -> Int {
    guard !isClosed, !isWriting else { return 0 }
    let result: Int32 = unsafe first.withUnsafeBytes { first in
      unsafe second.withUnsafeBytes { second in
        unsafe tryWrite(first[min(firstStart, first.count)...], second[min(secondStart, second.count)...])
      }
    }
    if result >= 0 {
      handed &+= UInt64(result)
      return Int(result)
    }
    if result == UV_EAGAIN.rawValue { return 0 }
    throw ReactorError(code: result, doing: "writing")
  }

  private func tryWrite(_ first: Slice<UnsafeRawBufferPointer>, _ second: Slice<UnsafeRawBufferPointer>) -> Int32 {
    var buffers = unsafe (buffer(first), buffer(second))
    return unsafe withUnsafeMutablePointer(to: &buffers) { pair in
      unsafe pair.withMemoryRebound(to: uv_buf_t.self, capacity: 2) { buffers in
        if unsafe first.isEmpty { return unsafe uv_try_write(stream, buffers + 1, 1) }
        return unsafe uv_try_write(stream, buffers, second.isEmpty ? 1 : 2)
      }
    }
  }

  private func buffer(_ bytes: Slice<UnsafeRawBufferPointer>) -> uv_buf_t {
    let part = unsafe UnsafeRawBufferPointer(rebasing: bytes)
    let start = unsafe UnsafeMutableRawPointer(mutating: part.baseAddress)?.assumingMemoryBound(to: CChar.self)
    return unsafe uv_buf_init(start, UInt32(clamping: part.count))
  }

  /// Copies up to `queueBytesMax` bytes and writes them when the kernel takes them; `streamDidWrite` tells. Nothing may
  /// be under way.
  ///
  /// - Returns: bytes taken.
  ///
  /// Safety: the copy lives until the write is reported done; see the type.
  package func queue(_ bytes: ArraySlice<UInt8>) throws(ReactorError) -> Int {
    precondition(!isWriting, "one queued write at a time")
    guard !isClosed else { return 0 }
    let count = min(bytes.count, SocketStream.queueBytesMax)
    let memory = UnsafeMutablePointer<CChar>.allocate(capacity: count)
    unsafe bytes.withUnsafeBytes { source in
      unsafe UnsafeMutableRawPointer(memory).copyMemory(from: source.baseAddress ?? UnsafeRawPointer(memory), byteCount: count)
    }
    let request = UnsafeMutablePointer<uv_write_t>.allocate(capacity: 1)
    unsafe request.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    var buffer = unsafe uv_buf_init(memory, UInt32(count))
    unsafe queued = request
    unsafe queuedBytes = memory
    let code = unsafe uv_write(request, stream, &buffer, 1) { request, status in
      guard let stream = unsafe LoopHandle.object(request?.pointee.data, as: SocketStream.self) else { return }
      stream.didWrite(status)
    }
    guard code == 0 else {
      freeQueued()
      throw ReactorError(code: code, doing: "writing")
    }
    handed &+= UInt64(count)
    return count
  }

  private func freeQueued() {
    unsafe queued?.deallocate()
    unsafe queuedBytes?.deallocate()
    unsafe queued = nil
    unsafe queuedBytes = nil
  }

  private func didWrite(_ status: Int32) {
    freeQueued()
    delegate?.streamDidWrite(status == 0 ? nil : ReactorError(code: status, doing: "writing"))
  }

  /// Bytes of all that was written and queued that the peer has: its side has acknowledged them (of a Unix socket: it has read
  /// them). Never more than that; where the system does not say, what the kernel has taken.
  ///
  /// Safety: the descriptor is the handle's own while it is not closed.
  package var bytesTaken: UInt64 {
    guard !isClosed else { return handed }
    var descriptor: uv_os_fd_t = -1
    guard unsafe uv_fileno(handle, &descriptor) == 0 else { return handed }
    let waiting = unsafe UInt64(uv_stream_get_write_queue_size(stream)) &+ UInt64(SystemSocket.bytesUnsent(descriptor))
    return handed - min(handed, waiting)
  }

  /// Tells the peer that nothing more comes, after what was written. Reading goes on.
  ///
  /// Safety: the descriptor is the handle's own while it is not closed.
  package func shutdown() {
    guard !isClosed else { return }
    var descriptor: uv_os_fd_t = -1
    guard unsafe uv_fileno(handle, &descriptor) == 0 else { return }
    SystemSocket.shutdownWrite(descriptor)
  }

  /// Closes so that the peer gets a reset and the kernel drops what it did not take.
  ///
  /// Safety: the linger option is copied by the call.
  package func reset() {
    guard !isClosed else { return }
    var descriptor: uv_os_fd_t = -1
    if !isUnix, unsafe uv_fileno(handle, &descriptor) == 0 { SystemSocket.setResetOnClose(descriptor) }
    close()
  }
}
