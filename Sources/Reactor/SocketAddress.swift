import CUV

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A socket address as the system keeps it.
struct SocketAddress {
  private var storage = sockaddr_storage()
  private(set) var length = socklen_t(MemoryLayout<sockaddr_storage>.size)

  init() {}

  /// A copy of an address of the system.
  ///
  /// Safety: `length` bytes are readable at `address`; no more than the storage holds are copied.
  init(_ address: UnsafePointer<sockaddr>, length: socklen_t) {
    self.length = min(length, socklen_t(MemoryLayout<sockaddr_storage>.size))
    let count = Int(self.length)
    unsafe withUnsafeMutableBytes(of: &storage) { target in
      unsafe target.copyMemory(from: UnsafeRawBufferPointer(start: address, count: count))
    }
  }

  /// A file-system address, or a name of Linux's own (unix(7)) whose first byte is written as `@`. Nil when the path does not fit (107
  /// bytes on Linux).
  ///
  /// Safety: the path is copied into `sun_path`, whose bounds are checked; the rest of the structure is zero.
  init?(unixPath path: String, isAbstract: Bool = false) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(path.utf8)
    let room = MemoryLayout.size(ofValue: address.sun_path)
    guard !bytes.isEmpty, bytes.count < room, !bytes.contains(0) else { return nil }
    length = socklen_t(MemoryLayout<sockaddr_un>.size)
    if isAbstract {
      // Its name begins with a zero, and ends where the stated length does.
      length -= socklen_t(room - bytes.count)
      bytes[0] = 0
    }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { target in unsafe target.copyBytes(from: bytes) }
    let whole = unsafe withUnsafeBytes(of: &address) { unsafe Array($0) }
    unsafe withUnsafeMutableBytes(of: &storage) { target in unsafe target.copyBytes(from: whole) }
  }

  var family: Int32 { Int32(storage.ss_family) }

  /// Lends the storage and its length to a call that fills or reads them.
  ///
  /// Safety: both pointers are valid inside the closure; the length starts as the storage's own.
  mutating func withPointer<T>(_ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> T) -> T {
    unsafe withUnsafeMutablePointer(to: &storage) { storage in
      unsafe withUnsafeMutablePointer(to: &length) { length in
        unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
      }
    }
  }

  /// The port, or 0 for an address without one. In the machine's byte order.
  ///
  /// Safety: the family says which structure the storage holds.
  var port: Int {
    let family = self.family
    return unsafe withUnsafeBytes(of: storage) { bytes in
      switch family {
      case AF_INET: unsafe Int(UInt16(bigEndian: bytes.load(as: sockaddr_in.self).sin_port))
      case AF_INET6: unsafe Int(UInt16(bigEndian: bytes.load(as: sockaddr_in6.self).sin6_port))
      default: 0
      }
    }
  }

  /// Sets the port of an internet address.
  ///
  /// Safety: as above.
  mutating func setPort(_ port: Int) {
    let value = UInt16(truncatingIfNeeded: port).bigEndian
    let family = self.family
    unsafe withUnsafeMutableBytes(of: &storage) { bytes in
      switch family {
      // Both structures hold the port at this place.
      case AF_INET, AF_INET6: unsafe bytes.storeBytes(of: value, toByteOffset: 2, as: UInt16.self)
      default: break
      }
    }
  }

  /// The numeric host; an IPv4 address mapped into IPv6 as IPv4; `unix` for a local peer.
  ///
  /// Safety: libuv writes at most the stated number of bytes and ends them with a zero; the family says which
  /// structure the storage holds.
  var host: String {
    let family = self.family
    guard family == AF_INET || family == AF_INET6 else { return "unix" }
    var text = [CChar](repeating: 0, count: 64)
    let code = unsafe withUnsafeBytes(of: storage) { bytes in
      if family == AF_INET {
        var address = unsafe bytes.load(as: sockaddr_in.self)
        return unsafe uv_ip4_name(&address, &text, text.count)
      }
      var address = unsafe bytes.load(as: sockaddr_in6.self)
      return unsafe uv_ip6_name(&address, &text, text.count)
    }
    guard code == 0 else { return "unknown" }
    let end = text.firstIndex(of: 0) ?? 0
    let name = String(decoding: text[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    if name.hasPrefix("::ffff:"), name.utf8.contains(UInt8(ascii: ".")) { return String(name.dropFirst(7)) }
    return name
  }

  /// The addresses of a host, for binding. Blocks (names are looked up): for the start of a server only.
  ///
  /// Safety: the list is walked before it is freed; each address is copied with its stated length.
  static func resolve(host: String, doing: String) throws(ReactorError) -> [SocketAddress] {
    var hints = unsafe addrinfo()
    #if canImport(Glibc)
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    #else
    unsafe hints.ai_socktype = SOCK_STREAM
    #endif
    unsafe hints.ai_flags = AI_PASSIVE
    var list: UnsafeMutablePointer<addrinfo>?
    let code = unsafe getaddrinfo(host, nil, &hints, &list)
    guard code == 0 else { throw ReactorError(code: Int32(UV_EAI_NONAME.rawValue), doing: doing) }
    defer { unsafe freeaddrinfo(list) }
    var found: [SocketAddress] = []
    var next = unsafe list
    while let entry = unsafe next {
      if let address = unsafe entry.pointee.ai_addr {
        unsafe found.append(SocketAddress(address, length: entry.pointee.ai_addrlen))
      }
      unsafe next = entry.pointee.ai_next
    }
    // IPv4 first: what `localhost` is expected to be.
    return found.filter { $0.family == AF_INET } + found.filter { $0.family == AF_INET6 }
  }
}
