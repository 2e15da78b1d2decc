import Base
import HTTP
import Reactor
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A handler made of a closure.
struct ClosureHandler: HTTPHandler {
  let body: @Sendable (HTTPRequest) async -> HTTPResponse
  var onRefusal: (@Sendable (HTTPRefusal) -> HTTPResponse)?
  init(_ body: @escaping @Sendable (HTTPRequest) async -> HTTPResponse) { self.body = body }
  func respond(to request: HTTPRequest) async -> HTTPResponse { await body(request) }
  func refusal(_ refusal: HTTPRefusal) -> HTTPResponse {
    onRefusal.map { $0(refusal) } ?? .text(refusal.status, refusal.detail + "\n")
  }
}

/// What a live test has: a server on a free port (or a given address).
struct LiveServer {
  let server: HTTPServer
  let group: EventLoopGroup
  let address: ListenAddress

  func connect() throws -> Client { try Client(address) }
}

/// Runs a server for the time of a body; drained and stopped afterwards, whatever happened.
func withServer<T>(
  loops: Int = 1, at address: ListenAddress = .tcp(host: "127.0.0.1", port: 0),
  configure: (inout HTTPServerConfiguration) -> Void = { _ in },
  onRefusal: (@Sendable (HTTPRefusal) -> HTTPResponse)? = nil,
  handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse,
  _ body: (LiveServer) async throws -> T
) async throws -> T {
  let group = try EventLoopGroup(count: loops)
  var configuration = HTTPServerConfiguration()
  configuration.limits.sweepInterval = .milliseconds(20)
  configuration.limits.lingerTimeMax = .milliseconds(200)
  configure(&configuration)
  var closures = ClosureHandler(handler)
  closures.onRefusal = onRefusal
  let server = HTTPServer(group: group, listeners: [address], configuration: configuration, handler: closures)
  let result: Result<T, any Error>
  do {
    let bound = try await server.start()
    result = .success(try await body(LiveServer(server: server, group: group, address: try #require(bound.first))))
  } catch {
    result = .failure(error)
  }
  await server.drain(limit: .milliseconds(500))
  group.stop()
  await offPool { group.join() }
  return try result.get()
}

/// Runs what blocks on a thread of its own, so that the tasks of other tests go on.
func offPool<T: Sendable>(_ body: @escaping @Sendable () -> T) async -> T {
  await withCheckedContinuation { continuation in
    SystemThread.detachOrRun { continuation.resume(returning: body()) }
  }
}

/// A blocking client that sends and receives raw bytes. Ten seconds without a byte end a wait.
final class Client: Sendable {
  struct Failure: Error { let reason: String }
  let descriptor: Int32
  private let isClosed = Atomic(false)

  init(_ address: ListenAddress, receiveBuffer: Int32? = nil) throws {
    #if canImport(Glibc)
    let stream = Int32(SOCK_STREAM.rawValue)
    #else
    let stream = SOCK_STREAM
    #endif
    var code: Int32 = -1
    switch address {
    case .tcp(let host, let port):
      let isIPv6 = host.contains(":")
      descriptor = socket(isIPv6 ? AF_INET6 : AF_INET, stream, 0)
      if let receiveBuffer { Client.set(descriptor, SO_RCVBUF, receiveBuffer) }
      if isIPv6 {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = UInt16(port).bigEndian
        inet_pton(AF_INET6, host, &address.sin6_addr)
        code = withUnsafePointer(to: &address) {
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            systemConnect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
          }
        }
      } else {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        code = withUnsafePointer(to: &address) {
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            systemConnect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
          }
        }
      }
    case .unix(let path):
      descriptor = socket(AF_UNIX, stream, 0)
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
      code = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          systemConnect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
    case .inherited: throw Failure(reason: "an address to listen on, not to connect to")
    }
    guard code == 0 else { throw Failure(reason: "connect: \(errno)") }
    var time = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { closeOnce() }

  private static func set(_ descriptor: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    setsockopt(descriptor, SOL_SOCKET, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  private func closeOnce() {
    guard !isClosed.exchange(true, ordering: .relaxed) else { return }
    _ = close(descriptor)
  }

  /// Says that nothing more is sent, and can still read.
  func shutDown() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

  /// Closes with a reset, as a process that is gone would.
  func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    closeOnce()
  }

  func send(_ text: String) async { await send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) async {
    let descriptor = descriptor
    await offPool {
      var sent = 0
      while sent < bytes.count {
        #if canImport(Glibc)
        let flags = Int32(MSG_NOSIGNAL)
        #else
        let flags: Int32 = 0
        #endif
        let count = bytes[sent...].withUnsafeBytes { systemSend(descriptor, $0.baseAddress, $0.count, flags) }
        if count <= 0 { return }
        sent += count
      }
    }
  }

  /// Sends as much of some bytes as the kernel takes without waiting.
  func sendWhatFits(_ bytes: ArraySlice<UInt8>) -> Int {
    let flags = Int32(MSG_DONTWAIT)
    return max(0, bytes.withUnsafeBytes { systemSend(descriptor, $0.baseAddress, $0.count, flags) })
  }

  /// What comes until a text has come, the peer closes, or ten seconds pass.
  func receive(until end: String = "\u{0}never") async -> String {
    String(decoding: await receiveBytes(until: end), as: UTF8.self)
  }

  func receiveBytes(until end: String = "\u{0}never") async -> [UInt8] {
    let wanted = Array(end.utf8)
    var bytes: [UInt8] = []
    while true {
      let piece = await receiveSome()
      bytes += piece
      if piece.isEmpty || bytes.suffix(wanted.count).elementsEqual(wanted) { return bytes }
    }
  }

  /// What comes next; nothing at the close or after ten seconds.
  func receiveSome() async -> [UInt8] {
    let descriptor = descriptor
    return await offPool {
      [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
        count = max(0, recv(descriptor, buffer.baseAddress, buffer.count, 0))
      }
    }
  }

  /// A request, and all that comes until the close.
  func exchange(_ text: String) async -> String {
    await send(text)
    return await receive()
  }
}

private func systemConnect(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> Int32 {
  connect(descriptor, address, length)
}
private func systemSend(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ flags: Int32) -> Int {
  send(descriptor, bytes, count, flags)
}

extension String {
  /// Without the lines that differ from run to run.
  var withoutDate: String {
    split(separator: "\r\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("Date: ") }.joined(separator: "\r\n")
  }
}
