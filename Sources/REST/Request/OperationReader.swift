import Base
import Crypto
import HTTP
import Identity
import JSON
import Service

/// Turns a request for a resource into an `Operation`. The order of its checks is the order of its errors: the form of the
/// answer (406), the form of the body (415, 413, 400), the query (400), preconditions and the idempotency key (400).
struct OperationReader {
  let request: HTTPRequest
  let resource: String
  let bodyBytesMax: Int
  let queries: KnownQueries
  let memory: MemoryBudget
  var preferences = Preferences.none

  private var isLenient: Bool { preferences.handling == .lenient }

  func operation(_ route: Route, caller: Caller, context: RequestContext) async throws(Failure) -> Operation {
    guard Negotiation.acceptsJSON(request.accept) else {
      throw Failure(.notAcceptable, "This endpoint answers application/json")
    }
    let method = request.method.asSet
    let hasBody = OperationReader.takesBody(method) || !request.body.isEmpty
    let body: (bytes: [UInt8], subtype: String) = hasBody ? try await body(route, method) : ([], "")
    let (asked, parameters) = try action(route, method, body: body.bytes)
    let isPatch = asked == .update && body.subtype == Negotiation.jsonPatch
    var operation = Operation(isPatch ? .patch : asked, resource: resource, key: route.key, caller: caller, context: context)
    operation.isLenient = isLenient
    // What was planned for one that passes over unknown names is not for others.
    operation.parameters = isLenient ? nil : parameters
    guard memory.cover(JSONWeight.bytes(of: body.bytes), by: &operation.lease) else { throw .memory }
    if method != .query { operation.body = body.bytes }
    try readPreconditions(into: &operation)
    if method == .post || method == .patch { operation.idempotency = try idempotency(body.bytes) }
    return operation
  }

  /// A list that is streamed.
  func export(_ route: Route, caller: Caller, context: RequestContext) async throws(Failure) -> Operation {
    _ = try await body(route, .get)
    let (asked, _) = try action(route, .get, body: [])
    var operation = Operation(asked, resource: resource, caller: caller, context: context)
    operation.isLenient = isLenient
    return operation
  }

  /// An import, whose body is still to come.
  func recordImport(_ form: TransferForm, caller: Caller, context: RequestContext) throws(Failure) -> RecordImport {
    guard Negotiation.acceptsJSON(request.accept) else {
      throw Failure(.notAcceptable, "This endpoint answers application/json")
    }
    try Negotiation.demandIdentity(contentEncoding: joined("content-encoding"))
    if !isLenient { try QueryString(request.queryBytes).demandNone() }
    var order = RecordImport(resource, form, caller: caller, context: context)
    order.isStrict = preferences.handling == .strict
    order.isLenient = isLenient
    // The body is not known yet: what came of it is kept beside the key.
    order.idempotency = try idempotency(Array(form.rawValue.utf8))
    return order
  }

  /// The body of a batch, and its key.
  func batch() async throws(Failure) -> (body: [UInt8], idempotency: Idempotency?) {
    guard Negotiation.acceptsJSON(request.accept) else {
      throw Failure(.notAcceptable, "This endpoint answers application/json")
    }
    let body = try await body(.batch, .post).bytes
    if !isLenient { try QueryString(request.queryBytes).demandNone() }
    return (body, try idempotency(body))
  }

  // MARK: The action

  private func action(
    _ route: Route, _ method: MethodSet, body: [UInt8]
  ) throws(Failure) -> (Operation.Action, ParameterIdentity?) {
    if method == .get || method == .head {
      switch route {
      case .item where request.queryBytes == nil: return (.plainRead, nil)
      case .collection: return try queries.list(request.queryBytes)
      default: break
      }
    }
    let action = OperationReader.action(route, method)
    let query = try QueryString(request.queryBytes)
    switch action {
    case .list:
      if !isLenient { try query.demandNone() }
      return (.list(try ListParameters(queryBody: body)), nil)
    case .read: return (.read(query.read()), nil)
    case .history: return (.history(query.history()), nil)
    case .query: return (.query(query.named()), nil)
    default:
      if !isLenient { try query.demandNone() }
      return (action, nil)
    }
  }

  /// What the method means there, without parameters.
  static func action(_ route: Route, _ method: MethodSet) -> Operation.Action {
    let isRead = !method.isDisjoint(with: .reading)
    switch route {
    case .collection where isRead || method == .query: return .list(ListParameters())
    case .item where isRead: return .read(ReadParameters())
    case .transition(_, _, let name): return .transition(name)
    case .history: return .history(HistoryParameters())
    case .query: return .query(QueryParameters())
    case .restore: return .restore
    case .item where method == .patch: return .update
    case .item where method == .put: return .replace
    case .item where method == .delete: return .delete
    default: return .create
    }
  }

  // MARK: The body

  private static func takesBody(_ method: MethodSet) -> Bool {
    method == .post || method == .put || method == .patch || method == .query
  }

  /// The body and the subtype of its media type.
  private func body(_ route: Route, _ method: MethodSet) async throws(Failure) -> (bytes: [UInt8], subtype: String) {
    guard OperationReader.takesBody(method) else {
      if request.body.isEmpty { return ([], "") }
      guard try await collected(limit: 0).isEmpty else { throw misplacedBody }
      return ([], "")
    }
    switch route {
    case .transition, .restore: return (try await transitionBody(), "json")
    default: break
    }
    if request.body.isEmpty { throw Failure(.malformedJSON, "The body is empty: expected a JSON object") }
    try Negotiation.demandIdentity(contentEncoding: joined("content-encoding"))
    let subtype = try Negotiation.demand(method == .patch ? .patch : .json, contentType: try single("content-type"))
    let body = try await collected(limit: bodyBytesMax)
    if body.isEmpty { throw Failure(.malformedJSON, "The body is empty: expected a JSON object") }
    return (body, subtype)
  }

  /// A transition takes nothing; clients that cannot POST without a body send an empty object.
  private func transitionBody() async throws(Failure) -> [UInt8] {
    if request.body.isEmpty { return [] }
    let body = try await collected(limit: 64)
    if body.isEmpty { return [] }
    try Negotiation.demandIdentity(contentEncoding: joined("content-encoding"))
    try Negotiation.demand(.json, contentType: try single("content-type"))
    guard body.filter({ $0 > 0x20 }).elementsEqual("{}".utf8) else { throw misplacedBody }
    return []
  }

  private var misplacedBody: Failure { Failure(.badRequest, "This request takes no body") }

  private func collected(limit: Int) async throws(Failure) -> [UInt8] {
    do throws(HTTPBodyError) {
      return try await request.body.collect(upTo: limit)
    } catch {
      switch error {
      case .tooLarge where limit < bodyBytesMax: throw misplacedBody
      case .tooLarge: throw Failure(.bodyTooLarge, "The body may be \(bodyBytesMax) bytes long")
      case .overloaded: throw .memory
      case .timeout: throw Failure(.requestTimeout, "The body did not come in time")
      case .malformed, .disconnected, .unreadable: throw Failure(.badRequest, "The body could not be read")
      }
    }
  }

  // MARK: Header fields

  /// All fields of a name as one list (RFC 9110 section 5.3).
  private func joined(_ name: StaticString) -> String? {
    request.isRepeated(name) ? request.headers(name).joined(separator: ", ") : request.header(name)
  }

  /// A field that may stand once only.
  func single(_ name: StaticString) throws(Failure) -> String? {
    guard !request.isRepeated(name) else { throw Failure(.badRequest, "\(name) stands twice") }
    return request.header(name)
  }

  private func readPreconditions(into operation: inout Operation) throws(Failure) {
    if let text = joined("if-match") {
      operation.preconditions.ifMatch = try EntityTagList.parse(text, header: "If-Match")
    }
    if let text = joined("if-none-match") {
      operation.preconditions.ifNoneMatch = try EntityTagList.parse(text, header: "If-None-Match")
    }
  }

  private func idempotency(_ body: [UInt8]) throws(Failure) -> Idempotency? {
    guard let text = try single("idempotency-key") else { return nil }
    let key = try IdempotencyKey.parse(text)
    var hasher = SHA256()
    // Each part with its length before it, so that no two requests run together into the same bytes.
    hasher.update(UInt64(request.method.name.utf8.count))
    hasher.update(request.method.name)
    hasher.update(UInt64(request.pathBytes.count))
    hasher.update(request.pathBytes)
    let query = request.queryBytes ?? []
    hasher.update(UInt64(query.count))
    hasher.update(query)
    hasher.update(body)
    return Idempotency(key: key, fingerprint: hasher.finish().bytes)
  }
}

extension HTTPRequest {
  /// All `Accept` fields as one.
  var accept: String? { isRepeated("accept") ? headers("accept").joined(separator: ", ") : header("accept") }
}

extension Route {
  /// The id in the path, where there is one.
  var key: String? {
    switch self {
    case .item(_, let key), .transition(_, let key, _), .history(_, let key), .restore(_, let key): key
    default: nil
    }
  }
}
