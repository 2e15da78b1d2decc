import Base
import Glibc
import Synchronization

/// Stands between a store and its server, and freezes or cuts what passes: a network that fails on command.
final class PostgresRelay: Sendable {
  private struct Failure: Error {}
  private let listener: Int32
  private let serverPort: UInt16
  let port: UInt16
  /// Nothing is passed on, and nothing is closed.
  let isFrozen = Atomic<Bool>(false)
  /// What the server says is held back.
  let isMuted = Atomic<Bool>(false)
  /// Closes every connection once.
  let mustCut = Atomic<Bool>(false)
  private let isOver = Atomic<Bool>(false)
  /// Connections that were accepted.
  let accepted = Atomic<Int>(0)
  /// Octets that the server said.
  let said = Atomic<Int>(0)

  /// - Parameter url: must name 127.0.0.1 or localhost and a port.
  init(to url: String) throws {
    guard let colon = url.lastIndex(of: ":"), let port = UInt16(url[url.index(after: colon)...].prefix { $0.isNumber }) else {
      throw Failure()
    }
    serverPort = port
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    self.listener = listener
    var address = PostgresRelay.loopback(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(listener, pointer, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, pointer, &length) == 0
      }
    }
    guard bound else { throw Failure() }
    self.port = UInt16(bigEndian: address.sin_port)
    try SystemThread.detach { [self] in run() }
  }

  /// The URL that leads through the relay.
  func url(for url: String) -> String { url.replacing(":\(serverPort)", with: ":\(port)") }

  func end() { isOver.store(true, ordering: .relaxed) }

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }

  private func run() {
    var pairs: [(client: Int32, server: Int32)] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    func drop(_ index: Int) {
      // With a reset, as a server that crashed does.
      var abruptly = linger(l_onoff: 1, l_linger: 0)
      setsockopt(pairs[index].client, SOL_SOCKET, SO_LINGER, &abruptly, socklen_t(MemoryLayout<linger>.size))
      close(pairs[index].client)
      close(pairs[index].server)
      pairs.remove(at: index)
    }
    while !isOver.load(ordering: .relaxed) {
      if mustCut.exchange(false, ordering: .relaxed) { while !pairs.isEmpty { drop(0) } }
      let frozen = isFrozen.load(ordering: .relaxed)
      let muted = isMuted.load(ordering: .relaxed)
      var polls = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
      for pair in pairs {
        polls.append(pollfd(fd: pair.client, events: frozen ? 0 : Int16(POLLIN), revents: 0))
        polls.append(pollfd(fd: pair.server, events: frozen || muted ? 0 : Int16(POLLIN), revents: 0))
      }
      poll(&polls, nfds_t(polls.count), 5)
      for index in pairs.indices.reversed() {
        let ends = [(polls[index * 2 + 1], pairs[index].server), (polls[index * 2 + 2], pairs[index].client)]
        for (from, to) in ends where from.revents & Int16(POLLIN) != 0 {
          let count = read(from.fd, &buffer, buffer.count)
          // Before they are passed on: whoever has them finds them counted.
          if count > 0, to == pairs[index].client { said.add(count, ordering: .releasing) }
          if count <= 0 || write(to, buffer, count) != count {
            drop(index)
            break
          }
        }
      }
      if polls[0].revents & Int16(POLLIN) != 0 { accept(into: &pairs) }
    }
    while !pairs.isEmpty { drop(0) }
    close(listener)
  }

  private func accept(into pairs: inout [(client: Int32, server: Int32)]) {
    let client = Glibc.accept(listener, nil, nil)
    guard client >= 0 else { return }
    let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = PostgresRelay.loopback(serverPort)
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    guard connected == 0 else {
      close(client)
      close(server)
      return
    }
    accepted.add(1, ordering: .relaxed)
    pairs.append((client, server))
  }
}
