import CUV

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A connection that was accepted and belongs to nobody yet. Whoever takes it closes the descriptor.
package struct AcceptedSocket: Sendable {
  package let descriptor: Int32
  /// The peer's address without its port, or `unix`.
  package let peer: String
  package let isUnix: Bool

  /// Sends a last word, as far as it fits, and closes.
  package func refuse(_ bytes: [UInt8]) {
    SystemSocket.sendOnce(descriptor, bytes)
    SystemSocket.shutdownWrite(descriptor)
    SystemSocket.close(descriptor)
  }

  package func close() { SystemSocket.close(descriptor) }
}

/// Accepts connections on its loop. When descriptors are used up it pauses for `backoff`, so that the loop does not
/// spin on a listener that stays readable.
///
/// Safety: touched only on its loop's thread.
package final class Listener: @unchecked Sendable {
  private let socket: ListenSocket
  private let loop: EventLoop
  private let acceptsPerTickMax: Int
  private var watch: DescriptorWatch?
  private var pause: LoopTimer?
  private var onAccept: ((AcceptedSocket) -> Void)?
  private var onFailure: ((ReactorError) -> Void)?

  /// How long it waits after a failed `accept`.
  package static let backoff: Duration = .milliseconds(100)

  /// Starts to accept. On the loop only.
  package init(
    _ socket: ListenSocket, on loop: EventLoop, acceptsPerTickMax: Int,
    onAccept: @escaping (AcceptedSocket) -> Void, onFailure: @escaping (ReactorError) -> Void
  ) throws(ReactorError) {
    self.socket = socket
    self.loop = loop
    self.acceptsPerTickMax = acceptsPerTickMax
    self.onAccept = onAccept
    self.onFailure = onFailure
    watch = try loop.watch(descriptor: socket.descriptor, events: .readable) { [unowned self] _ in accept() }
  }

  private func accept() {
    for _ in 0..<acceptsPerTickMax {
      guard let (descriptor, peer) = SystemSocket.accept(socket.descriptor) else {
        let reason = errno
        if reason == EINTR || reason == ECONNABORTED { continue }
        if reason != EAGAIN && reason != EWOULDBLOCK { backOff(ReactorError(code: -reason, doing: "accepting a connection")) }
        return
      }
      let isUnix = peer.family != AF_INET && peer.family != AF_INET6
      onAccept?(AcceptedSocket(descriptor: descriptor, peer: isUnix ? "unix" : peer.host, isUnix: isUnix))
    }
  }

  private func backOff(_ error: ReactorError) {
    watch?.update([])
    pause = loop.schedule(after: Listener.backoff) { [weak self] in self?.watch?.update(.readable) }
    onFailure?(error)
  }

  /// Stops to accept and closes the socket. Connections that wait in the kernel are dropped. On the loop only.
  package func close() {
    guard let watch else { return }
    watch.close()
    self.watch = nil
    pause?.cancel()
    onAccept = nil
    onFailure = nil
    socket.close()
  }
}
