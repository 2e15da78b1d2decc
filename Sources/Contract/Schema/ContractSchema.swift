import JSON

/// The JSON Schema (2020-12) of contracts, made from the tables that the loader itself checks by, for editors.
///
/// It says what a file may hold before the environment is put in: wherever a value is expected, a text with `${NAME}` may
/// stand. What means something only together (names, expressions, bounds of a type) is left to `martlet check`.
package enum ContractSchema {
  package static let identifier = "urn:martlet:contract:1"

  /// The schema as text, two spaces a level, with a newline at its end.
  package static func json() -> [UInt8] {
    var builder = JSONSchemaBuilder()
    return builder.document().prettyBytes
  }
}

/// Builds schemas of grammars; what has a name becomes a definition, once.
struct JSONSchemaBuilder {
  private var definitions: [(name: String, schema: JSONValue)] = []
  private var known: Set<String> = []

  mutating func document() -> JSONValue {
    var root = JSONObject()
    root.append("$schema", "https://json-schema.org/draft/2020-12/schema")
    root.append("$id", .string(ContractSchema.identifier))
    root.append("title", "Martlet contract")
    for member in members(of: Language.contract).members { root.append(member.name, member.value) }
    var defs = JSONObject()
    for definition in definitions.sorted(by: { $0.name < $1.name }) { defs.append(definition.name, definition.schema) }
    root.append("$defs", .object(defs))
    return .object(root)
  }

  private mutating func reference(_ name: String, _ make: (inout JSONSchemaBuilder) -> JSONValue) -> JSONObject {
    if known.insert(name).inserted {
      let schema = make(&self)
      definitions.append((name, schema))
    }
    return ["$ref": .string("#/$defs/\(name)")]
  }

  private mutating func schema(_ grammar: NodeGrammar) -> JSONObject {
    switch grammar {
    case .text(let form): return text(form)
    case .word(let words): return orVariable(words.count == 1 ? ["const": .string(words[0])] : ["enum": .array(words.map { .string($0) })])
    case .integer(let range):
      return orVariable(["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)])
    case .number: return orVariable(["type": "number"])
    case .boolean: return orVariable(["type": "boolean"])
    case .access: return reference("access") { $0.access() }
    case .any: return [:]
    case .list(let item, let count):
      var list: JSONObject = ["type": "array", "items": .object(schema(item))]
      if count.lowerBound > 0 { list.append("minItems", .integer(Int64(count.lowerBound))) }
      list.append("maxItems", .integer(Int64(count.upperBound)))
      return list
    case .oneOrMany(let item):
      let one = JSONValue.object(schema(item))
      return ["anyOf": [one, ["type": "array", "items": one, "minItems": 1]]]
    case .map(let form, let value):
      var names: JSONObject = ["maxLength": 256]
      if let regex = form.regex { names.append("pattern", .string("^(?:\(regex))$")) }
      return ["type": "object", "propertyNames": .object(names), "additionalProperties": .object(schema(value))]
    case .object(let object): return reference(object.name) { .object($0.members(of: object)) }
    case .choice(let grammars): return ["anyOf": .array(grammars.map { .object(schema($0)) })]
    }
  }

  /// The value itself, or a text that the environment makes it of.
  private mutating func orVariable(_ value: JSONObject) -> JSONObject {
    let variable = reference("variable") { _ in
      ["description": "A value from the environment: ${NAME} or ${NAME:-default}.", "type": "string", "pattern": "\\$\\{"]
    }
    return ["anyOf": [.object(value), .object(variable)]]
  }

  private mutating func text(_ form: TextForm) -> JSONObject {
    if case .text(let max) = form { return ["type": "string", "maxLength": .integer(Int64(max))] }
    if case .filled(let max) = form { return ["type": "string", "minLength": 1, "maxLength": .integer(Int64(max))] }
    if form == .database { return ["type": "string", "minLength": 1, "maxLength": 63] }
    if case .url(let schemes) = form {
      return [
        "type": "string", "pattern": .string("^(?:\(form.regex ?? ""))$|\\$\\{"), "description": .string(schemes.joined(separator: ", ")),
      ]
    }
    return reference(form.definition) { _ in
      var schema: JSONObject = ["description": .string(form.description)]
      switch form {
      case .range, .size: schema.append("type", ["string", "integer"])
      case .expression: schema.append("type", ["string", "boolean", "number"])
      default: schema.append("type", "string")
      }
      if let regex = form.regex { schema.append("pattern", .string("^(?:\(regex))$|\\$\\{")) }
      return .object(schema)
    }
  }

  private mutating func access() -> JSONValue {
    [
      "description": "anyone, authenticated, nobody, a list of roles (any of them), or an expression.",
      "anyOf": [
        ["enum": ["anyone", "authenticated", "nobody"]],
        ["type": "array", "minItems": 1, "items": .object(schema(.text(.name)))],
        .object(schema(.text(.expression))),
      ],
    ]
  }

  private mutating func members(of object: MappingGrammar) -> JSONObject {
    var result: JSONObject = ["description": .string(object.summary), "type": "object"]
    var properties = JSONObject()
    for key in object.keys {
      var schema = key.name == "martlet" ? ["const": .integer(Language.version)] : self.schema(key.grammar)
      schema["description"] = .string(key.later == nil ? key.summary : "\(key.summary) (Accepted; not served by this version yet.)")
      properties.append(key.name, .object(schema))
    }
    result.append("properties", .object(properties))
    result.append("additionalProperties", false)
    var required = object.keys.filter(\.isRequired).map(\.name)
    if object.name == Language.contract.name { required.append("martlet") }
    if !required.isEmpty { result.append("required", .array(required.map { .string($0) })) }
    if !object.needsOneOf.isEmpty {
      result.append("anyOf", .array(object.needsOneOf.map { ["required": [.string($0)]] }))
    }
    let dependent = JSONSchemaBuilder.dependencies(of: object)
    if !dependent.isEmpty { result.append("dependentSchemas", .object(dependent)) }
    return result
  }

  /// An option of certain types asks for one of them.
  private static func dependencies(of object: MappingGrammar) -> JSONObject {
    var result = JSONObject()
    for key in object.keys {
      if let other = key.needs { result.append(key.name, ["required": [.string(other)]]) }
      if key.types.isEmpty { continue }
      let types = key.types.filter { ![Language.refType, Language.listType, "many"].contains($0) }
      if types.isEmpty, let head = key.types.first {
        result.append(key.name, ["required": [.string(head)]])
        continue
      }
      var pattern = types.joined(separator: "|")
      if Language.itemOptions.contains(key.name) { pattern = "(?:list of )?(?:\(pattern))" }
      if key.types.contains(Language.listType) { pattern += "|list of .*" }
      result.append(key.name, ["required": ["type"], "properties": ["type": ["pattern": .string("^(?:\(pattern))$|\\$\\{")]]])
    }
    return result
  }
}

extension TextForm {
  /// Its name among the definitions.
  fileprivate var definition: String {
    switch self {
    case .text, .filled, .database: "text"
    case .name: "name"
    case .identifier: "identifier"
    case .type: "type"
    case .duration: "duration"
    case .durationRange: "duration_range"
    case .percent: "percent"
    case .rate: "rate"
    case .range: "range"
    case .precision: "precision"
    case .size: "size"
    case .cron: "cron"
    case .url: "url"
    case .version: "version"
    case .pattern: "pattern"
    case .path: "path"
    case .event: "event"
    case .eventMatch: "event_match"
    case .call: "call"
    case .sortKey: "sort_key"
    case .currency: "currency"
    case .mediaType: "media_type"
    case .expression: "expression"
    }
  }
}
