import Base
import Contract
import JSON
import Store

/// The query parameters of a resource's list and read, as OpenAPI parameter objects.
struct ListParameterDocs {
  let resource: Resource
  let layout: TableLayout?
  let names: SchemaNames

  static let shared: [(name: String, value: JSONValue)] = [
    (
      "limit",
      parameter(
        "limit", "How many records a page holds at most.",
        schema: ["type": "integer", "minimum": 1, "maximum": 100, "default": 20])
    ),
    (
      "after",
      parameter("after", "The cursor `page.next` of the page before.", schema: ["type": "string", "minLength": 1])
    ),
    (
      "before",
      parameter("before", "The cursor `page.previous` of the page after.", schema: ["type": "string", "minLength": 1])
    ),
    (
      "count",
      parameter(
        "count", "Adds `page.total`: counted to 10,000 (`exact`), or guessed from statistics (`estimated`).",
        schema: ["type": "string", "enum": ["exact", "estimated"]])
    ),
    (
      "ifNoneMatch",
      [
        "name": "If-None-Match", "in": "header", "required": false, "example": "\"1.abc\"",
        "description": "The ETag of what you have: 304 where it is still the same.",
        "schema": ["type": "string"],
      ]
    ),
    (
      "ifMatch",
      [
        "name": "If-Match", "in": "header", "required": false, "example": "\"1.abc\"",
        "description": "The ETag of the record you read: 412 where it has changed since. Only the revision counts.",
        "schema": ["type": "string"],
      ]
    ),
    (
      "idempotencyKey",
      [
        "name": "Idempotency-Key", "in": "header", "required": false, "example": "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"",
        "description": "A new random key for each new request. A retry with the same key gets the first answer again, for 24 hours.",
        "schema": ["type": "string", "pattern": "^(?:\"[!#-\\[\\]-~]{1,255}\"|[!#-+\\-.-~]{1,255})$"],
      ]
    ),
    (
      "prefer",
      [
        "name": "Prefer", "in": "header", "required": false,
        "description": "`return=minimal`: the answer has no body (RFC 7240). `Preference-Applied` says so.",
        "schema": ["type": "string"],
      ]
    ),
  ]

  static func parameter(_ name: String, _ description: String, schema: JSONValue, example: JSONValue? = nil) -> JSONValue {
    var object: JSONObject = [
      "name": .string(name), "in": "query", "required": false, "description": .string(description), "schema": schema,
    ]
    if let example { object["example"] = example }
    return .object(object)
  }

  /// `at`
  static let time = parameter(
    "at", "Shows the record as it was at that time, as far as the caller may see it today; not together with `include`.",
    schema: ["type": "string", "format": "date-time"])

  static func reference(_ name: String) -> JSONValue { ["$ref": .string("#/components/parameters/" + name)] }

  // MARK: Lists

  var list: [JSONValue] {
    var result = ["limit", "after", "before"].map { ListParameterDocs.reference($0) }
    result.append(sort)
    result.append(filter)
    result += search
    result += selection
    result.append(ListParameterDocs.reference("count"))
    result += deleted
    result += equalities
    result.append(ListParameterDocs.reference("ifNoneMatch"))
    return result
  }

  /// `search`, where a field is searched.
  private var search: [JSONValue] {
    let fields = resource.fields.filter(\.isSearched)
    guard !fields.isEmpty else { return [] }
    return [
      ListParameterDocs.parameter(
        "search",
        "Only records in whose \(code(fields.map(\.name))) each of these words is found, whatever their case and accents. The last "
          + "word may be the beginning of one; words in quotation marks stand together.",
        schema: ["type": "string", "minLength": 1, "maxLength": .integer(Int64(SearchText.bytesMax))], example: "word")
    ]
  }

  /// `deleted`, where deleted records are kept.
  var deleted: [JSONValue] {
    guard OperationOffer(resource).restores else { return [] }
    return [
      ListParameterDocs.parameter(
        "deleted", "`include`: deleted records too, as far as the caller may delete them; 403 for who may delete none.",
        schema: ["type": "string", "enum": ["include"]])
    ]
  }

  /// `fields` and `include`.
  var selection: [JSONValue] {
    var members = ["id"] + resource.fields.map(\.name)
    if resource.storage.hasTimestamps { members += ["created_at", "updated_at"] }
    if resource.isSoftDeleted { members.append(Resource.deletedMember) }
    if resource.storage.hasRevision { members.append("revision") }
    var result = [
      ListParameterDocs.parameter(
        "fields", "Which members each record has, separated by commas: \(code(members)). Dots reach into what is included.",
        schema: ["type": "string", "minLength": 1], example: .string(members.prefix(3).joined(separator: ",")))
    ]
    let relations = relations
    if !relations.isEmpty {
      result.append(
        ListParameterDocs.parameter(
          "include", "Relations to show in place of their ids, separated by commas, at most 3 deep by dots: \(code(relations)).",
          schema: ["type": "string", "minLength": 1], example: .string(relations[0])))
    }
    return result
  }

  private var relations: [String] {
    let refs = resource.fields.filter { if case .ref = $0.type { true } else { false } }.map(\.name)
    return refs + resource.collections.map(\.name)
  }

  /// The beginnings of indexes: what a list can be sorted by.
  var sorts: [String] {
    var result = ["-id", "id"]
    for index in layout?.indexes(among: .living) ?? [] {
      var forward: [String] = []
      var backward: [String] = []
      for part in index.parts {
        forward.append((part.isDescending ? "-" : "") + part.field)
        backward.append((part.isDescending ? "" : "-") + part.field)
        for keys in [forward, backward] {
          let text = keys.joined(separator: ",")
          if !result.contains(text) { result.append(text) }
        }
      }
    }
    return result
  }

  private var sort: JSONValue {
    let sorts = sorts
    var schema: JSONObject = ["type": "string", "minLength": 1, "default": .string(resource.storage.hasOwnKey ? "-id" : "id")]
    schema["examples"] = .array(sorts.prefix(20).map { .string($0) })
    return ListParameterDocs.parameter(
      "sort",
      "Field names separated by commas, `-` for descending; equality filters followed by these must be the beginning of one "
        + "index. Possible as they stand: \(code(sorts.prefix(20))).",
      schema: .object(schema), example: .string(sorts.count > 2 ? sorts[2] : "-id"))
  }

  private var filter: JSONValue {
    var filterable = indexed.map(\.name)
    for name in resource.filterable where !filterable.contains(name) { filterable.append(name) }
    filterable.append("id")
    return ListParameterDocs.parameter(
      "filter", "A condition (a CEL expression) over \(code(filterable)).", schema: ["type": "string", "minLength": 1],
      example: .string(filterExample))
  }

  private var filterExample: String {
    for field in indexed {
      switch field.type {
      case .enumeration(let values): if let first = values.first { return "\(field.name) == \"\(first)\"" }
      case .timestamp: return "\(field.name) >= timestamp(\"\(FieldExample.timestamp)\")"
      case .integer: return "\(field.name) > 0"
      default: continue
      }
    }
    let key = resource.storage.key
    if key.count == 1, key[0].type == .uuid { return "id != \"\(FieldExample.id)\"" }
    if key.count == 1, case .integer = key[0].type { return "id > 0" }
    guard let first = indexed.first, let value = FieldExample.value(first.type, name: first.name) else { return "id != \"1\"" }
    return first.name + " == " + String(decoding: value.bytes, as: UTF8.self)
  }

  /// Fields that lead an index.
  private var indexed: [Field] {
    let leading = Set((layout?.indexes ?? []).compactMap { $0.parts.first?.field })
    return resource.fields.filter { leading.contains($0.name) && $0.name != "id" }
  }

  private static let reserved: Set<String> = [
    "limit", "after", "before", "sort", "filter", "fields", "include", "count", "search", "deleted", "at",
  ]

  private var equalities: [JSONValue] {
    indexed.compactMap { field in
      guard !ListParameterDocs.reserved.contains(field.name), ListParameterDocs.isScalar(field.type) else { return nil }
      let schema = equalitySchema(field)
      return ListParameterDocs.parameter(
        field.name, "Only records whose `\(field.name)` equals this.", schema: .object(schema),
        example: FieldExample.value(field.type, name: field.name))
    }
  }

  /// Any text may be asked for; other types must be readable as such.
  private func equalitySchema(_ field: Field) -> JSONObject {
    switch field.type {
    case .string, .text, .email, .url: return ["type": "string"]
    default:
      var schema = FieldSchema(names: names, isInput: false).schema(field.type, field: field.name, resource: resource.name)
      if case .ref(let reference) = field.type {
        schema = FieldSchema(names: names, isInput: true).schema(reference.keyType, field: field.name, resource: resource.name)
      }
      schema["description"] = nil
      return schema
    }
  }

  private static func isScalar(_ type: FieldType) -> Bool {
    switch type {
    case .money, .json, .list, .secret, .file: false
    default: true
    }
  }

  private func code(_ names: some Sequence<String>) -> String { names.map { "`\($0)`" }.joined(separator: ", ") }
}
