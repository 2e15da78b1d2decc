import CPostgres

/// Asks the server, over a connection of its own, to stop what another one runs.
///
/// Safety: libpq's cancel object is a copy of addresses that shares nothing with its connection; it is used by one thread and
/// freed with this object.
@safe final class CancelOrder: @unchecked Sendable {
  private let cancel: OpaquePointer

  init(_ cancel: OpaquePointer) { unsafe self.cancel = cancel }

  deinit { unsafe PQfreeCancel(cancel) }

  /// Blocks until the server has taken the order or refused it. What it says does not matter: the order may come too late.
  func send() {
    var message = [CChar](repeating: 0, count: 256)
    _ = unsafe PQcancel(cancel, &message, Int32(message.count))
  }
}
