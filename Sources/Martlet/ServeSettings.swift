import Base
package import Identity
package import REST
package import Reactor
package import Telemetry

/// How a service is run: what the command's flags say, and the contract does not.
package struct ServeSettings: Sendable {
  /// Where the API listens.
  package var listeners: [ListenAddress] = [.tcp(host: "127.0.0.1", port: 8080)]
  /// A listener of its own for `/health*` and `/metrics`; the API's listeners leave `/metrics` out then.
  package var operations: ListenAddress?
  /// Where the signing key is kept.
  package var dataFolder = "data"
  /// The service's own key where it is not kept in the data folder.
  package var signingKey: ServiceKey.Source?
  /// Event loops; one for each core as a rule.
  package var threads = 1
  package var logFormat = LogFormat.json
  package var logLevel = LogLevel.info
  /// How long requests in flight may go on after SIGTERM.
  package var drainLimit: Duration = .seconds(30)
  /// Bytes that requests under way may make the process hold, all together.
  package var memoryLimit = MemoryBudget.limitDefault
  /// Scheme and authority for absolute URLs, where a proxy stands before the service.
  package var publicOrigin: String?
  /// Answers say how long they took (`Server-Timing`).
  package var showsTiming = false
  /// Who started the service, where that is systemd.
  package var manager = ServiceManager({ _ in nil }, process: 0)
  /// Pages of which other origins may call the API from a browser.
  package var crossOrigin: CrossOrigin?

  package init() {}
}

/// Why a service cannot start.
package struct StartError: Error, CustomStringConvertible {
  package enum Reason: Sendable {
    /// The contract, the schema or the settings do not fit.
    case refused
    /// A dependency cannot be reached.
    case unreachable
  }
  package var reason: Reason
  package var description: String

  package init(_ reason: Reason, _ description: String) {
    self.reason = reason
    self.description = description
  }
}
