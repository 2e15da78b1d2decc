/// Where a server listens.
package enum ListenAddress: Sendable, Hashable, CustomStringConvertible {
  /// A numeric address or a name; port 0 takes a free one.
  case tcp(host: String, port: Int)
  case unix(path: String)
  /// A socket that listens already and was handed to this process (systemd's socket activation).
  case inherited(descriptor: Int32)

  package var description: String {
    switch self {
    case .tcp(let host, let port): host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unix(let path): "unix:\(path)"
    case .inherited(let descriptor): "descriptor \(descriptor)"
    }
  }
}
