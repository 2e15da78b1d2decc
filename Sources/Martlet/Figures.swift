import HTTP
import Reactor
import Store
import Synchronization
import Telemetry

/// The text of `/metrics`: what is counted as it happens, and what is read when somebody asks.
final class Figures: Sendable {
  private let metrics: ServiceMetrics
  private let store: any Store
  private let group: EventLoopGroup
  private let servers = Mutex<[HTTPServer]>([])

  init(metrics: ServiceMetrics, store: any Store, group: EventLoopGroup) {
    self.metrics = metrics
    self.store = store
    self.group = group
  }

  func add(_ server: HTTPServer) { servers.withLock { $0.append(server) } }

  func text() -> [UInt8] {
    var counters = HTTPServerCounters()
    for server in servers.withLock({ $0 }) {
      let one = server.counters()
      counters.connectionsOpen += one.connectionsOpen
      counters.connectionsAccepted += one.connectionsAccepted
      counters.connectionsRefused += one.connectionsRefused
      counters.parseErrors += one.parseErrors
      counters.timeouts += one.timeouts
      counters.abandoned += one.abandoned
    }
    metrics.connections.set(counters.connectionsOpen)
    metrics.connectionsAccepted.add(counters.connectionsAccepted - metrics.connectionsAccepted.value)
    gauge("martlet_http_connections_refused", "Client connections turned away at the bound.", counters.connectionsRefused)
    gauge("martlet_http_parse_errors", "Requests that were not HTTP.", counters.parseErrors)
    gauge("martlet_http_timeouts", "Heads, bodies, handlers and writes that took too long.", counters.timeouts)
    gauge("martlet_http_abandoned", "Requests whose client left while they were handled.", counters.abandoned)
    for loop in group.loops {
      metrics.registry.gauge(
        "martlet_loop_lag_microseconds", help: "The longest an event loop was late since the last look.",
        labels: [("loop", String(loop.index))]
      ).set(Int(clamping: loop.takeLag().max.components.attoseconds / 1_000_000_000_000))
    }
    for figure in store.gauges() { gauge("martlet_" + figure.name, figure.help, Int(figure.value)) }
    return metrics.registry.render()
  }

  private func gauge(_ name: String, _ help: String, _ value: Int) { metrics.registry.gauge(name, help: help).set(value) }
}
