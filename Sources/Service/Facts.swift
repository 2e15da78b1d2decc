import Base
import Expression
import Identity

/// What rules may know besides the record: the caller, the request and the time.
struct Facts: Sendable, ExpressionBindings {
  let caller: Caller
  let context: RequestContext

  func caller(_ member: ExpressionNode.CallerMember) -> Value? {
    switch member {
    case .authenticated: .boolean(caller.isAuthenticated)
    case .roles: .list(caller.roles.map { .string($0) })
    case .scopes: .list(caller.scopes.map { .string($0) })
    // For a caller without a token these are errors, so that no ownerless record is anyone's.
    case .id: caller.id.map { .uuid($0) }
    case .subject: caller.subject.map { .string($0) }
    case .issuer: caller.issuer.map { .string($0) }
    case .tenant: caller.isAuthenticated ? caller.tenant : nil
    case .claim(let name): caller.isAuthenticated ? caller.claims[name] ?? .null : nil
    }
  }

  func hasRole(_ role: String) -> Bool { caller.roles.contains(role) }

  func request(_ member: ExpressionNode.RequestMember) -> Value? {
    switch member {
    case .ip: .string(context.ip)
    case .time: .timestamp(context.time)
    case .method: .string(context.method)
    }
  }

  var now: Timestamp? { context.time }
}
