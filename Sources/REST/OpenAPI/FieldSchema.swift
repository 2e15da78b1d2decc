import Base
import Contract
import JSON

/// JSON Schema 2020-12 of the contract's types, as they stand in bodies and answers.
struct FieldSchema: Sendable {
  let names: SchemaNames
  /// Whether it describes what is sent (bounds that only input has) or what is answered.
  var isInput: Bool
  /// Of a merge patch: what an object leaves out stays.
  var isMerged = false

  /// The schema of a type, null left aside.
  func schema(_ type: FieldType, field: String, resource: String) -> JSONObject {
    switch type {
    case .string(let options), .text(let options): string(options)
    case .email:
      isInput
        ? ["type": "string", "format": "email", "maxLength": 254, "pattern": .string(FieldSchema.emailPattern)]
        : ["type": "string", "format": "email"]
    case .url:
      isInput
        ? ["type": "string", "format": "uri", "maxLength": 2048, "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://[^\\s/?#@\\\\]+([/?#]\\S*)?$"]
        : ["type": "string", "format": "uri"]
    case .integer(let minimum, let maximum):
      [
        "type": "integer", "format": "int64", "minimum": .integer(isInput ? minimum ?? .min : .min),
        "maximum": .integer(isInput ? maximum ?? .max : .max),
      ]
    case .decimal(let precision, let scale, let minimum, let maximum):
      decimal(precision: precision, scale: scale, minimum: minimum, maximum: maximum)
    case .number(let minimum, let maximum): number(minimum: minimum, maximum: maximum)
    case .boolean: ["type": "boolean"]
    case .timestamp: ["type": "string", "format": "date-time"]
    case .date: ["type": "string", "format": "date"]
    case .uuid: ["type": "string", "format": "uuid"]
    case .enumeration(let values): ["type": "string", "enum": .array(values.map { .string($0) })]
    case .money(let options): money(options)
    case .json(let options): json(options, field: field, resource: resource)
    case .ref(let reference): refSchema(reference, field: field, resource: resource)
    case .list(let element, let length):
      [
        "type": "array", "items": .object(schema(element, field: field, resource: resource)),
        "minItems": .integer(Int64(length.lowerBound)), "maxItems": .integer(Int64(clamping: length.upperBound)),
      ]
    case .secret: ["type": "string", "writeOnly": true, "format": "password"]
    case .file: ["$ref": .string("#/components/schemas/" + names.file)]
    }
  }

  /// What the service takes for an e-mail address: the HTML standard's grammar with a dot in the domain.
  private static let emailPattern: String = {
    let atom = "A-Za-z0-9!#$%&'*+/=?^_`{|}~"
    let label = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    return "^[\(atom)-]([\(atom).-]{0,62}[\(atom)-])?@(\(label)\\.)+\(label)$"
  }()

  /// The same where null may stand as well.
  static func nullable(_ schema: JSONObject) -> JSONObject {
    if schema.isEmpty { return schema }
    var result = schema
    guard case .string(let type)? = schema["type"], schema["oneOf"] == nil, schema["anyOf"] == nil else {
      return ["anyOf": .array([.object(schema), ["type": "null"]])]
    }
    result["type"] = .array([.string(type), "null"])
    if case .array(let values)? = schema["enum"] { result["enum"] = .array(values + [.null]) }
    return result
  }

  private func string(_ options: StringOptions) -> JSONObject {
    var result: JSONObject = ["type": "string"]
    guard isInput else { return result }
    if options.length.lowerBound > 0 { result["minLength"] = .integer(Int64(options.length.lowerBound)) }
    if options.length.upperBound < .max { result["maxLength"] = .integer(Int64(options.length.upperBound)) }
    if let pattern = options.pattern {
      if PortablePattern.isPortable(pattern) {
        result["pattern"] = .string("^(?:" + pattern + ")$")
      } else {
        result["description"] = .string("Matches the RE2 pattern " + pattern + " as a whole.")
      }
    }
    return result
  }

  private func decimal(precision: Int, scale: Int, minimum: Decimal?, maximum: Decimal?) -> JSONObject {
    let whole = max(1, precision - scale)
    let fraction = scale == 0 ? "" : isInput ? "(?:\\.[0-9]{1,\(scale)})?" : "\\.[0-9]{\(scale)}"
    var result: JSONObject = [
      "type": "string", "format": "decimal",
      "pattern": .string("^-?[0-9]{1,\(isInput ? whole : Decimal.digitsMax)}" + fraction + "$"),
    ]
    if isInput {
      if let minimum { result["x-minimum"] = .string(minimum.description) }
      if let maximum { result["x-maximum"] = .string(maximum.description) }
    }
    return result
  }

  private func number(minimum: Double?, maximum: Double?) -> JSONObject {
    var result: JSONObject = ["type": "number", "format": "double"]
    guard isInput else { return result }
    if let minimum { result["minimum"] = .number(minimum) }
    if let maximum { result["maximum"] = .number(maximum) }
    return result
  }

  private func money(_ options: MoneyOptions) -> JSONObject {
    let isPlain = options.currencies.isEmpty && (options.minimum == nil || !isInput) && !isMerged
    if isPlain { return ["$ref": .string("#/components/schemas/" + names.money)] }
    var amount: JSONObject = ["type": "integer", "format": "int64"]
    amount["minimum"] = .integer(isInput ? options.minimum ?? .min : .min)
    amount["maximum"] = .integer(.max)
    amount["description"] = "In the currency's minor units (cents)."
    let currency: JSONValue =
      options.currencies.isEmpty
      ? ["type": "string", "pattern": "^[A-Z]{3}$"]
      : ["type": "string", "enum": .array(options.currencies.map { .string($0) })]
    var result: JSONObject = [
      "type": "object", "additionalProperties": false, "properties": ["amount": .object(amount), "currency": currency],
    ]
    if isMerged { result["description"] = "What is left out stays as it is." } else { result["required"] = ["amount", "currency"] }
    return result
  }

  private func json(_ options: JSONOptions, field: String, resource: String) -> JSONObject {
    // A part of what the schema describes may be sent.
    // Nor is what was stored before the field had its schema bound by it.
    guard isInput, !isMerged, options.schema != nil, let name = names.schema(resource, field) else { return [:] }
    return ["$ref": .string(EmbeddedSchema.root + name)]
  }

  private func refSchema(_ reference: Reference, field: String, resource: String) -> JSONObject {
    var key = schema(reference.keyType, field: field, resource: resource)
    guard !isInput, let target = names.read(reference.resource) else { return key }
    key["description"] = .string("The id of one of \(reference.resource).")
    return ["anyOf": .array([.object(key), ["$ref": .string("#/components/schemas/" + target)]])]
  }
}
