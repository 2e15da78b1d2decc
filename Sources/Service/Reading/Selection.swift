import Base
import Contract

/// `fields=` and `include=`, parsed and checked against one resource: which members an answer shows, and what stands in
/// place of its relations.
struct Selection: Sendable, Hashable {
  /// Names of members to show; nil for all.
  var fields: [String]?
  /// By relation name, in the order of the request.
  var includes: [Include] = []

  struct Include: Sendable, Hashable {
    var relation: String
    var selection: Selection
  }

  static let all = Selection()
  static let depthMax = 3
  static let namesMax = 200

  /// Shows this member, as far as the request goes.
  func shows(_ name: String) -> Bool { fields?.contains(name) ?? true }

  /// Parses both parameters. Names that the caller may not see are reported exactly as names that do not exist.
  ///
  /// - Parameter visible: the members of a resource that the caller may see at all.
  init(
    fields: String?, include: String?, resource: Resource, contract: Contract, visible: (Resource) -> [String]
  ) throws(Failure) {
    self.init()
    if let include {
      for path in try Selection.paths(include, parameter: "include") {
        guard path.count <= Selection.depthMax else {
          throw Failure.parameter("include", "\"\(path.joined(separator: ".").excerpt)\" is deeper than \(Selection.depthMax) relations")
        }
        try add(include: path[...], resource: resource, contract: contract, visible: visible)
      }
    }
    if let fields {
      for path in try Selection.paths(fields, parameter: "fields") {
        try add(field: path[...], resource: resource, contract: contract, visible: visible)
      }
    }
  }

  init() {}

  private static func paths(_ text: String, parameter: String) throws(Failure) -> [[String]] {
    let paths = text.split(separator: ",", omittingEmptySubsequences: false).map { path in
      path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    }
    guard paths.count <= namesMax else { throw Failure.parameter(parameter, "names more than \(namesMax) members") }
    guard paths.allSatisfy({ $0.allSatisfy { !$0.isEmpty } }) else {
      throw Failure.parameter(parameter, "holds an empty name: write names separated by commas, such as id,name")
    }
    return paths
  }

  private mutating func add(
    include path: ArraySlice<String>, resource: Resource, contract: Contract, visible: (Resource) -> [String]
  ) throws(Failure) {
    guard let name = path.first else { return }
    let relations = visible(resource).filter { Selection.target(of: $0, in: resource) != nil } + resource.collections.map(\.name)
    guard relations.contains(name), let target = Selection.target(of: name, in: resource).flatMap(contract.resource) else {
      throw Failure.parameter("include", "\(resource.name) has no relation \"\(name.excerpt)\"", Suggestion.question(name, in: relations))
    }
    let place: Int
    if let known = includes.firstIndex(where: { $0.relation == name }) {
      place = known
    } else {
      place = includes.count
      includes.append(Include(relation: name, selection: Selection()))
    }
    try includes[place].selection.add(include: path.dropFirst(), resource: target, contract: contract, visible: visible)
  }

  private mutating func add(
    field path: ArraySlice<String>, resource: Resource, contract: Contract, visible: (Resource) -> [String]
  ) throws(Failure) {
    guard let name = path.first else { return }
    if path.count > 1 {
      guard let place = includes.firstIndex(where: { $0.relation == name }),
        let target = Selection.target(of: name, in: resource).flatMap(contract.resource)
      else {
        throw Failure.parameter("fields", "\"\(name.excerpt)\" is not included", "add include=\(name.excerpt)")
      }
      fields = fields ?? []
      try includes[place].selection.add(field: path.dropFirst(), resource: target, contract: contract, visible: visible)
      return
    }
    let members = visible(resource)
    guard members.contains(name) || includes.contains(where: { $0.relation == name }) else {
      if resource.collection(name) != nil { throw Failure.parameter("fields", "\"\(name)\" is not included", "add include=\(name)") }
      throw Failure.parameter("fields", "\(resource.name) has no field \"\(name.excerpt)\"", Suggestion.question(name, in: members))
    }
    if fields?.contains(name) != true { fields = (fields ?? []) + [name] }
  }

  /// The resource that a relation of this name leads to.
  static func target(of name: String, in resource: Resource) -> String? {
    if case .ref(let reference) = resource.field(name)?.type { return reference.resource }
    return resource.collection(name)?.resource
  }
}
