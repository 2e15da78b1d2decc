import JSON
import Service

extension ListParameters {
  /// The parameters of a `QUERY` request: an object whose members are the parameters' names. Values are strings, numbers
  /// and booleans, or for `fields`, `include` and `sort` an array of strings.
  init(queryBody body: [UInt8]) throws(Failure) {
    self.init()
    let document: JSONDocument
    do throws(JSONError) { document = try JSONDocument.parse(body) } catch {
      throw Failure(.malformedJSON, "The body is not JSON: \(error.message) at byte \(error.offset)")
    }
    guard document.root.kind == .object else {
      throw Failure(.badRequest, "The body must be an object with the list's parameters")
    }
    var count = 0
    for member in document.root.members {
      count += 1
      guard count <= QueryString.parametersMax else {
        throw Failure(.badParameter, "The body holds more than \(QueryString.parametersMax) parameters")
      }
      guard let text = ListParameters.text(member.value, name: member.name) else {
        throw QueryString.refusal(member.name, code: "type", "has a value that is not a string, number or boolean")
      }
      set(member.name, text)
    }
  }

  private static func text(_ value: JSONNode, name: String) -> String? {
    switch value.kind {
    case .string: return value.stringValue
    case .integer, .number, .boolean: return String(decoding: JSONValue(value).bytes, as: UTF8.self)
    case .array where name == "fields" || name == "include" || name == "sort":
      var parts: [String] = []
      for element in value.elements {
        guard let part = element.stringValue else { return nil }
        parts.append(part)
      }
      return parts.joined(separator: ",")
    default: return nil
    }
  }

  /// What is no parameter's name is taken for `FIELD=VALUE`, whose names the service checks.
  mutating func set(_ name: String, _ value: String) {
    switch name {
    case "limit": limit = value
    case "after": after = value
    case "before": before = value
    case "sort": sort = value
    case "filter": filter = value
    case "fields": fields = value
    case "include": include = value
    case "count": count = value
    case "search": search = value
    case "deleted": deleted = value
    default: equals.append((name, value))
    }
  }
}
