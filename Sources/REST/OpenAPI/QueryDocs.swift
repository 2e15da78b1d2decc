import Contract
import Expression
import JSON
import Service

/// Named queries as OpenAPI path items.
struct QueryDocs {
  let query: NamedQuery
  let contract: Contract
  let names: SchemaNames

  static let codes: [FailureCode] = [
    .badRequest, .unknownParameter, .badParameter, .badCursor, .tooCostly, .unauthenticated, .tokenExpired, .tokenInvalid, .forbidden,
    .notFound, .methodNotAllowed, .notAcceptable, .conflict, .uriTooLong, .expectationFailed, .headersTooLarge, .internal, .overloaded,
    .unavailable, .timeout,
  ]

  func append(to paths: inout JSONObject, identifiers: inout OperationIdentifiers, problems: inout ProblemResponses) {
    guard !query.access.isNobody else { return }
    let page: JSONValue = [
      "type": "object", "required": ["data", "page"],
      "properties": [
        "data": ["type": "array", "items": row, "maxItems": .integer(Int64(query.limit))],
        "page": ["$ref": .string("#/components/schemas/" + names.page)],
      ],
    ]
    var responses: JSONObject = [
      "200": [
        "description": "The rows.",
        "headers": [
          "Link": ["$ref": "#/components/headers/Link"], "ETag": ["$ref": "#/components/headers/ETag"],
          "X-Request-Id": ["$ref": "#/components/headers/X-Request-Id"],
        ],
        "content": ["application/json": ["schema": page]],
      ],
      "304": ["description": "What you have is still the same."],
    ]
    problems.append(QueryDocs.codes, to: &responses)
    let origin = query.from.map { "Made of the records of \($0) that the caller may read." } ?? "Made by a statement of its own."
    let words = [query.description, origin, AccessText.sentence(query.access)]
    var operation: JSONObject = [
      "operationId": .string(identifiers.unique("query_" + query.name)), "tags": ["queries"],
      "summary": .string("The query " + query.name), "description": .string(words.compactMap(\.self).joined(separator: " ")),
      "parameters": .array(parameters), "responses": .object(responses),
    ]
    operation["x-access"] = .string(AccessText.kind(query.access))
    operation["security"] = AccessText.isOpenToAnonymous(query.access) ? [[:], ["bearer": []]] : [["bearer": []]]
    paths["/\(contract.service.version)/queries/\(query.name)"] = ["get": .object(operation)]
  }

  private var parameters: [JSONValue] {
    var result = query.parameters.map { parameter in
      var schema = FieldSchema(names: names, isInput: false).schema(parameter.type, field: parameter.name, resource: query.from ?? "")
      if case .ref(let reference) = parameter.type {
        schema = FieldSchema(names: names, isInput: true).schema(reference.keyType, field: parameter.name, resource: reference.resource)
      }
      if let value = parameter.defaultValue { schema["default"] = JSONValue(value) }
      var object: JSONObject = [
        "name": .string(parameter.name), "in": "query", "required": .boolean(parameter.isRequired), "schema": .object(schema),
      ]
      object["description"] = parameter.description.map { .string($0) }
      object["example"] = FieldExample.value(parameter.type, name: parameter.name)
      return JSONValue.object(object)
    }
    // What is told whole has no pages.
    guard query.written == nil || query.hasPages else { return result + [ListParameterDocs.reference("ifNoneMatch")] }
    result.append(
      ListParameterDocs.parameter(
        "limit", "How many rows a page holds at most.",
        schema: [
          "type": "integer", "minimum": 1, "maximum": .integer(Int64(query.limit)), "default": .integer(Int64(query.limit)),
        ]))
    if query.hasPages { result.append(ListParameterDocs.reference("after")) }
    return result + [ListParameterDocs.reference("ifNoneMatch")]
  }

  private var row: JSONValue {
    var properties = JSONObject()
    if let written = query.written {
      let fields = FieldSchema(names: names, isInput: false)
      for column in written.columns {
        var schema = FieldSchema.nullable(fields.schema(column.type, field: column.name, resource: ""))
        if let text = column.description { schema["description"] = .string(text) }
        properties[column.name] = .object(schema)
      }
      return [
        "type": "object", "required": .array(written.columns.map { .string($0.name) }), "properties": .object(properties),
      ]
    }
    for column in query.columns {
      let schema = self.schema(column)
      properties[column.name] = .object(column.isNullable ? FieldSchema.nullable(schema) : schema)
    }
    return ["type": "object", "required": .array(query.columns.map { .string($0.name) }), "properties": .object(properties)]
  }

  private func schema(_ column: NamedQuery.Column) -> JSONObject {
    switch column.type {
    case .boolean: return ["type": "boolean"]
    case .integer, .duration: return ["type": "integer", "format": "int64"]
    case .number: return ["type": "number", "format": "double"]
    case .decimal: return ["type": "string", "format": "decimal"]
    case .timestamp: return ["type": "string", "format": "date-time"]
    case .date: return ["type": "string", "format": "date"]
    case .uuid: return ["type": "string", "format": "uuid"]
    case .record(let resource):
      guard let key = contract.resource(resource)?.storage.key.first else { return [:] }
      return FieldSchema(names: names, isInput: true).schema(key.type, field: column.name, resource: resource)
    default: return ["type": "string"]
    }
  }
}
