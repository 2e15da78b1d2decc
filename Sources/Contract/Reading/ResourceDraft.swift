import YAML

/// A resource while it is read: the model so far, and the places it came from.
struct ResourceDraft {
  var resource: Resource
  /// The name's place; for what the contract does not declare itself, nil.
  var key: YAMLNode?
  var node: YAMLNode?
  /// Where each field of the model is written.
  var fieldNodes: [String: YAMLNode] = [:]
  var fieldKeys: [String: YAMLNode] = [:]
  /// Fields with an error of their own: what speaks of them is not an error again.
  var broken: Set<String> = []
  /// Declared fields whose engine is not there yet: valid, but not part of the model.
  var leftOut: Set<String> = []
  /// A table that Martlet did not make.
  var isAdopted = false

  init(_ name: String) { resource = Resource(name: name) }

  /// Every name that a record has in JSON.
  var memberNames: [String] {
    var names = ["id"] + resource.fields.map(\.name) + resource.collections.map(\.name)
    if resource.storage.hasTimestamps { names += ["created_at", "updated_at"] }
    if resource.storage.hasRevision { names.append("revision") }
    return names
  }

  func knows(_ name: String) -> Bool { memberNames.contains(name) || broken.contains(name) || leftOut.contains(name) }
}
