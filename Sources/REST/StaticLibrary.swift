import Base
import Contract
import HTTP
import Service
import Synchronization

/// The documents that are the same for everyone: the OpenAPI description, the documentation page, the error pages.
final class StaticLibrary: Sendable {
  private let contract: Contract
  private let origin: String?
  /// Made when first asked for: a service that nobody asks for its description starts without it.
  private let made = Mutex<[String: StaticDocument]>([:])

  init(_ contract: Contract, origin: String?) {
    self.contract = contract
    self.origin = origin
  }

  func response(_ route: Route, _ request: HTTPRequest) -> HTTPResponse {
    HTTPResponse(document(route), request)
  }

  /// At most one for each description, asset and code.
  private func document(_ route: Route) -> StaticDocument {
    switch route {
    case .openAPI(let format):
      kept(format.rawValue) {
        format == .json
          ? StaticDocument(OpenAPI.document(contract: contract, origin: origin), "application/json")
          : StaticDocument(OpenAPI.yaml(contract: contract, origin: origin), "application/yaml")
      }
    case .docs(let asset): kept(asset.rawValue) { asset.document(contract) }
    case .problem(let code): kept(code.rawValue) { ProblemPage.document(code) }
    default: kept("/problems") { ProblemPage.index() }
    }
  }

  private func kept(_ name: String, _ make: () -> StaticDocument) -> StaticDocument {
    if let known = made.withLock({ $0[name] }) { return known }
    let document = make()
    return made.withLock { made in
      if let known = made[name] { return known }
      made[name] = document
      return document
    }
  }
}
