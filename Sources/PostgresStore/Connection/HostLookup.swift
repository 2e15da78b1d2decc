import Base

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
    SystemThread.detachOrRun { body(names.map(addresses)) }
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
