import CUV

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The socket calls that libuv has no form of, and all that differs between systems.
enum SystemSocket {
  #if canImport(Glibc)
  private static let stream = Int32(SOCK_STREAM.rawValue)
  #else
  private static let stream = SOCK_STREAM
  #endif

  static func lastError(_ doing: String) -> ReactorError { ReactorError(code: -errno, doing: doing) }

  /// A non-blocking stream socket that no child process inherits.
  static func open(family: Int32, doing: String) throws(ReactorError) -> Int32 {
    #if canImport(Glibc)
    let descriptor = socket(family, stream | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw lastError(doing) }
    #else
    let descriptor = socket(family, stream, 0)
    guard descriptor >= 0 else { throw lastError(doing) }
    setNonBlocking(descriptor)
    #endif
    return descriptor
  }

  /// And kept from child processes.
  static func setNonBlocking(_ descriptor: Int32) {
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  /// Safety: the value and its length outlive the call.
  static func isListening(_ descriptor: Int32) -> Bool {
    var value: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    return unsafe getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 && value != 0
  }

  /// Sends one datagram to a Unix socket, from a socket of its own. What cannot be sent is lost.
  ///
  /// Safety: the address and the bytes are read during the call, within their stated lengths.
  static func sendDatagram(_ bytes: [UInt8], to address: SocketAddress) {
    #if canImport(Glibc)
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    #else
    let descriptor = socket(AF_UNIX, SOCK_DGRAM, 0)
    #endif
    guard descriptor >= 0 else { return }
    var address = address
    _ = unsafe address.withPointer { unsafe sendto(descriptor, bytes, bytes.count, 0, $0, $1.pointee) }
    close(descriptor)
  }

  /// Safety: the value outlives the call, which copies it.
  static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Safety: as above.
  static func setResetOnClose(_ descriptor: Int32) {
    var value = linger(l_onoff: 1, l_linger: 0)
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
  }

  /// What the peer did to the connection since this was asked last: 0, or an error number (a reset, mostly).
  ///
  /// Safety: the value and its length outlive the call.
  static func pendingError(_ descriptor: Int32) -> Int32 {
    var code: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    let result = unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
    return result == 0 ? code : errno
  }

  /// Bytes that wait to be read; 0 where the system does not say.
  ///
  /// Safety: the value outlives the call.
  static func bytesWaiting(_ descriptor: Int32) -> Int {
    #if canImport(Glibc)
    let request = UInt(FIONREAD)
    #else
    // _IOR('f', 127, int): a macro that Swift does not import.
    let request: UInt = 0x4004_667f
    #endif
    var count: Int32 = 0
    guard unsafe ioctl(descriptor, request, &count) == 0 else { return 0 }
    return Int(max(0, count))
  }

  /// Bytes that were written and that the peer has not acknowledged; 0 where the system does not say.
  ///
  /// Safety: the value outlives the call.
  static func bytesUnsent(_ descriptor: Int32) -> Int {
    var count: Int32 = 0
    #if canImport(Glibc)
    // SIOCOUTQ by its other name, which Swift imports.
    guard unsafe ioctl(descriptor, UInt(TIOCOUTQ), &count) == 0 else { return 0 }
    #else
    var length = socklen_t(MemoryLayout<Int32>.size)
    guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_NWRITE, &count, &length) == 0 else { return 0 }
    #endif
    return Int(max(0, count))
  }

  static func setReusePort(_ descriptor: Int32) { set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) }

  /// Takes the next waiting connection, still blocking. Nil with `errno` set where there is none.
  ///
  /// Safety: the address buffer is as large as its length says.
  static func accept(_ listener: Int32) -> (descriptor: Int32, peer: SocketAddress)? {
    var peer = SocketAddress()
    let descriptor = unsafe peer.withPointer { address, length in
      #if canImport(Glibc)
      unsafe Glibc.accept(listener, address, length)
      #else
      unsafe Darwin.accept(listener, address, length)
      #endif
    }
    guard descriptor >= 0 else { return nil }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return (descriptor, peer)
  }

  /// Sends what fits at once and forgets the rest; for a last word to a connection that is turned away.
  ///
  /// Safety: the buffer is read inside the closure only.
  static func sendOnce(_ descriptor: Int32, _ bytes: [UInt8]) {
    #if canImport(Glibc)
    let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
    #else
    let flags = MSG_DONTWAIT
    #endif
    _ = unsafe bytes.withUnsafeBytes { buffer in unsafe send(descriptor, buffer.baseAddress, buffer.count, flags) }
  }

  /// Tells the peer that nothing more comes.
  static func shutdownWrite(_ descriptor: Int32) {
    #if canImport(Glibc)
    _ = Glibc.shutdown(descriptor, Int32(SHUT_WR))
    #else
    _ = Darwin.shutdown(descriptor, SHUT_WR)
    #endif
  }

  static func close(_ descriptor: Int32) {
    #if canImport(Glibc)
    _ = Glibc.close(descriptor)
    #else
    _ = Darwin.close(descriptor)
    #endif
  }
}
