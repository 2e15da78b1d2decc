import Base
import Contract
import Expression
import JSON

/// The schemas of one resource: the record, what a create, a replace and an update take, and a page of records.
struct ResourceSchemas {
  let resource: Resource
  let names: SchemaNames

  /// Fields of which a body may hold a value.
  static func writable(_ resource: Resource) -> [Field] {
    resource.fields.filter { field in
      if field.isGenerated || field.name == resource.states?.field { return false }
      if field.write?.isNobody == true { return false }
      // Not served by this version yet.
      switch field.type {
      case .secret, .file: return false
      default: break
      }
      // Another value than the caller's own id needs an explicit write rule (contract.md, Access and expressions).
      if case .expression(let expression)? = field.defaultValue, expression.source == "caller.id", field.write == nil { return false }
      return true
    }
  }

  /// Fields that a create must hold.
  static func isNeeded(_ field: Field) -> Bool { field.isRequired && field.defaultValue == nil }

  /// Of a table that others write as well: the types say what is written here.
  static let oddValues =
    "The table is not this service's alone: a value in it that its field's type cannot hold is shown as it is, in another JSON type."

  // MARK: The record

  var record: JSONValue {
    var properties = JSONObject()
    properties["id"] = .object(keySchema)
    let schema = FieldSchema(names: names, isInput: false)
    for field in resource.fields {
      if case .secret = field.type { continue }
      var object = schema.schema(field.type, field: field.name, resource: resource.name)
      if !field.isRequired, field.name != resource.states?.field { object = FieldSchema.nullable(object) }
      annotate(&object, field, isInput: false)
      properties[field.name] = .object(object)
    }
    for collection in resource.collections {
      guard let child = names.read(collection.resource) else { continue }
      properties[collection.name] = [
        "type": "object", "readOnly": true,
        "description": .string(collection.description ?? "With `include=\(collection.name)`: the first 20 of its \(collection.resource)."),
        "required": ["data", "page"],
        "properties": [
          "data": ["type": "array", "items": ["$ref": .string("#/components/schemas/" + child)], "maxItems": 100],
          "page": ["$ref": .string("#/components/schemas/" + names.page)],
        ],
      ]
    }
    appendEngineFields(&properties)
    var result: JSONObject = ["type": "object"]
    let words = [resource.description, resource.storage.isManaged ? nil : ResourceSchemas.oddValues].compactMap(\.self)
    if !words.isEmpty { result["description"] = .string(words.joined(separator: " ")) }
    result["properties"] = .object(properties)
    if let example { result["examples"] = .array([example]) }
    return .object(result)
  }

  private var keySchema: JSONObject {
    var key: JSONObject
    if resource.storage.key.count == 1, let first = resource.storage.key.first {
      key = FieldSchema(names: names, isInput: false).schema(first.type, field: "id", resource: resource.name)
    } else {
      let parts = resource.storage.key.map(\.name).joined(separator: ", ")
      key = [
        "type": "string",
        "description": .string("The key's parts (\(parts)), joined with commas; in a part `~` is written `~0` and `,` is written `~1`."),
      ]
    }
    if !resource.takesKey { key["readOnly"] = true }
    return key
  }

  /// The `id` that a create may say, or must.
  private var givenKey: JSONObject? {
    guard resource.takesKey, let key = resource.storage.key.first else { return nil }
    var schema = FieldSchema(names: names, isInput: true).schema(key.type, field: "id", resource: resource.name)
    let words = resource.needsKey ? "The caller chooses it." : "The caller may choose it; else it is made."
    schema["description"] = .string(words + " Cannot be changed later.")
    return schema
  }

  private func appendEngineFields(_ properties: inout JSONObject) {
    if resource.storage.hasTimestamps {
      properties["created_at"] = ["type": "string", "format": "date-time", "readOnly": true, "description": "When it was made, UTC."]
      properties["updated_at"] = ["type": "string", "format": "date-time", "readOnly": true, "description": "When it last changed, UTC."]
    }
    if resource.isSoftDeleted {
      properties[Resource.deletedMember] = [
        "type": ["string", "null"], "format": "date-time", "readOnly": true,
        "description": "When it was deleted, UTC; null where it was not.",
      ]
    }
    if resource.storage.hasRevision {
      properties["revision"] = [
        "type": "integer", "format": "int64", "minimum": 1, "readOnly": true,
        "description": "Starts at 1 and grows by one with each change.",
      ]
    }
  }

  // MARK: Bodies

  var create: JSONValue {
    body(ResourceSchemas.writable(resource), key: givenKey, needed: ResourceSchemas.isNeeded, example: createExample)
  }

  /// PUT: an immutable field must be equal or absent, so none is required.
  var replace: JSONValue {
    body(ResourceSchemas.writable(resource), needed: { ResourceSchemas.isNeeded($0) && !$0.isImmutable }, example: replaceExample)
  }

  /// Merge patch (RFC 7396): nothing is required, and null clears what may be empty.
  var update: JSONValue {
    body(
      ResourceSchemas.writable(resource).filter { !$0.isImmutable }, needed: { _ in false }, isMerged: true, example: updateExample)
  }

  private func body(
    _ fields: [Field], key: JSONObject? = nil, needed: (Field) -> Bool, isMerged: Bool = false, example: JSONValue?
  ) -> JSONValue {
    let schema = FieldSchema(names: names, isInput: true, isMerged: isMerged)
    var properties = JSONObject()
    var required: [JSONValue] = []
    if let key {
      properties["id"] = .object(key)
      if resource.needsKey { required.append("id") }
    }
    for field in fields {
      var object = schema.schema(field.type, field: field.name, resource: resource.name)
      if !field.isRequired { object = FieldSchema.nullable(object) }
      annotate(&object, field, isInput: true)
      properties[field.name] = .object(object)
      if needed(field) { required.append(.string(field.name)) }
    }
    var result: JSONObject = ["type": "object", "additionalProperties": false, "properties": .object(properties)]
    if !required.isEmpty { result["required"] = .array(required) }
    if let example { result["examples"] = .array([example]) }
    return .object(result)
  }

  private func annotate(_ object: inout JSONObject, _ field: Field, isInput: Bool) {
    var words: [String] = []
    if let description = field.description { words.append(description) }
    if field.isUnique { words.append("No two records share a value.") }
    if field.isImmutable { words.append(isInput ? "Cannot be changed later." : "Never changes.") }
    if let states = resource.states, states.field == field.name { words.append("Only transitions change it.") }
    if let read = field.read, !isInput { words.append("Shown only to: " + AccessText.audience(read) + ".") }
    if let write = field.write, isInput { words.append("Accepted only from: " + AccessText.audience(write) + ".") }
    if isInput, let value = field.defaultValue {
      switch value {
      case .value(let constant): object["default"] = JSONValue(constant)
      case .expression(let expression): words.append("Default: `\(expression.source)`.")
      }
    }
    if case .string(let earlier)? = object["description"] { words.append(earlier) }
    if !words.isEmpty { object["description"] = .string(words.joined(separator: " ")) }
    if field.isDeprecated { object["deprecated"] = true }
    let isServers = field.isGenerated || field.name == resource.states?.field
    if !isInput, isServers { object["readOnly"] = true }
  }

  // MARK: Pages

  var list: JSONValue { page(of: .read) }
  var history: JSONValue { page(of: .event) }

  private func page(of form: SchemaNames.Form) -> JSONValue {
    [
      "type": "object", "required": ["data", "page"],
      "properties": [
        "data": ["type": "array", "items": ["$ref": .string(names.reference(resource.name, form))]],
        "page": ["$ref": .string("#/components/schemas/" + names.page)],
      ],
    ]
  }

  /// A change of a record. Values are as they were written, also where the fields' types have changed since.
  var event: JSONValue {
    let record: JSONValue = ["type": ["object", "null"]]
    let actions = ["create", "update", "replace"] + (resource.isSoftDeleted ? ["delete", Resource.restoring] : [])
    var properties: JSONObject = [
      "time": ["type": "string", "format": "date-time", "description": "When it was changed, UTC: grows with every change of a record."],
      "action": ["type": "string", "description": .string("\(actions.map { "`\($0)`, " }.joined())or the name of the transition.")],
    ]
    if resource.storage.hasRevision {
      properties["revision"] = [
        "type": "integer", "format": "int64", "minimum": 1, "description": "The record's revision after the change.",
      ]
    }
    properties["actor"] = [
      "type": ["string", "null"], "format": "uuid", "description": "The id of the user who did it; null without a token.",
    ]
    properties["request"] = [
      "type": ["string", "null"], "description": "The request's id; null for what somebody else did.",
    ]
    properties["cause"] = [
      "type": ["string", "null"],
      "description": "The record whose deletion brought this about, as `RESOURCE/ID`, where this one is seen to refer to it.",
    ]
    properties["before"] = record
    properties["before"]?["description"] = "The fields that were changed, as they were; null where the record was made."
    properties["after"] = record
    properties["after"]?["description"] = "The same fields as they became; the whole record where it was made."
    return [
      "type": "object", "required": ["time", "action", "actor", "request", "cause", "before", "after"], "properties": .object(properties),
    ]
  }
}
