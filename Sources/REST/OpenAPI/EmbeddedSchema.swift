import Base
import JSON
import JSONSchema

/// The schema of a `json` field as a component of the document: it stands there once, and its references lead to it there.
enum EmbeddedSchema {
  static let root = "#/components/schemas/"

  /// - Parameter name: the component's.
  static func component(_ schema: JSONSchema, name: String, resource: String, field: String) -> JSONValue {
    guard var value = try? JSONValue(parsing: schema.text) else { return .object([:]) }
    guard case .object = value else { return value == false ? ["not": [:]] : .object([:]) }
    if schema.hasNames {
      // A resource of its own, whose references stay within it by its URI.
      if value["$id"] == nil { value["$id"] = .string("urn:martlet:schema:\(resource):\(field)") }
    } else {
      for (from, to) in schema.references { set(.string(root + name + fragment(to)), at: from[...], in: &value) }
    }
    guard case .object(var object) = value else { return value }
    object["$schema"] = nil
    return .object(object)
  }

  private static func set(_ value: JSONValue, at path: ArraySlice<String>, in target: inout JSONValue) {
    guard let name = path.first else {
      target = value
      return
    }
    switch target {
    case .object(var object):
      guard var child = object[name] else { return }
      set(value, at: path.dropFirst(), in: &child)
      object[name] = child
      target = .object(object)
    case .array(var items):
      guard let place = Int(name), items.indices.contains(place) else { return }
      set(value, at: path.dropFirst(), in: &items[place])
      target = .array(items)
    default: break
    }
  }

  /// RFC 6901 section 6: a pointer as the fragment of a URI.
  private static func fragment(_ path: [String]) -> String {
    var out = ""
    for name in path { out += "/" + PercentEncoding.fragment(JSONPointer.escaped(name)) }
    return out
  }
}
