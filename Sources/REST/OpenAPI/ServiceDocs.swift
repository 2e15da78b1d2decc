import Contract
import JSON
import Service

/// What the description says beside the resources: shared schemas, headers, and the service's own paths.
enum ServiceDocs {
  /// Of lists, and of named queries, some of which have longer pages.
  static func page(_ contract: Contract) -> JSONValue {
    let limitMax = contract.queries.reduce(100) { max($0, $1.limit) }
    return [
      "type": "object", "description": "Where the list goes on.", "required": ["limit", "next", "previous"],
      "properties": [
        "limit": ["type": "integer", "minimum": 1, "maximum": .integer(Int64(limitMax))],
        "next": ["type": ["string", "null"], "description": "The cursor of the next page; null on the last."],
        "previous": ["type": ["string", "null"], "description": "The cursor of the page before; null on the first."],
        "total": ["type": "integer", "minimum": 0, "description": "With `count`."],
        "capped": ["type": "boolean", "description": "There are more than `total` says."],
      ],
    ]
  }

  static let money: JSONValue = [
    "type": "object", "description": "An amount of money.", "required": ["amount", "currency"],
    "additionalProperties": false,
    "properties": [
      "amount": [
        "type": "integer", "format": "int64", "minimum": .integer(.min), "maximum": .integer(.max),
        "description": "In the currency's minor units (cents).",
      ],
      "currency": ["type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217."],
    ],
    "examples": [["amount": 1999, "currency": "EUR"]],
  ]

  static let file: JSONValue = [
    "type": "object", "description": "A stored file.", "required": ["name", "size", "type", "digest", "url"],
    "properties": [
      "name": ["type": "string"], "size": ["type": "integer", "minimum": 0], "type": ["type": "string"],
      "digest": ["type": "string"], "url": ["type": "string", "format": "uri-reference"],
    ],
  ]

  static let health: JSONValue = [
    "type": "object", "required": ["status"],
    "properties": [
      "status": ["type": "string", "enum": ["ok", "failing", "draining"]],
      "dependencies": [
        "type": "object",
        "additionalProperties": [
          "type": "object", "required": ["status"],
          "properties": [
            "status": ["type": "string", "enum": ["ok", "failing"]],
            "milliseconds": ["type": "number", "minimum": 0, "description": "How long it took to answer."],
          ],
        ],
      ],
    ],
  ]

  static let jsonPatch: JSONValue = [
    "type": "array", "description": "Operations on the record as the caller sees it, done in order, all or none (RFC 6902).",
    "maxItems": .integer(Int64(JSONPatch.operationsMax)),
    "items": [
      "oneOf": [
        patchOperation(["add", "replace", "test"], ["value": .object(JSONObject())]), patchOperation(["remove"], [:]),
        patchOperation(["move", "copy"], ["from": pointer]),
      ]
    ],
    "examples": [[["op": "test", "path": "/revision", "value": 1], ["op": "remove", "path": "/description"]]],
  ]

  private static let pointer: JSONValue = [
    "type": "string", "pattern": "^(/([^~/]|~[01])*)*$", "description": "A JSON pointer (RFC 6901).",
  ]

  private static func patchOperation(_ names: JSONValue, _ more: JSONObject) -> JSONValue {
    var properties: JSONObject = ["op": ["enum": names], "path": pointer]
    for member in more.members { properties[member.name] = member.value }
    let required = ["op", "path"] + more.names
    return ["type": "object", "required": .array(required.map { .string($0) }), "properties": .object(properties)]
  }

  static let headers: JSONValue = [
    "ETag": [
      "description": "The version of what was answered; send it as If-Match or If-None-Match.",
      "schema": ["type": "string"], "example": "\"1.abc\"",
    ],
    "Location": ["description": "The path of the new record.", "schema": ["type": "string", "format": "uri-reference"]],
    "Link": ["description": "The next and previous pages (RFC 8288).", "schema": ["type": "string"]],
    "X-Request-Id": ["description": "The request's id in the service's log.", "schema": ["type": "string"]],
    "Idempotency-Replayed": [
      "description": "The answer is that of an earlier request with the same key.",
      "schema": ["type": "string", "const": "true"],
    ],
    "Preference-Applied": ["description": "What was done of what `Prefer` asked for (RFC 7240).", "schema": ["type": "string"]],
    "Accept-Encoding": ["description": "The codings that a body may have, where its own was refused.", "schema": ["type": "string"]],
    "Retry-After": ["description": "Seconds to wait before the next try.", "schema": ["type": "integer", "minimum": 0]],
    "WWW-Authenticate": ["description": "How to authenticate (RFC 6750).", "schema": ["type": "string"]],
  ]

  static func append(
    to paths: inout JSONObject, contract: Contract, names: SchemaNames, identifiers: inout OperationIdentifiers
  ) {
    let endpoint = contract.service.healthEndpoint
    let checks: [(path: String, id: String, summary: String)] = [
      (endpoint, "health", "The state of the service and of what it depends on"),
      ("/health/live", "health_live", "Whether the process works"),
      ("/health/ready", "health_ready", "Whether it can take requests"),
    ]
    for check in checks {
      var responses: JSONObject = ["200": state("It is well.", names)]
      if check.path != "/health/live" { responses["503"] = state("It is not well.", names) }
      paths[check.path] = get(identifiers.unique(check.id), check.summary, responses)
    }
    let description = get(
      identifiers.unique("openapi"), "This description",
      [
        "200": [
          "description": "The OpenAPI document.", "headers": ["ETag": ["$ref": "#/components/headers/ETag"]],
          "content": ["application/json": ["schema": ["type": "object"]]],
        ],
        "304": ["description": "What you have is still the same."],
      ])
    paths["/\(contract.service.version)/openapi.json"] = description
  }

  /// `POST /v1/batch`
  static func appendBatch(
    to paths: inout JSONObject, contract: Contract, names: SchemaNames, identifiers: inout OperationIdentifiers,
    problems: inout ProblemResponses
  ) {
    let version = contract.service.version
    var responses: JSONObject = [
      "200": [
        "description": "All of them were carried out.", "headers": ["X-Request-Id": ["$ref": "#/components/headers/X-Request-Id"]],
        "content": ["application/json": ["schema": batchResults]],
      ],
      "204": [
        "description": "All of them were carried out; the caller prefers no more.",
        "headers": ["X-Request-Id": ["$ref": "#/components/headers/X-Request-Id"]],
      ],
    ]
    problems.append(
      [
        .malformedJSON, .badRequest, .unknownParameter, .tooCostly, .idempotencyKeyMissing, .unauthenticated, .tokenExpired,
        .tokenInvalid, .forbidden, .notFound, .methodNotAllowed, .notAcceptable, .conflict, .unique, .restricted, .wrongState,
        .idempotencyInFlight, .requestTimeout, .preconditionFailed, .bodyTooLarge, .uriTooLong, .unsupportedMediaType, .expectationFailed,
        .validation,
        .idempotencyMismatch, .preconditionRequired, .headersTooLarge, .internal, .overloaded, .unavailable, .timeout,
      ], to: &responses)
    paths["/\(version)/batch"] = [
      "post": [
        "operationId": .string(identifiers.unique("batch")), "tags": ["service"], "summary": "Several changes in one transaction",
        "description": """
        The operations one after the other, all or none, each authorised by itself. Later ones refer to the results of those before \
        them: `{"$from": "NAME.id"}` in a body, `{NAME.id}` in a path, where NAME is what an operation is called `as`. Where one \
        fails, the answer is its failure, with its place as `operation`, and nothing is done.
        """,
        "security": [[:], ["bearer": []]],
        "parameters": [ListParameterDocs.reference("idempotencyKey"), ListParameterDocs.reference("prefer")],
        "requestBody": ["required": true, "content": ["application/json": ["schema": batchRequest(version)]]],
        "responses": .object(responses),
      ]
    ]
  }

  private static func batchRequest(_ version: String) -> JSONValue {
    let tag: JSONValue = ["type": "string", "description": "As the header of that name."]
    return [
      "type": "object", "required": ["operations"], "additionalProperties": false,
      "properties": [
        "operations": [
          "type": "array", "minItems": 1, "maxItems": .integer(Int64(Batch.itemsMax)),
          "items": [
            "type": "object", "required": ["method", "path"], "additionalProperties": false,
            "properties": [
              "method": ["type": "string", "enum": ["POST", "PUT", "PATCH", "DELETE"]],
              "path": ["type": "string", "description": .string("A path of this service: `/\(version)/RESOURCE/ID`.")],
              "body": ["type": ["object", "array", "null"], "description": "As of the request by itself; an array is a JSON Patch."],
              "as": [
                "type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]{0,63}$",
                "description": "The name by which later ones refer to its result.",
              ], "if_match": tag, "if_none_match": tag,
            ],
          ],
        ]
      ],
    ]
  }

  private static let batchResults: JSONValue = [
    "type": "object", "required": ["results"],
    "properties": [
      "results": [
        "type": "array", "description": "One for each operation, in their order.",
        "items": [
          "type": "object", "required": ["status"],
          "properties": [
            "status": ["type": "integer"], "location": ["type": "string", "format": "uri-reference"], "etag": ["type": "string"],
            "body": ["type": "object", "description": "The record; absent where the caller may not read it, or it is gone."],
          ],
        ],
      ]
    ],
  ]

  private static func get(_ id: String, _ summary: String, _ responses: JSONObject) -> JSONValue {
    [
      "get": [
        "operationId": .string(id), "tags": ["service"], "summary": .string(summary), "security": [],
        "responses": .object(responses),
      ]
    ]
  }

  private static func state(_ description: String, _ names: SchemaNames) -> JSONValue {
    [
      "description": .string(description), "headers": ["X-Request-Id": ["$ref": "#/components/headers/X-Request-Id"]],
      "content": [
        "application/json": ["schema": ["$ref": .string("#/components/schemas/" + names.health)], "example": ["status": "ok"]]
      ],
    ]
  }
}
