package import Contract
package import Identity
package import Service

/// A request written as `METHOD PATH?QUERY`, for `martlet explain`.
package enum RequestText {
  /// The operation it would run. A create or change has an empty object for its body.
  package static func operation(
    method: String, target: String, contract: Contract, caller: Caller, context: RequestContext
  ) throws(Failure) -> Operation {
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let router = Router(contract, exposure: .api)
    let route = try router.route(ArraySlice(Array(parts[0].utf8)))
    guard let asked = MethodSet.names.first(where: { $0.name == method })?.method, router.served(route).contains(asked) else {
      throw Failure(.methodNotAllowed, "\(method) is not possible here; use one of: \(router.offered(route).allow)")
    }
    let query = try QueryString(ArraySlice(Array((parts.count > 1 ? String(parts[1]) : "").utf8)))
    if let name = route.query {
      return Operation(.query(query.named()), resource: name, caller: caller, context: context)
    }
    guard let number = route.resource else { throw Failure(.notFound, "only requests for resources can be explained") }
    var action = OperationReader.action(route, asked)
    switch action {
    case .list: action = .list(query.list())
    case .read: action = .read(query.read())
    case .history: action = .history(query.history())
    default: break
    }
    var operation = Operation(
      action, resource: router.entries[number].name, key: route.key, caller: caller, context: context)
    operation.body = Array("{}".utf8)
    return operation
  }
}
