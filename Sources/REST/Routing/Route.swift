import Service

/// What a path leads to. Resources and transitions are numbers of the router's tables.
enum Route: Sendable, Equatable {
  case collection(Int)
  /// The id percent-decoded; a slash that was encoded in it is part of it.
  case item(Int, key: String)
  case transition(Int, key: String, name: String)
  case history(Int, key: String)
  case restore(Int, key: String)
  /// The number and the name of a named query.
  case query(Int, name: String)
  case batch
  case openAPI(OpenAPIFormat)
  case docs(DocsAsset)
  case problems
  case problem(FailureCode)
  case health(HealthCheck)
  case metrics
}

extension Route {
  /// The number of the resource that it is of.
  var resource: Int? {
    switch self {
    case .collection(let number), .item(let number, _), .transition(let number, _, _), .history(let number, _),
      .restore(let number, _):
      number
    default: nil
    }
  }
}

extension Route {
  /// The name of the query that it is of.
  var query: String? { if case .query(_, let name) = self { name } else { nil } }
}

/// The text form of the description.
enum OpenAPIFormat: String, Sendable {
  case json, yaml
}

/// A file of the documentation page.
enum DocsAsset: String, Sendable, CaseIterable {
  case page = "/docs"
  case script = "/docs/app.js"
  case style = "/docs/style.css"
  case icon = "/docs/icon.svg"
}

/// Which question about health is asked.
package enum HealthCheck: String, Sendable, CaseIterable {
  /// The state of each dependency.
  case all = "/health"
  /// Whether the process works at all: restart it where it does not.
  case live = "/health/live"
  /// Whether it can take requests: send them elsewhere while it cannot.
  case ready = "/health/ready"
}
