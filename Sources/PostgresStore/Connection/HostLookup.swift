#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Name look-ups on threads of their own, because the system's resolver blocks.
///
/// Bound: one thread for each connection that is being opened (see `PoolPolicy.connectingMax`).
enum HostLookup {
  /// Addresses a name is tried at, at most.
  static let addressesMax = 8

  /// Looks names up and hands each one's addresses over, from the other thread; an empty list for one that has none.
  static func start(_ names: [String], then body: @escaping @Sendable ([[String]]) -> Void) {
    DetachedThread.start { body(names.map(addresses)) }
  }

  /// Safety: the resolver's list is freed once, after its last use; `getnameinfo` writes within the buffer and ends it.
  static func addresses(of name: String) -> [String] {
    if ConnectionSettings.isAddress(name) { return [name] }
    var hints = unsafe addrinfo()
    #if canImport(Glibc)
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    #else
    unsafe hints.ai_socktype = SOCK_STREAM
    #endif
    var list: UnsafeMutablePointer<addrinfo>?
    guard unsafe getaddrinfo(name, nil, &hints, &list) == 0 else { return [] }
    defer { unsafe freeaddrinfo(list) }
    var addresses: [String] = []
    var entry = unsafe list
    while let info = unsafe entry, addresses.count < addressesMax {
      var buffer = [CChar](repeating: 0, count: 128)
      let failed = unsafe getnameinfo(
        info.pointee.ai_addr, info.pointee.ai_addrlen, &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST)
      if failed == 0 {
        let end = buffer.firstIndex(of: 0) ?? 0
        addresses.append(String(decoding: buffer[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self))
      }
      unsafe entry = info.pointee.ai_next
    }
    return addresses
  }
}

/// A thread for one blocking call.
enum DetachedThread {
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Runs the body on a new thread; on this one where the system has none left.
  ///
  /// Safety: the retained body is released exactly once, by the thread or here.
  static func start(_ body: @escaping @Sendable () -> Void) {
    let reference = unsafe Unmanaged.passRetained(Body(body))
    #if canImport(Glibc)
    var thread = pthread_t()
    let failed = unsafe pthread_create(&thread, nil, { unsafe DetachedThread.enter($0) }, reference.toOpaque())
    if failed == 0 { pthread_detach(thread) }
    #else
    var thread: pthread_t?
    let failed = unsafe pthread_create(&thread, nil, { unsafe DetachedThread.enter($0) }, reference.toOpaque())
    if failed == 0, let thread = unsafe thread { unsafe pthread_detach(thread) }
    #endif
    if failed != 0 { unsafe reference.takeRetainedValue().run() }
  }

  /// Safety: the pointer is the one that `start` retained.
  private static func enter(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let pointer = unsafe pointer { unsafe Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue().run() }
    return nil
  }
}
