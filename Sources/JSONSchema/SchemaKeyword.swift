/// The keywords of 2020-12.
enum SchemaKeyword {
  enum Shape: Sendable {
    case schema, list, map
  }

  /// Those that hold schemas.
  static let shape: [String: Shape] = [
    "additionalProperties": .schema, "propertyNames": .schema, "items": .schema, "contains": .schema, "not": .schema, "if": .schema,
    "then": .schema, "else": .schema, "unevaluatedItems": .schema, "unevaluatedProperties": .schema, "contentSchema": .schema,
    "allOf": .list, "anyOf": .list, "oneOf": .list, "prefixItems": .list,
    "$defs": .map, "definitions": .map, "properties": .map, "patternProperties": .map, "dependentSchemas": .map,
  ]

  /// All of them. Others mean nothing, as the standard has it.
  static let names: Set<String> = Set(shape.keys).union([
    "$id", "$schema", "$ref", "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary", "$comment", "type", "enum", "const",
    "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern", "maxItems",
    "minItems", "uniqueItems", "maxContains", "minContains", "maxProperties", "minProperties", "required", "dependentRequired",
    "title", "description", "default", "deprecated", "readOnly", "writeOnly", "examples", "format", "contentEncoding",
    "contentMediaType",
  ])
}
