import Base
import HTTP
import Reactor
import Store
import Synchronization
import Telemetry

/// The text of `/metrics`: what is counted as it happens, and what is read when somebody asks.
final class Figures: Sendable {
  private let metrics: ServiceMetrics
  private let servers = Mutex<[HTTPServer]>([])

  init(metrics: ServiceMetrics, store: any Store, group: EventLoopGroup, memory: MemoryBudget) {
    self.metrics = metrics
    let registry = metrics.registry
    collect("connections", "Client connections that are open.", \.connectionsOpen)
    collect("connections_accepted_total", "Client connections accepted.", \.connectionsAccepted)
    collect("connections_refused_total", "Client connections turned away at the bound.", \.connectionsRefused)
    collect("parse_errors_total", "Requests that were not HTTP.", \.parseErrors)
    collect("timeouts_total", "Heads, bodies, handlers and writes that took too long.", \.timeouts)
    collect("abandoned_total", "Requests whose client left while they were handled.", \.abandoned)
    registry.collect(
      "martlet_loop_lag_microseconds", help: "The longest an event loop was late since the last look.", labels: ["loop"]
    ) {
      group.loops.map { MetricSample(labels: [String($0.index)], value: Double($0.takeLag().max.wholeMicroseconds)) }
    }
    registry.collect("martlet_memory_held_bytes", help: "Bytes that requests under way make the process hold.") {
      [MetricSample(value: Double(max(0, memory.held)))]
    }
    registry.collect("martlet_memory_limit_bytes", help: "Bytes that they may make it hold.") {
      [MetricSample(value: Double(memory.limit))]
    }
    registry.collect("martlet_memory_refusals_total", help: "Times that no more bytes were granted.", counts: true) {
      [MetricSample(value: Double(memory.refusals))]
    }
    for (place, figure) in store.gauges().enumerated() {
      registry.collect("martlet_" + figure.name, help: figure.help, counts: figure.name.hasSuffix("_total")) {
        let figures = store.gauges()
        return figures.indices.contains(place) ? [MetricSample(value: figures[place].value)] : []
      }
    }
  }

  func add(_ server: HTTPServer) { servers.withLock { $0.append(server) } }

  func text() -> [UInt8] { metrics.registry.render() }

  /// A figure of all servers together; a counter where its name says so.
  private func collect(_ name: String, _ help: String, _ figure: @escaping @Sendable (HTTPServerCounters) -> Int) {
    metrics.registry.collect("martlet_http_" + name, help: help, counts: name.hasSuffix("_total")) { [weak self] in
      let servers = self?.servers.withLock { $0 } ?? []
      return [MetricSample(value: Double(servers.reduce(0) { $0 + figure($1.counters()) }))]
    }
  }
}
