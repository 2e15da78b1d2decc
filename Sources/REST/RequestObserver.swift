import Base
import HTTP
import Telemetry

/// What is learnt of one request while it is answered.
struct Exchange {
  let requestID: String
  /// The template; a path that leads nowhere has none of its own.
  var route = "unmatched"
  var caller: UUID?
  var statements = 0
  var cause: String?
  /// What a browser that asks beforehand may send here; set for `OPTIONS` only.
  var preflight: MethodSet?

  init(requestID: String) { self.requestID = requestID }
}

/// Counts and logs requests. Routes are declared once, so that counting is a look-up and two additions.
struct RequestObserver: Sendable {
  /// By template, then by the method's place in `MethodSet`; the last is for methods that no endpoint has.
  private var routes: [String: [RouteMetrics]] = [:]
  private let log: @Sendable (RequestLog) -> Void

  init(router: Router, metrics: ServiceMetrics?, log: @escaping @Sendable (RequestLog) -> Void) {
    self.log = log
    guard let metrics else { return }
    for template in router.templates {
      routes[template] =
        (MethodSet.names.sorted { $0.method.rawValue < $1.method.rawValue }.map(\.name) + ["other"])
        .map { metrics.route(method: $0, route: template) }
    }
  }

  /// Of a request whose client left before its answer was ready: nobody got the answer, so its status is no news.
  static let abandonedStatus = 499

  /// - Parameter method: nil where the request was refused before it was whole.
  func observe(_ method: HTTPMethod?, _ exchange: Exchange, _ response: HTTPResponse, nanoseconds: UInt64) {
    let status = method != nil && Task.isCancelled ? RequestObserver.abandonedStatus : response.status
    if let route = routes[exchange.route] {
      let set = method?.asSet ?? []
      let place = set.isEmpty ? route.count - 1 : set.rawValue.trailingZeroBitCount
      if place < route.count { route[place].observe(status: status, nanoseconds: nanoseconds) }
    }
    var bytes = 0
    if case .bytes(let body) = response.body { bytes = body.count }
    log(
      RequestLog(
        method: method.map { $0.asSet.isEmpty ? "other" : $0.name } ?? "other", route: exchange.route, status: status,
        durationNanoseconds: nanoseconds, bytes: bytes, caller: exchange.caller, requestID: exchange.requestID,
        statements: exchange.statements, cause: exchange.cause))
  }
}
