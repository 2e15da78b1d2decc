package import Base
package import Identity

extension Engine: Operations {
  package func perform(_ operation: Operation) async throws(Failure) -> Answer {
    if case .query(let parameters) = operation.action { return try await readQuery(operation, parameters) }
    guard let plan = plan(of: operation.resource) else {
      throw Failure(.notFound, "There is no resource \(operation.resource)")
    }
    return switch operation.action {
    case .list: try await readList(operation, plan: plan)
    case .read(let parameters): try await readItem(operation, parameters, plan: plan)
    case .history(let parameters): try await readHistory(operation, parameters, plan: plan)
    case .query(let parameters): try await readQuery(operation, parameters)
    case .create: try await create(operation, plan: plan)
    case .update, .patch, .replace, .delete, .restore, .transition: try await modify(operation, plan: plan)
    }
  }

  package func caller(authorization: String?) async throws(Failure) -> Caller {
    try await directory.caller(authorization: authorization, engine: self)
  }

  package func knownCaller(authorization: ArraySlice<UInt8>, now: Timestamp) -> Caller? {
    directory.knownCaller(authorization: authorization, now: now)
  }
}
