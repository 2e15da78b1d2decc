import Contract

/// The names of the document's components: one of each, whatever the resources are called.
struct SchemaNames: Sendable {
  let problem = "Problem"
  let page = "Page"
  let money = "Money"
  let file = "File"
  let health = "Health"
  let jsonPatch = "JSONPatch"

  enum Form: String, Sendable, CaseIterable {
    case read = ""
    case create = "Create"
    case replace = "Replace"
    case update = "Update"
    case list = "List"
    case event = "Event"
    case history = "History"
  }

  private var bases: [String: String] = [:]
  /// Of the schemas of `json` fields: by resource and field.
  private var fields: [String: [String: String]] = [:]
  /// Resources that somebody may read.
  private var readable: Set<String> = []

  init(_ contract: Contract) {
    var taken: Set<String> = [problem, page, money, file, health, jsonPatch]
    for resource in contract.resources {
      let wanted = SchemaNames.pascalCase(resource.name)
      var base = wanted
      var number = 2
      while Form.allCases.contains(where: { taken.contains(base + $0.rawValue) }) {
        base = wanted + String(number)
        number += 1
      }
      for form in Form.allCases { taken.insert(base + form.rawValue) }
      bases[resource.name] = base
      if !resource.access.read.isNobody { readable.insert(resource.name) }
    }
    for resource in contract.resources {
      for field in resource.fields {
        guard case .json(let options) = field.type, options.schema != nil else { continue }
        let wanted = (bases[resource.name] ?? "") + SchemaNames.pascalCase(field.name) + "Value"
        var name = wanted
        var number = 2
        while !taken.insert(name).inserted {
          name = wanted + String(number)
          number += 1
        }
        fields[resource.name, default: [:]][field.name] = name
      }
    }
  }

  /// The component of a `json` field's schema; nil for every other field.
  func schema(_ resource: String, _ field: String) -> String? { fields[resource]?[field] }

  /// The schema of a record that may stand in place of its id; nil for a resource that nobody may read.
  func read(_ resource: String) -> String? { readable.contains(resource) ? bases[resource] : nil }

  func name(_ resource: String, _ form: Form) -> String { (bases[resource] ?? SchemaNames.pascalCase(resource)) + form.rawValue }

  func reference(_ resource: String, _ form: Form) -> String { "#/components/schemas/" + name(resource, form) }

  /// `order_items` to `OrderItems`.
  static func pascalCase(_ name: String) -> String {
    var out = ""
    for word in name.split(whereSeparator: { $0 == "_" || $0 == "-" || $0 == "." }) {
      out += word.prefix(1).uppercased() + word.dropFirst()
    }
    let safe = out.unicodeScalars.filter { $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil) }
    return safe.isEmpty ? "Resource" : String(String.UnicodeScalarView(safe))
  }
}
