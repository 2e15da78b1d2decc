import Base
import JSON

/// A value inside one of the documents that a schema is made of.
struct SchemaPlace {
  let document: Int
  let node: JSONNode
  /// How it is reached from the document's root.
  let path: [String]

  /// No two values of a document begin at one byte.
  struct Key: Hashable {
    let document: Int
    let offset: Int
  }
  var key: Key { Key(document: document, offset: node.offset) }

  func child(_ name: String, _ node: JSONNode) -> SchemaPlace { SchemaPlace(document: document, node: node, path: path + [name]) }
}

/// A schema with a URI of its own (2020-12, section 4.3.5), and the anchors in it.
struct SchemaResource {
  let base: URIReference
  let root: SchemaPlace
  var anchors: [String: SchemaPlace] = [:]
  var dynamicAnchors: [String: SchemaPlace] = [:]
}

/// Knows the resources and anchors of a schema, and where its references lead. Nothing is ever fetched: beside what the schema
/// carries there are only the metaschemas of 2020-12.
///
/// One compilation, one thread: not `Sendable`.
final class SchemaIndex {
  static let dialect = "https://json-schema.org/draft/2020-12/schema"
  /// What a schema without a URI of its own has for one.
  static let namelessBase = URIReference("schema://schema/")

  private(set) var documents: [JSONDocument] = []
  private(set) var resources: [SchemaResource] = []
  private var resourceOf: [String: Int] = [:]
  /// The resource that a schema is part of.
  private var owners: [SchemaPlace.Key: Int] = [:]
  private(set) var problems: [JSONSchemaFailure.Problem] = []
  /// More are not kept.
  static let problemsMax = 100

  init() {}

  func report(_ place: SchemaPlace, _ message: String) {
    // What is bundled is right.
    guard place.document == 0, problems.count < SchemaIndex.problemsMax else { return }
    problems.append(.init(path: place.path, message: message))
  }

  /// Takes up a document and all that it names.
  func add(_ document: JSONDocument, base: URIReference) -> SchemaPlace {
    documents.append(document)
    let place = SchemaPlace(document: documents.count - 1, node: document.root, path: [])
    resources.append(SchemaResource(base: base, root: place))
    if resourceOf[base.withoutFragment] == nil { resourceOf[base.withoutFragment] = resources.count - 1 }
    register(place, in: resources.count - 1)
    return place
  }

  func owner(of place: SchemaPlace) -> Int? { owners[place.key] }

  // MARK: What there is

  /// As deep as the document, whose depth its reader has bounded.
  private func register(_ place: SchemaPlace, in resource: Int) {
    guard place.node.kind == .object, owners[place.key] == nil else {
      if place.node.kind == .boolean { owners[place.key] = resource }
      return
    }
    let resource = named(place, in: resource)
    owners[place.key] = resource
    registerAnchor("$anchor", \.anchors, place, resource)
    registerAnchor("$dynamicAnchor", \.dynamicAnchors, place, resource)
    for member in place.node.members {
      let child = place.child(member.name, member.value)
      switch SchemaKeyword.shape[member.name] {
      case .schema: register(child, in: resource)
      case .list: for (number, item) in member.value.elements.enumerated() { register(child.child(String(number), item), in: resource) }
      case .map: for entry in member.value.members { register(child.child(entry.name, entry.value), in: resource) }
      case nil: break
      }
    }
  }

  /// The resource that begins there, where the schema has an `$id`.
  private func named(_ place: SchemaPlace, in resource: Int) -> Int {
    if let node = place.node["$schema"], node.stringValue.map({ $0 == SchemaIndex.dialect || $0 == SchemaIndex.dialect + "#" }) != true {
      report(place.child("$schema", node), "only \(SchemaIndex.dialect) is known")
    }
    guard let node = place.node["$id"] else { return resource }
    guard let text = node.stringValue else {
      report(place.child("$id", node), "$id must be a string")
      return resource
    }
    let uri = URIReference(text).resolved(against: resources[resource].base)
    guard uri.fragment ?? "" == "" else {
      report(place.child("$id", node), "$id must not have a fragment; $anchor names a place")
      return resource
    }
    let name = uri.withoutFragment
    if let known = resourceOf[name], resources[known].root.key == place.key { return known }
    guard resourceOf[name] == nil else {
      report(place.child("$id", node), "another schema has this $id")
      return resource
    }
    resources.append(SchemaResource(base: uri, root: place))
    resourceOf[name] = resources.count - 1
    return resources.count - 1
  }

  private func registerAnchor(
    _ keyword: String, _ anchors: WritableKeyPath<SchemaResource, [String: SchemaPlace]>, _ place: SchemaPlace, _ resource: Int
  ) {
    guard let node = place.node[keyword] else { return }
    guard let name = node.stringValue, SchemaIndex.isAnchor(name) else {
      report(place.child(keyword, node), "\(keyword) must be a name of letters, digits, - _ and .")
      return
    }
    guard resources[resource].anchors[name] == nil, resources[resource].dynamicAnchors[name] == nil else {
      report(place.child(keyword, node), "another schema has this anchor")
      return
    }
    resources[resource][keyPath: anchors][name] = place
  }

  private static func isAnchor(_ text: String) -> Bool {
    guard let first = text.utf8.first, first.isLetter || first == UInt8(ascii: "_") else { return false }
    return text.utf8.allSatisfy { $0.isLetter || $0.isDigit || [0x2d, 0x2e, 0x5f].contains($0) }
  }

  /// Whether the schema gives names to itself or its parts.
  var hasNames: Bool {
    resources.contains { $0.root.document == 0 && ($0.root.node["$id"] != nil || !$0.anchors.isEmpty || !$0.dynamicAnchors.isEmpty) }
  }

  // MARK: Where a reference leads

  struct Target {
    let place: SchemaPlace
    /// The anchor, where it is a dynamic one.
    var dynamicAnchor: String?
  }

  /// Nil where it leads nowhere, which is reported.
  func target(of reference: String, from place: SchemaPlace, in resource: Int) -> Target? {
    let uri = URIReference(reference).resolved(against: resources[resource].base)
    guard let found = resourceOf[uri.withoutFragment] ?? bundled(uri.withoutFragment) else {
      report(place, "there is no schema \(uri.withoutFragment.excerpt) in this one, and none is fetched")
      return nil
    }
    guard let fragment = PercentEncoding.decode(Array((uri.fragment ?? "").utf8)[...], plusIsSpace: false) else {
      report(place, "the reference is no URI")
      return nil
    }
    if fragment.isEmpty { return Target(place: resources[found].root) }
    if fragment.hasPrefix("/") { return pointed(fragment, at: found, from: place) }
    if let target = resources[found].dynamicAnchors[fragment] { return Target(place: target, dynamicAnchor: fragment) }
    if let target = resources[found].anchors[fragment] { return Target(place: target) }
    report(place, "there is no anchor \"\(fragment.excerpt)\"")
    return nil
  }

  private func pointed(_ fragment: String, at resource: Int, from place: SchemaPlace) -> Target? {
    var target = resources[resource].root
    var owner = resource
    for token in JSONPointer(fragment)?.tokens ?? ["\u{0}"] {
      let next = target.node.kind == .array ? Int(token).flatMap { target.node[$0] } : target.node[token]
      guard let next else {
        report(place, "there is no schema at \(fragment.excerpt)")
        return nil
      }
      target = target.child(token, next)
      owner = owners[target.key] ?? owner
    }
    guard target.node.kind == .object || target.node.kind == .boolean else {
      report(place, "what stands at \(fragment.excerpt) is no schema")
      return nil
    }
    // Beneath a keyword of somebody else's there may be schemas as well.
    if owners[target.key] == nil { register(target, in: owner) }
    return Target(place: target)
  }

  private func bundled(_ uri: String) -> Int? {
    guard let text = Metaschema.texts[uri], let document = try? JSONDocument.parse(Array(text.utf8)) else { return nil }
    _ = add(document, base: URIReference(uri))
    return resourceOf[uri]
  }
}
