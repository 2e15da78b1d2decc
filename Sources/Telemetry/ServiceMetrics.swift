import Synchronization

/// The figures of a running service: what `/metrics` shows.
///
/// Routes and loops are declared when the service starts; their handles are kept, so that a request adds without a look-up.
package final class ServiceMetrics: Sendable {
  package let registry: MetricRegistry
  /// Requests that were refused because a bound was reached.
  package let overloads: Counter
  private let routes = Mutex<[String: RouteMetrics]>([:])

  package init(registry: MetricRegistry = MetricRegistry()) {
    self.registry = registry
    overloads = registry.counter("martlet_overloads_total", help: "Requests refused because a bound was reached.")
  }

  /// Declares a route: its pattern, never a path. Keep what it returns. What is declared again (by a second listener, or by a
  /// contract that took another's place) goes on counting.
  package func route(method: String, route: String) -> RouteMetrics {
    routes.withLock { routes in
      let name = method + " " + route
      if let known = routes[name] { return known }
      let made = RouteMetrics(registry: registry, method: method, route: route)
      routes[name] = made
      return made
    }
  }
}

/// A route's counters by status and its durations.
package struct RouteMetrics: Sendable {
  /// Statuses that have a counter of their own; others count as `other`.
  static let statuses = [
    100, 101, 200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414,
    415, 416, 417, 421, 422, 425, 426, 428, 429, 431, 499, 500, 501, 502, 503, 504, 505,
  ]
  /// The place of each status from 100 to 599 in `statuses`.
  private static let places: [UInt8] = {
    var places = [UInt8](repeating: UInt8(statuses.count), count: 500)
    for (index, status) in statuses.enumerated() { places[status - 100] = UInt8(index) }
    return places
  }()

  private let cells = AtomicCells(count: RouteMetrics.statuses.count + 1)
  package let durations: Histogram

  init(registry: MetricRegistry, method: String, route: String) {
    let cells = cells
    registry.counters(
      "martlet_http_requests_total", help: "Requests answered.", labelNames: ["method", "route", "status"],
      (RouteMetrics.statuses.map(String.init) + ["other"]).enumerated().map { index, status in
        ([method, route, status], Counter(cells, index))
      })
    durations = registry.durations(
      "martlet_http_request_duration_seconds", help: "From the request reaching its handler to its answer being ready.",
      labels: [("method", method), ("route", route)])
  }

  /// Counts one answer.
  package func observe(status: Int, nanoseconds: UInt64) {
    let place = status >= 100 && status < 600 ? Int(RouteMetrics.places[status - 100]) : RouteMetrics.statuses.count
    cells.add(1, at: place)
    durations.observe(nanoseconds: nanoseconds)
  }

  /// How many answers had that status.
  package func count(status: Int) -> Int {
    RouteMetrics.statuses.firstIndex(of: status).map { cells[$0] } ?? cells[RouteMetrics.statuses.count]
  }
}
