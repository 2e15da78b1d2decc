package import Base
package import Contract
package import HTTP
import Identity
package import Service
import Store
package import Telemetry

/// The REST interface: routes a request, runs its operation and renders what came of it.
///
/// The order of checks, and so of errors: the path (400 bad escape, 404), the method (405), the caller (401), then
/// `OperationReader`'s (406, 415, 413, 400), then the service's own.
package final class RESTHandler: HTTPHandler {
  let router: Router
  let operations: any Operations
  let options: RESTOptions
  let library: StaticLibrary
  private let queries = KnownQueries()
  private let realm: String
  private let health: any HealthSource
  private let figures: @Sendable () -> [UInt8]
  private let observer: RequestObserver
  let memory: MemoryBudget
  let transfers: TransferPlaces
  private let throttle = AdaptiveThrottle()
  private let clock: any Clock
  private let random: any RandomSource

  /// - Parameters:
  ///   - figures: the text of `/metrics`.
  ///   - metrics: where requests are counted; nil counts nothing.
  ///   - log: called once for each request when its answer is ready.
  ///   - memory: where requests ask before they begin, and large bodies before they are read.
  package init(
    contract: Contract, operations: any Operations, health: any HealthSource, options: RESTOptions = RESTOptions(),
    clock: any Clock = SystemClock(), random: any RandomSource = SystemRandom(), metrics: ServiceMetrics? = nil,
    figures: @escaping @Sendable () -> [UInt8] = { [] }, log: @escaping @Sendable (RequestLog) -> Void = { _ in },
    memory: MemoryBudget = .unbounded
  ) {
    self.memory = memory
    transfers = TransferPlaces(placesMax: options.transfersMax)
    self.operations = operations
    self.health = health
    self.options = options
    self.clock = clock
    self.random = random
    self.figures = figures
    realm = contract.service.name
    router = Router(contract, exposure: options.exposure)
    library = StaticLibrary(contract, origin: options.publicOrigin)
    observer = RequestObserver(router: router, metrics: metrics, log: log)
  }

  package func respond(to request: HTTPRequest) async -> HTTPResponse {
    let started = clock.monotonicNanoseconds
    let now = clock.now
    var exchange = Exchange(requestID: requestID(request, at: now), place: router.unmatched)
    var response = await answer(request, at: now, &exchange)
    finish(&response, requestID: exchange.requestID)
    if let receipt = exchange.receipt { tell(receipt, in: &response, at: now) }
    options.crossOrigin?.apply(to: &response, request, methods: exchange.preflight)
    let nanoseconds = clock.monotonicNanoseconds &- started
    if options.showsTiming { response.headers.add("Server-Timing", ServerTiming.value(nanoseconds, statements: exchange.statements)) }
    if let watch = exchange.watch, request.method != .head {
      exchange.watch = nil
      watch.onEnd { [observer, clock, exchange, method = request.method] outcome in
        var exchange = exchange
        exchange.cause = outcome.cause
        observer.observe(
          method, exchange, status: outcome.status, bytes: outcome.bytes, nanoseconds: clock.monotonicNanoseconds &- started)
      }
      return response
    }
    observer.observe(request.method, exchange, response, nanoseconds: nanoseconds)
    return response
  }

  /// What HTTP itself refuses (a malformed head, a body that is too slow) as a problem document like any other, logged and
  /// counted as one.
  package func refusal(_ refusal: HTTPRefusal) -> HTTPResponse {
    let exchange = Exchange(requestID: RequestID.make(at: clock.now, random: random), place: router.unmatched)
    let detail = refusal.detail.last == "." ? String(refusal.detail.dropLast()) : refusal.detail
    var response = HTTPResponse(
      .ofHTTP(status: refusal.status, detail: detail), status: refusal.status, origin: origin(authority: nil),
      instance: refusal.path, requestID: exchange.requestID, realm: realm)
    finish(&response, requestID: exchange.requestID)
    options.crossOrigin?.apply(to: &response, origin: refusal.origin)
    observer.observe(nil, exchange, response, nanoseconds: 0)
    return response
  }

  // An async call costs some 400 instructions though nothing is waited for. What only one other calls is part of it.

  @inline(__always)
  private func answer(_ request: HTTPRequest, at now: Timestamp, _ exchange: inout Exchange) async -> HTTPResponse {
    do throws(Failure) {
      let route = try router.route(request.pathBytes)
      exchange.place = router.place(route)
      let method = request.method.asSet
      if method == .options {
        exchange.preflight = router.served(route)
        return allowed(router.offered(route))
      }
      guard !router.served(route).isDisjoint(with: method) else {
        return refused(notAllowed(request, route), request, &exchange, allow: router.offered(route))
      }
      return try await answer(request, route, at: now, &exchange)
    } catch {
      // A preflight that fails would hide from the script why: it is the request itself that is refused.
      if request.method == .options, request.pathBytes.elementsEqual("*".utf8) || options.crossOrigin?.isPreflight(request) == true {
        let all: MethodSet = [.reading, .query, .post, .put, .patch, .delete]
        exchange.preflight = all
        return allowed(all)
      }
      return refused(error, request, &exchange)
    }
  }

  @inline(__always)
  private func answer(
    _ request: HTTPRequest, _ route: Route, at now: Timestamp, _ exchange: inout Exchange
  ) async throws(Failure) -> HTTPResponse {
    switch route {
    case .collection, .item, .transition, .history, .restore, .query, .batch: return try await perform(request, route, at: now, &exchange)
    case .health(let check): return await HealthReply.response(check, source: health)
    case .metrics: return metricsResponse()
    default: return library.response(route, request)
    }
  }

  @inline(__always)
  private func perform(
    _ request: HTTPRequest, _ route: Route, at now: Timestamp, _ exchange: inout Exchange
  ) async throws(Failure) -> HTTPResponse {
    // Before anything is asked of the store.
    guard memory.admits() else { throw .memory }
    let isRead = !request.method.asSet.isDisjoint(with: [.reading, .query])
    if isRead, !throttle.admits(exchange.place, now: clock.monotonicNanoseconds) { throw .shed }
    let resource = route.resource.map { router.entries[$0].name } ?? route.query ?? ""
    guard !request.isRepeated("authorization") else { throw Failure(.badRequest, "Authorization stands twice") }
    let caller = try await caller(of: request, at: now)
    exchange.caller = caller.id
    let positions = operations.positions
    let context = RequestContext(
      requestID: exchange.requestID, ip: request.peer, method: request.method.name, time: now,
      contentCoding: request.acceptedCoding.contentCoding,
      place: isRead ? positions.map { ReadPlace(position: $0.position(request.header("martlet-position"), now: now)) } : nil,
      receipt: isRead || positions == nil ? nil : WriteReceipt())
    exchange.receipt = context.receipt
    if router.offered(route).isDisjoint(with: request.method.asSet) {
      // Open to nobody: the service says so (403 or 404) whatever else is right or wrong with the request.
      let operation = Operation(
        OperationReader.action(route, request.method.asSet), resource: resource, key: route.key, caller: caller, context: context)
      return HTTPResponse(try await operations.perform(operation), isAuthenticated: caller.isAuthenticated)
    }
    var reader = OperationReader(
      request: request, resource: resource, bodyBytesMax: options.bodyBytesMax, queries: queries, memory: memory)
    if request.header("prefer") != nil { reader.preferences = Preferences(request.headers("prefer").joined(separator: ", ")) }
    if case .collection = route, [.get, .head].contains(request.method), let form = Negotiation.transferForm(request.accept) {
      return try await export(reader, route, as: form, caller: caller, context: context, &exchange)
    }
    if case .collection = route, request.method == .post,
      let form = try Negotiation.transferForm(contentType: try reader.single("content-type"))
    {
      return try await performImport(reader, form, caller: caller, context: context, &exchange)
    }
    var answer: Answer
    if route == .batch {
      let (body, idempotency) = try await reader.batch()
      var lease: MemoryLease?
      guard memory.cover(JSONWeight.bytes(of: body), by: &lease) else { throw .memory }
      var batch = try BatchReader(router: router, caller: caller, context: context).batch(body)
      batch.idempotency = idempotency
      answer = try await operations.perform(batch)
      answer.lease = memory.count(answer.body.count)
      withExtendedLifetime(lease) {}
    } else {
      let operation = try await reader.operation(route, caller: caller, context: context)
      do throws(Failure) {
        answer = try await operations.perform(operation)
      } catch {
        if isRead { throttle.ended(exchange.place, wasShed: error.wasShed, now: clock.monotonicNanoseconds) }
        throw error
      }
      if isRead { throttle.ended(exchange.place, wasShed: false, now: clock.monotonicNanoseconds) }
    }
    exchange.statements = answer.statements
    let applied = reader.preferences == .none ? nil : reader.preferences.applied(to: &answer, of: request.method.asSet)
    var response = HTTPResponse(answer, isAuthenticated: caller.isAuthenticated)
    if let applied { response.headers.add("Preference-Applied", applied) }
    return response
  }

  @inline(__always)
  private func caller(of request: HTTPRequest, at now: Timestamp) async throws(Failure) -> Caller {
    if let authorization = request.headerBytes("authorization"),
      let known = operations.knownCaller(authorization: authorization, now: now)
    {
      return known
    }
    return try await operations.caller(authorization: request.header("authorization"))
  }

  // MARK: Parts of answers

  private func refused(
    _ failure: Failure, _ request: HTTPRequest, _ exchange: inout Exchange, allow: MethodSet? = nil
  ) -> HTTPResponse {
    exchange.statements = failure.statements
    exchange.cause = failure.cause
    exchange.wasShed = failure.wasShed
    var response = HTTPResponse(
      failure, origin: origin(authority: request.authority), instance: request.path, requestID: exchange.requestID, realm: realm)
    if let allow { response.headers.add("Allow", allow.allow) }
    return response
  }

  private func notAllowed(_ request: HTTPRequest, _ route: Route) -> Failure {
    let allow = router.offered(route).allow
    return Failure(.methodNotAllowed, "\(request.method.name) is not possible here; use one of: \(allow)")
  }

  private func allowed(_ methods: MethodSet) -> HTTPResponse {
    var response = HTTPResponse(204)
    response.headers.add("Allow", methods.allow)
    if methods.contains(.patch) {
      response.headers.add("Accept-Patch", Negotiation.acceptedPatches)
    }
    if methods.contains(.query) { response.headers.add(lines: "Accept-Query: application/json\r\n") }
    response.headers.add(lines: SecurityHeaders.data)
    return response
  }

  private func metricsResponse() -> HTTPResponse {
    let text = figures()
    var response = HTTPResponse(200, body: .bytes(text))
    // Whoever watches the service is told how it is above all when nothing is left.
    response.lease = memory.count(text.count)
    response.headers.add("Content-Type", PrometheusText.contentType)
    response.headers.add(lines: "Cache-Control: no-store\r\n")
    response.headers.add(lines: SecurityHeaders.data)
    return response
  }

  /// Where the request's changes stand. One that was carried out before, or may have been, is found in the primary alone.
  private func tell(_ receipt: WriteReceipt, in response: inout HTTPResponse, at now: Timestamp) {
    let isOpen = response.status >= 500 || response.headers.first("idempotency-replayed") != nil
    guard let position = receipt.position ?? (isOpen ? WriteReceipt.unknown : nil), let positions = operations.positions else { return }
    response.headers.add("Martlet-Position", positions.token(position, now: now))
  }

  private func finish(_ response: inout HTTPResponse, requestID: String) {
    response.headers.add("X-Request-Id", requestID)
    if options.isSecure { response.headers.add(lines: SecurityHeaders.strictTransport) }
  }

  private func requestID(_ request: HTTPRequest, at now: Timestamp) -> String {
    if let given = request.header("x-request-id"), RequestID.isSane(given) { return given }
    return RequestID.make(at: now, random: random)
  }

  private func origin(authority: String?) -> String {
    if let publicOrigin = options.publicOrigin { return publicOrigin }
    return (options.isSecure ? "https://" : "http://") + (authority ?? "localhost")
  }
}
