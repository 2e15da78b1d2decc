import Base
import Contract
import Service

/// Paths to routes: a table made once from the contract. Pure.
///
/// Segments are percent-decoded one by one after the split, so an encoded slash never makes a segment. A path matches
/// exactly or not at all: there is no case folding, no dot-segment removal and no forgiving of a slash at the end.
struct Router: Sendable {
  struct Transition: Sendable {
    let name: String
    let template: String
    let offered: MethodSet
    /// Of its template.
    let place: Int
  }

  struct Entry: Sendable {
    let name: String
    let collectionTemplate: String
    let itemTemplate: String
    /// What `Allow` and the OpenAPI document say.
    let collectionOffered: MethodSet
    let itemOffered: MethodSet
    /// What reaches the service: also what the contract grants to nobody, which the service refuses as its rules say.
    let collectionServed: MethodSet
    let itemServed: MethodSet
    let transitions: [Transition]
    /// The place of its history's template; nil where it shows none.
    let historyPlace: Int?
    /// The same of the path that brings a deleted record back; nil where none is kept.
    let restorePlace: Int?
    let restoreOffered: MethodSet
  }

  let entries: [Entry]
  let exposure: Exposure
  /// Every template that a route has, and last what stands for unknown paths.
  let templates: [String]
  /// The place of what stands for unknown paths.
  var unmatched: Int { templates.count - 1 }
  private let fixedPlace: Int
  private let queryNames: [String]
  private let numbers: [String: Int]
  private let version: String
  private let fixed: [(path: [UInt8], route: Route)]

  init(_ contract: Contract, exposure: Exposure) {
    self.exposure = exposure
    version = contract.service.version
    fixed = Router.fixedRoutes(contract.service.healthEndpoint, exposure: exposure)
    var templates: [String] = []
    for resource in contract.resources {
      let collection = "/" + contract.service.version + "/" + resource.name
      templates += [collection, collection + "/{id}"]
    }
    entries = contract.resources.map { Router.entry($0, version: contract.service.version, templates: &templates) }
    queryNames = contract.queries.map(\.name)
    templates += queryNames.map { "/" + contract.service.version + "/queries/" + $0 }
    fixedPlace = templates.count
    templates += DocsAsset.allCases.map(\.rawValue) + HealthCheck.allCases.map(\.rawValue)
    templates += ["/openapi.json", "/openapi.yaml", "/problems", "/problems/{code}", "/metrics", "/batch", "unmatched"]
    self.templates = templates
    numbers = Dictionary(entries.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  private static func entry(_ resource: Resource, version: String, templates: inout [String]) -> Entry {
    let offer = OperationOffer(resource)
    let collectionTemplate = "/" + version + "/" + resource.name
    let itemTemplate = collectionTemplate + "/{id}"
    let transitions = (resource.states?.transitions ?? []).map {
      templates.append(itemTemplate + "/" + $0.name)
      return Transition(
        name: $0.name, template: itemTemplate + "/" + $0.name, offered: [.post, .options], place: templates.count - 1)
    }
    func place(_ isThere: Bool, _ name: String) -> Int? {
      guard isThere else { return nil }
      templates.append(itemTemplate + "/" + name)
      return templates.count - 1
    }
    let readOnly = resource.storage.isReadOnly
    return Entry(
      name: resource.name, collectionTemplate: collectionTemplate, itemTemplate: itemTemplate,
      collectionOffered: offer.collection, itemOffered: offer.item,
      collectionServed: readOnly ? [.reading, .query] : [.reading, .query, .post],
      itemServed: readOnly ? .reading : [.reading, .put, .patch, .delete],
      transitions: transitions, historyPlace: place(resource.hasHistory, "history"),
      restorePlace: place(resource.isSoftDeleted, Resource.restoring), restoreOffered: offer.restores ? [.post, .options] : [.options])
  }

  /// The route of a raw path (without its query). Throws `bad_request` for a bad escape, `not_found` for an unknown path.
  func route(_ path: ArraySlice<UInt8>) throws(Failure) -> Route {
    var segments = PathSegments(path)
    guard let first = try segments.next() else { throw unknown(path) }
    if first == version, exposure != .operations {
      return try resourceRoute(&segments, path: path)
    }
    if let fixed = fixedRoute(path) { return fixed }
    if first == "problems", exposure != .operations, let code = try segments.next(), segments.atEnd,
      let known = FailureCode(rawValue: code)
    {
      return .problem(known)
    }
    throw unknown(path)
  }

  /// The paths that are always the same, as bytes: health checks come often.
  private static func fixedRoutes(_ healthPath: String, exposure: Exposure) -> [(path: [UInt8], route: Route)] {
    var routes: [(String, Route)] = [(healthPath, .health(.all))]
    routes += HealthCheck.allCases.map { ($0.rawValue, .health($0)) }
    if exposure != .api { routes.append(("/metrics", .metrics)) }
    if exposure != .operations {
      routes.append(("/problems", .problems))
      routes += DocsAsset.allCases.map { ($0.rawValue, .docs($0)) }
    }
    return routes.map { (Array($0.utf8), $1) }
  }

  private func fixedRoute(_ path: ArraySlice<UInt8>) -> Route? {
    search: for place in fixed.indices where fixed[place].path.count == path.count {
      for offset in 0..<path.count where path[path.startIndex + offset] != fixed[place].path[offset] { continue search }
      return fixed[place].route
    }
    return nil
  }

  private func resourceRoute(_ segments: inout PathSegments, path: ArraySlice<UInt8>) throws(Failure) -> Route {
    guard let name = try segments.next() else { throw unknown(path) }
    guard let number = numbers[name] else {
      if name == "queries", !segments.atEnd { return try queryRoute(&segments, path: path) }
      if segments.atEnd {
        if name == "openapi.json" { return .openAPI(.json) }
        if name == "openapi.yaml" { return .openAPI(.yaml) }
        if name == "batch" { return .batch }
      }
      throw unknown(path, resource: name)
    }
    if segments.atEnd { return .collection(number) }
    guard let key = try segments.next(), !key.isEmpty else { throw unknown(path) }
    if segments.atEnd { return .item(number, key: key) }
    guard let action = try segments.next(), segments.atEnd else { throw unknown(path) }
    if action == "history", entries[number].historyPlace != nil { return .history(number, key: key) }
    if action == Resource.restoring, entries[number].restorePlace != nil { return .restore(number, key: key) }
    guard entries[number].transitions.contains(where: { $0.name == action }) else { throw unknown(path) }
    return .transition(number, key: key, name: action)
  }

  private func queryRoute(_ segments: inout PathSegments, path: ArraySlice<UInt8>) throws(Failure) -> Route {
    guard let name = try segments.next(), segments.atEnd else { throw unknown(path) }
    if let number = queryNames.firstIndex(of: name) { return .query(number, name: name) }
    guard let near = Suggestion.nearest(name, in: queryNames) else { throw unknown(path) }
    throw Failure(.notFound, "There is no such query; did you mean /\(version)/queries/\(near)?")
  }

  private func unknown(_ path: ArraySlice<UInt8>, resource: String? = nil) -> Failure {
    if path.count > 1, path.last == UInt8(ascii: "/") {
      return Failure(.notFound, "There is nothing at this path; leave out the slash at its end")
    }
    if let resource, exposure != .operations,
      let near = Suggestion.nearest(resource, in: entries.map(\.name))
    {
      return Failure(.notFound, "There is nothing at this path; did you mean /\(version)/\(near)?")
    }
    if exposure == .operations { return Failure(.notFound, "There is nothing at this path; here are /health and /metrics") }
    return Failure(.notFound, "There is nothing at this path; /docs lists what there is")
  }

  /// The route as it stands in logs and metrics: never with an id in it.
  func template(_ route: Route) -> String { templates[place(route)] }

  /// The place of a route's template in `templates`.
  func place(_ route: Route) -> Int {
    switch route {
    case .collection(let number): number * 2
    case .item(let number, _): number * 2 + 1
    case .transition(let number, _, let name):
      entries[number].transitions.first { $0.name == name }.map(\.place) ?? number * 2 + 1
    case .history(let number, _): entries[number].historyPlace ?? number * 2 + 1
    case .restore(let number, _): entries[number].restorePlace ?? number * 2 + 1
    case .query(let number, _): fixedPlace - queryNames.count + number
    case .docs(let asset): fixedPlace + (DocsAsset.allCases.firstIndex(of: asset) ?? 0)
    case .health(let check): fixedPlace + DocsAsset.allCases.count + (HealthCheck.allCases.firstIndex(of: check) ?? 0)
    case .openAPI(let format): format == .json ? unmatched - 6 : unmatched - 5
    case .problems: unmatched - 4
    case .problem: unmatched - 3
    case .metrics: unmatched - 2
    case .batch: unmatched - 1
    }
  }

  /// The methods that `Allow` names.
  func offered(_ route: Route) -> MethodSet {
    switch route {
    case .collection(let number): entries[number].collectionOffered
    case .item(let number, _): entries[number].itemOffered
    case .transition, .batch: [.post, .options]
    case .restore(let number, _): entries[number].restoreOffered
    default: .reading
    }
  }

  /// The methods that are not answered with 405.
  func served(_ route: Route) -> MethodSet {
    switch route {
    case .collection(let number): entries[number].collectionServed
    case .item(let number, _): entries[number].itemServed
    case .transition, .restore, .batch: [.post, .options]
    default: .reading
    }
  }
}
