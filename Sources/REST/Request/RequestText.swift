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
    let number: Int
    let action: Operation.Action
    switch route {
    case .collection(let resource):
      number = resource
      action = asked == .post ? .create : .list(query.list())
    case .item(let resource, _):
      number = resource
      action =
        switch asked {
        case .patch: .update
        case .put: .replace
        case .delete: .delete
        default: .read(query.read())
        }
    case .transition(let resource, _, let name):
      number = resource
      action = .transition(name)
    default: throw Failure(.notFound, "only requests for resources can be explained")
    }
    var operation = Operation(
      action, resource: router.entries[number].name, key: route.key, caller: caller, context: context)
    operation.body = Array("{}".utf8)
    return operation
  }
}
