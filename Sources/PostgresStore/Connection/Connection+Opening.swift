import Base
import CPostgres
import Reactor
import Store

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension Connection {
  /// Begins to connect; the pool hears of the end by `connectionReady` or `connectionEnded`.
  func open() {
    deadline = pool.loop.nowMilliseconds + pool.options.connectTimeout.wholeMilliseconds
    let names = pool.settings.hostNames
    guard !names.isEmpty else { return connect([]) }
    let reference = ConnectionReference(self)
    let loop = pool.loop
    HostLookup.start(names) { addresses in
      loop.execute {
        guard let connection = reference.connection, connection.phase == .opening else { return }
        if addresses.allSatisfy(\.isEmpty) {
          connection.lose(StoreError(.unavailable, "the database's host name is not known"))
        } else {
          connection.connect(addresses)
        }
      }
    }
  }

  /// Safety: the C strings live until libpq has copied them; both arrays end with a null.
  private func connect(_ addresses: [[String]]) {
    let parameters = pool.settings.parameters(addresses: addresses)
    var keywords = unsafe parameters.map { unsafe UnsafePointer<CChar>(strdup($0.keyword)) }
    var values = unsafe parameters.map { unsafe UnsafePointer<CChar>(strdup($0.value)) }
    defer {
      while let text = unsafe keywords.popLast() { unsafe free(UnsafeMutablePointer(mutating: text)) }
      while let text = unsafe values.popLast() { unsafe free(UnsafeMutablePointer(mutating: text)) }
    }
    unsafe keywords.append(nil)
    unsafe values.append(nil)
    unsafe handle = PQconnectStartParams(keywords, values, 0)
    guard let handle = unsafe handle, unsafe PQstatus(handle) != CONNECTION_BAD else {
      return lose(StoreError(.unavailable, driverMessage))
    }
    // Notices would go to standard error.
    unsafe PQsetNoticeProcessor(handle, { _, _ in }, nil)
    wait(for: .writable)
  }

  /// Watches the socket for the next step. libpq may have closed it and opened another: so a new watch each time.
  ///
  /// Safety: the handle is alive while the phase is `opening`.
  private func wait(for events: DescriptorEvents) {
    watch?.close()
    watch = nil
    guard let handle = unsafe handle else { return }
    do {
      watch = try pool.loop.watch(descriptor: unsafe PQsocket(handle), events: events) { [unowned self] _ in poll() }
    } catch {
      lose(StoreError(.unavailable, error.description))
    }
  }

  /// Safety: as `wait`; the watch is closed before libpq may close the socket.
  private func poll() {
    guard let handle = unsafe handle, phase == .opening else { return }
    watch?.close()
    watch = nil
    switch unsafe PQconnectPoll(handle) {
    case PGRES_POLLING_READING: wait(for: .readable)
    case PGRES_POLLING_WRITING: wait(for: .writable)
    case PGRES_POLLING_OK: connected()
    default: lose(StoreError(.unavailable, driverMessage))
    }
  }

  /// Safety: the handle is connected and alive; the watch's handler does not outlive this object (see `close`).
  private func connected() {
    guard let handle = unsafe handle else { return }
    guard unsafe PQsetnonblocking(handle, 1) == 0, unsafe PQenterPipelineMode(handle) == 1 else {
      return lose(StoreError(.unavailable, driverMessage))
    }
    do {
      watch = try pool.loop.watch(descriptor: unsafe PQsocket(handle), events: .readable) { [unowned self] events in
        ready(events)
      }
    } catch {
      return lose(StoreError(.unavailable, error.description))
    }
    send(transaction: Request(.setup))
  }
}
