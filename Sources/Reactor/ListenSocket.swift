import CUV

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Bound, listening sockets of one address: one for each loop for TCP (`SO_REUSEPORT`: the kernel spreads connections),
/// one for a Unix socket.
package struct ListenSocket: Sendable {
  package let descriptor: Int32
  /// With the port that was taken.
  package let address: ListenAddress
  /// Whoever handed it to this process keeps it, and the file of a Unix socket with it.
  private var isInherited = false

  private init(descriptor: Int32, address: ListenAddress) {
    self.descriptor = descriptor
    self.address = address
  }

  /// Opens the sockets of an address. Blocks for a name look-up.
  ///
  /// - Parameters:
  ///   - count: sockets that TCP gets.
  ///   - backlog: connections that may wait in the kernel.
  /// - Throws: with the address in its text (in use, no permission, no such address).
  package static func open(_ address: ListenAddress, count: Int, backlog: Int32) throws(ReactorError) -> [ListenSocket] {
    switch address {
    case .tcp(let host, let port): try openTCP(host: host, port: port, count: count, backlog: backlog)
    case .unix(let path): [try openUnix(path: path, backlog: backlog)]
    case .inherited(let descriptor): [try adopt(descriptor)]
    }
  }

  /// Safety: the address is written by `getsockname` within its stated length.
  private static func adopt(_ descriptor: Int32) throws(ReactorError) -> ListenSocket {
    let doing = "listening on descriptor \(descriptor)"
    var bound = SocketAddress()
    guard unsafe bound.withPointer({ unsafe getsockname(descriptor, $0, $1) }) == 0 else { throw SystemSocket.lastError(doing) }
    guard SystemSocket.isListening(descriptor) else { throw ReactorError(code: Int32(UV_EINVAL.rawValue), doing: doing) }
    SystemSocket.setNonBlocking(descriptor)
    let isUnix = bound.family != AF_INET && bound.family != AF_INET6
    let address = isUnix ? ListenAddress.inherited(descriptor: descriptor) : .tcp(host: bound.host, port: bound.port)
    var socket = ListenSocket(descriptor: descriptor, address: address)
    socket.isInherited = true
    return socket
  }

  /// Closes it, and removes the file of a Unix socket.
  ///
  /// Safety: the path is read during the call.
  package func close() {
    SystemSocket.close(descriptor)
    if case .unix(let path) = address, !isInherited { unsafe unlink(path) }
  }

  private static func openTCP(
    host: String, port: Int, count: Int, backlog: Int32
  ) throws(ReactorError) -> [ListenSocket] {
    let doing = "listening on \(ListenAddress.tcp(host: host, port: port))"
    guard (0...65535).contains(port) else { throw ReactorError(code: Int32(UV_EINVAL.rawValue), doing: doing) }
    guard var address = try SocketAddress.resolve(host: host, doing: doing).first else {
      throw ReactorError(code: Int32(UV_EADDRNOTAVAIL.rawValue), doing: doing)
    }
    address.setPort(port)
    // A socket without SO_REUSEPORT is refused where somebody else listens, with it both would get connections: probe.
    let probe = try bind(address, reusesPort: false, doing: doing)
    if count == 1 {
      try listen(probe.descriptor, backlog, doing)
      return [ListenSocket(descriptor: probe.descriptor, address: .tcp(host: host, port: probe.address.port))]
    }
    address.setPort(probe.address.port)
    try listen(probe.descriptor, 1, doing)
    SystemSocket.close(probe.descriptor)
    var sockets: [ListenSocket] = []
    do throws(ReactorError) {
      for _ in 0..<count {
        let (descriptor, _) = try bind(address, reusesPort: true, doing: doing)
        sockets.append(ListenSocket(descriptor: descriptor, address: .tcp(host: host, port: address.port)))
        try listenKeeping(descriptor, backlog, doing)
      }
    } catch {
      for socket in sockets { socket.close() }
      throw error
    }
    return sockets
  }

  /// A bound socket and the address it got.
  ///
  /// Safety: the address is read, and written by `getsockname`, within its stated length.
  private static func bind(
    _ wanted: SocketAddress, reusesPort: Bool, doing: String
  ) throws(ReactorError) -> (descriptor: Int32, address: SocketAddress) {
    let descriptor = try SystemSocket.open(family: wanted.family, doing: doing)
    SystemSocket.set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
    if reusesPort { SystemSocket.setReusePort(descriptor) }
    var address = wanted
    let code = unsafe address.withPointer { unsafe systemBind(descriptor, $0, $1.pointee) }
    guard code == 0 else {
      let error = SystemSocket.lastError(doing)
      SystemSocket.close(descriptor)
      throw error
    }
    var bound = SocketAddress()
    _ = unsafe bound.withPointer { unsafe getsockname(descriptor, $0, $1) }
    return (descriptor, bound)
  }

  private static func listen(_ descriptor: Int32, _ backlog: Int32, _ doing: String) throws(ReactorError) {
    do throws(ReactorError) {
      try listenKeeping(descriptor, backlog, doing)
    } catch {
      SystemSocket.close(descriptor)
      throw error
    }
  }

  private static func listenKeeping(_ descriptor: Int32, _ backlog: Int32, _ doing: String) throws(ReactorError) {
    guard systemListen(descriptor, backlog) == 0 else { throw SystemSocket.lastError(doing) }
  }

  /// A stale socket file (nobody answers) is replaced; one in use, or any other file, is an error.
  ///
  /// Safety: the address is read within its stated length.
  private static func openUnix(path: String, backlog: Int32) throws(ReactorError) -> ListenSocket {
    let doing = "listening on \(ListenAddress.unix(path: path))"
    guard var address = SocketAddress(unixPath: path) else {
      throw ReactorError(code: Int32(UV_ENAMETOOLONG.rawValue), doing: doing)
    }
    let probe = try SystemSocket.open(family: AF_UNIX, doing: doing)
    let answer = unsafe address.withPointer { unsafe systemConnect(probe, $0, $1.pointee) }
    let reason = errno
    SystemSocket.close(probe)
    if answer == 0 { throw ReactorError(code: Int32(UV_EADDRINUSE.rawValue), doing: doing) }
    if reason == ECONNREFUSED, isSocket(path) { unsafe unlink(path) }
    let descriptor = try SystemSocket.open(family: AF_UNIX, doing: doing)
    guard unsafe address.withPointer({ unsafe systemBind(descriptor, $0, $1.pointee) }) == 0 else {
      let error = SystemSocket.lastError(doing)
      SystemSocket.close(descriptor)
      throw error
    }
    try listen(descriptor, backlog, doing)
    return ListenSocket(descriptor: descriptor, address: .unix(path: path))
  }

  /// Safety: `stat` fills the structure before it is read.
  private static func isSocket(_ path: String) -> Bool {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return false }
    return status.st_mode & S_IFMT == S_IFSOCK
  }
}

// The system's functions under names that the methods above do not hide.
//
// Safety: each reads `length` bytes at `address` and keeps neither.
private func systemBind(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> Int32 {
  unsafe bind(descriptor, address, length)
}
private func systemConnect(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> Int32 {
  unsafe connect(descriptor, address, length)
}
private func systemListen(_ descriptor: Int32, _ backlog: Int32) -> Int32 { listen(descriptor, backlog) }
