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
  }

  let entries: [Entry]
  let exposure: Exposure
  private let numbers: [String: Int]
  private let version: String
  private let healthPath: String

  init(_ contract: Contract, exposure: Exposure) {
    self.exposure = exposure
    version = contract.service.version
    healthPath = contract.service.healthEndpoint
    entries = contract.resources.map { Router.entry($0, version: contract.service.version) }
    numbers = Dictionary(entries.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  private static func entry(_ resource: Resource, version: String) -> Entry {
    let offer = OperationOffer(resource)
    let collectionTemplate = "/" + version + "/" + resource.name
    let itemTemplate = collectionTemplate + "/{id}"
    let transitions = (resource.states?.transitions ?? []).map {
      Transition(name: $0.name, template: itemTemplate + "/" + $0.name, offered: [.post, .options])
    }
    let readOnly = resource.storage.isReadOnly
    return Entry(
      name: resource.name, collectionTemplate: collectionTemplate, itemTemplate: itemTemplate,
      collectionOffered: offer.collection, itemOffered: offer.item,
      collectionServed: readOnly ? [.reading, .query] : [.reading, .query, .post],
      itemServed: readOnly ? .reading : [.reading, .put, .patch, .delete],
      transitions: transitions)
  }

  /// The route of a raw path (without its query). Throws `bad_request` for a bad escape, `not_found` for an unknown path.
  func route(_ path: ArraySlice<UInt8>) throws(Failure) -> Route {
    var segments = PathSegments(path)
    guard let first = try segments.next() else { throw unknown(path) }
    if first == version, exposure != .operations {
      return try resourceRoute(&segments, path: path)
    }
    if let fixed = fixedRoute(String(decoding: path, as: UTF8.self)) { return fixed }
    if first == "problems", exposure != .operations, let code = try segments.next(), segments.atEnd,
      let known = FailureCode(rawValue: code)
    {
      return .problem(known)
    }
    throw unknown(path)
  }

  private func fixedRoute(_ path: String) -> Route? {
    if path == healthPath { return .health(.all) }
    if let check = HealthCheck(rawValue: path) { return .health(check) }
    if path == "/metrics", exposure != .api { return .metrics }
    guard exposure != .operations else { return nil }
    if path == "/problems" { return .problems }
    return DocsAsset(rawValue: path).map { .docs($0) }
  }

  private func resourceRoute(_ segments: inout PathSegments, path: ArraySlice<UInt8>) throws(Failure) -> Route {
    guard let name = try segments.next() else { throw unknown(path) }
    guard let number = numbers[name] else {
      if segments.atEnd {
        if name == "openapi.json" { return .openAPI(.json) }
        if name == "openapi.yaml" { return .openAPI(.yaml) }
      }
      throw unknown(path, resource: name)
    }
    if segments.atEnd { return .collection(number) }
    guard let key = try segments.next(), !key.isEmpty else { throw unknown(path) }
    if segments.atEnd { return .item(number, key: key) }
    guard let action = try segments.next(), segments.atEnd,
      entries[number].transitions.contains(where: { $0.name == action })
    else { throw unknown(path) }
    return .transition(number, key: key, name: action)
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
  func template(_ route: Route) -> String {
    switch route {
    case .collection(let number): entries[number].collectionTemplate
    case .item(let number, _): entries[number].itemTemplate
    case .transition(let number, _, let name):
      entries[number].transitions.first { $0.name == name }?.template ?? entries[number].itemTemplate
    case .openAPI(let format): format == .json ? "/openapi.json" : "/openapi.yaml"
    case .docs(let asset): asset.rawValue
    case .problems: "/problems"
    case .problem: "/problems/{code}"
    case .health(let check): check.rawValue
    case .metrics: "/metrics"
    }
  }

  /// Every template that `template` can give, and what stands for unknown paths.
  var templates: [String] {
    var all = entries.flatMap { [$0.collectionTemplate, $0.itemTemplate] + $0.transitions.map(\.template) }
    all += ["/openapi.json", "/openapi.yaml", "/problems", "/problems/{code}", "/metrics", "unmatched"]
    all += DocsAsset.allCases.map(\.rawValue) + HealthCheck.allCases.map(\.rawValue)
    return all
  }

  /// The methods that `Allow` names.
  func offered(_ route: Route) -> MethodSet {
    switch route {
    case .collection(let number): entries[number].collectionOffered
    case .item(let number, _): entries[number].itemOffered
    case .transition: [.post, .options]
    default: .reading
    }
  }

  /// The methods that are not answered with 405.
  func served(_ route: Route) -> MethodSet {
    switch route {
    case .collection(let number): entries[number].collectionServed
    case .item(let number, _): entries[number].itemServed
    case .transition: [.post, .options]
    default: .reading
    }
  }
}
