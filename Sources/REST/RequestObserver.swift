import Base
import HTTP
import Store
import Telemetry

/// What is learnt of one request while it is answered.
struct Exchange {
  let requestID: String
  /// The route's place among the router's templates.
  var place: Int
  var caller: UUID?
  var statements = 0
  var cause: String?
  var wasShed = false
  /// Of a change, where its client may be told where that stands.
  var receipt: WriteReceipt?
  /// What a browser that asks beforehand may send here; set for `OPTIONS` only.
  var preflight: MethodSet?
  /// Of an answer that is made while it is sent.
  var watch: StreamWatch?

  init(requestID: String, place: Int) {
    self.requestID = requestID
    self.place = place
  }
}

/// Counts and logs requests. Routes are declared once, so that counting is two additions.
struct RequestObserver: Sendable {
  private let templates: [String]
  /// By the template's place, then by the method's in `MethodSet`; the last is for methods that no endpoint has.
  private var routes: [[RouteMetrics]] = []
  private let log: @Sendable (RequestLog) -> Void

  init(router: Router, metrics: ServiceMetrics?, log: @escaping @Sendable (RequestLog) -> Void) {
    self.log = log
    templates = router.templates
    guard let metrics else { return }
    let methods = MethodSet.names.sorted { $0.method.rawValue < $1.method.rawValue }.map(\.name) + ["other"]
    routes = templates.map { template in methods.map { metrics.route(method: $0, route: template) } }
  }

  /// Of a request whose client left before its answer was ready: nobody got the answer, so its status is no news.
  static let abandonedStatus = 499

  /// - Parameter method: nil where the request was refused before it was whole.
  func observe(_ method: HTTPMethod?, _ exchange: Exchange, _ response: HTTPResponse, nanoseconds: UInt64) {
    var bytes = 0
    if case .bytes(let body) = response.body { bytes = body.count }
    let status = method != nil && Task.isCancelled ? RequestObserver.abandonedStatus : response.status
    observe(method, exchange, status: status, bytes: bytes, nanoseconds: nanoseconds)
  }

  func observe(_ method: HTTPMethod?, _ exchange: Exchange, status: Int, bytes: Int, nanoseconds: UInt64) {
    if !routes.isEmpty {
      let set = method?.asSet ?? []
      let last = routes[exchange.place].count - 1
      let place = set.isEmpty ? last : min(last, set.rawValue.trailingZeroBitCount)
      routes[exchange.place][place].observe(status: status, nanoseconds: nanoseconds)
    }
    log(
      RequestLog(
        method: method.map { $0.asSet.isEmpty ? "other" : $0.name } ?? "other", route: templates[exchange.place], status: status,
        durationNanoseconds: nanoseconds, bytes: bytes, caller: exchange.caller, requestID: exchange.requestID,
        statements: exchange.statements, cause: exchange.cause, wasShed: exchange.wasShed))
  }
}
