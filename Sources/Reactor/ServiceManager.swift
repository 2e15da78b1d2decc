/// What systemd wants to know of a service, and what it hands to it: sd_notify(3), sd_listen_fds(3). Without systemd nothing of it
/// does anything.
package struct ServiceManager: Sendable {
  private let address: SocketAddress?
  /// Sockets that listen already, with the names that the unit gave them.
  package let sockets: [(name: String, address: ListenAddress)]

  /// The first descriptor that is handed over.
  private static let firstDescriptor: Int32 = 3
  private static let socketsMax = 64

  /// - Parameters:
  ///   - environment: looks a variable up.
  ///   - process: this process's id; what was meant for another is left alone.
  package init(_ environment: (String) -> String?, process: Int32) {
    let name = environment("NOTIFY_SOCKET") ?? ""
    let isAbstract = name.hasPrefix("@")
    address = isAbstract || name.hasPrefix("/") ? SocketAddress(unixPath: name, isAbstract: isAbstract) : nil
    guard environment("LISTEN_PID").flatMap(Int32.init) == process, let count = environment("LISTEN_FDS").flatMap(Int.init), count > 0
    else {
      sockets = []
      return
    }
    let names = (environment("LISTEN_FDNAMES") ?? "").split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    sockets = (0..<min(count, ServiceManager.socketsMax)).map { place in
      (names.indices.contains(place) ? names[place] : "", .inherited(descriptor: ServiceManager.firstDescriptor + Int32(place)))
    }
  }

  package enum State: Sendable {
    case ready, reloading, stopping
  }

  /// - Parameter monotonicNanoseconds: of the system's monotonic clock, now.
  package func tell(_ state: State, monotonicNanoseconds: UInt64) {
    guard let address else { return }
    let text =
      switch state {
      case .ready: "READY=1"
      case .reloading: "RELOADING=1\nMONOTONIC_USEC=\(monotonicNanoseconds / 1000)"
      case .stopping: "STOPPING=1"
      }
    SystemSocket.sendDatagram(Array(text.utf8), to: address)
  }
}
