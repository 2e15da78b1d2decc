import Contract
import JSON
import Service
import Store

/// The operations of one resource as OpenAPI path items.
struct OperationDocs {
  let resource: Resource
  let version: String
  let names: SchemaNames
  let parameters: ListParameterDocs
  let schemas: ResourceSchemas
  /// Operation ids by kind.
  private let ids: [String: String]

  init(
    _ resource: Resource, version: String, names: SchemaNames, layout: TableLayout?, identifiers: inout OperationIdentifiers
  ) {
    var ids: [String: String] = [:]
    for kind in ["list", "create", "read", "update", "replace", "delete", "history", Resource.restoring] {
      ids[kind] = identifiers.unique(resource.name + "_" + kind)
    }
    for transition in resource.states?.transitions ?? [] {
      ids[OperationDocs.kind(transition)] = identifiers.unique(resource.name + "_" + transition.name)
    }
    self.ids = ids
    self.resource = resource
    self.version = version
    self.names = names
    parameters = ListParameterDocs(resource: resource, layout: layout, names: names)
    schemas = ResourceSchemas(resource: resource, names: names)
  }

  private var collectionPath: String { "/\(version)/\(resource.name)" }

  /// Appends the resource's paths; operations that are open to nobody are left out.
  func append(to paths: inout JSONObject, problems: inout ProblemResponses) {
    let offer = OperationOffer(resource)
    var collection = JSONObject()
    if offer.collection.contains(.get) { collection["get"] = list(&problems) }
    if offer.collection.contains(.post) { collection["post"] = create(&problems) }
    if !collection.isEmpty { paths[collectionPath] = .object(collection) }
    var item = JSONObject()
    if offer.item.contains(.get) { item["get"] = read(&problems) }
    if offer.item.contains(.patch) { item["patch"] = update(&problems) }
    if offer.item.contains(.put) { item["put"] = replace(&problems) }
    if offer.item.contains(.delete) { item["delete"] = delete(&problems) }
    if !item.isEmpty {
      item["parameters"] = [idParameter]
      paths[collectionPath + "/{id}"] = .object(item)
    }
    if offer.hasHistory {
      paths[collectionPath + "/{id}/history"] = ["get": history(&problems), "parameters": [idParameter]]
    }
    if offer.restores {
      paths[collectionPath + "/{id}/" + Resource.restoring] = ["post": restore(&problems), "parameters": [idParameter]]
    }
    for transition in offer.transitions {
      paths[collectionPath + "/{id}/" + transition.name] = [
        "post": self.transition(transition, &problems), "parameters": [idParameter],
      ]
    }
  }

  private var idParameter: JSONValue {
    let key = resource.storage.key
    var schema: JSONObject = ["type": "string", "minLength": 1]
    if key.count == 1, let first = key.first {
      schema = FieldSchema(names: names, isInput: true).schema(first.type, field: "id", resource: resource.name)
    }
    return [
      "name": "id", "in": "path", "required": true, "description": .string("The id of one of \(resource.name)."),
      "schema": .object(schema), "example": FieldExample.key(resource),
    ]
  }

  // MARK: The frame of an operation

  private func operation(
    _ kind: String, summary: String, description: String, access: Access
  ) -> JSONObject {
    var result: JSONObject = [
      "operationId": .string(ids[kind] ?? kind), "tags": [.string(resource.name)],
      "summary": .string(summary), "description": .string(description + " " + AccessText.sentence(access)),
    ]
    result["x-access"] = .string(AccessText.kind(access))
    result["security"] = AccessText.isOpenToAnonymous(access) ? [[:], ["bearer": []]] : [["bearer": []]]
    return result
  }

  private static let headersOfRecord: JSONValue = [
    "ETag": ["$ref": "#/components/headers/ETag"], "X-Request-Id": ["$ref": "#/components/headers/X-Request-Id"],
  ]
  private static let headersOfPage: JSONValue = [
    "Link": ["$ref": "#/components/headers/Link"], "ETag": ["$ref": "#/components/headers/ETag"],
    "X-Request-Id": ["$ref": "#/components/headers/X-Request-Id"],
  ]
  private static let headersOfAnything: JSONValue = ["X-Request-Id": ["$ref": "#/components/headers/X-Request-Id"]]

  private func content(_ form: SchemaNames.Form, example: JSONValue?) -> JSONValue {
    var media: JSONObject = ["schema": ["$ref": .string(names.reference(resource.name, form))]]
    if let example { media["example"] = example }
    return .object(["application/json": .object(media)])
  }

  private func recordResponse(
    _ description: String, headers: JSONValue = headersOfRecord, links: JSONObject = [:]
  ) -> JSONValue {
    var result: JSONObject = [
      "description": .string(description), "headers": headers, "content": content(.read, example: schemas.example),
    ]
    if !links.isEmpty { result["links"] = .object(links) }
    return .object(result)
  }

  /// Where the id of a new record leads.
  private var links: JSONObject {
    let offer = OperationOffer(resource)
    var kinds: [String] = []
    if offer.item.contains(.get) { kinds.append("read") }
    if offer.hasHistory { kinds.append("history") }
    if offer.item.contains(.patch) { kinds.append("update") }
    if offer.item.contains(.delete) { kinds.append("delete") }
    if offer.restores { kinds.append(Resource.restoring) }
    kinds += offer.transitions.map { OperationDocs.kind($0) }
    var result = JSONObject()
    for kind in kinds {
      guard let id = ids[kind] else { continue }
      result[id] = ["operationId": .string(id), "parameters": ["id": "$response.body#/id"]]
    }
    return result
  }

  private static func kind(_ transition: StateMachine.Transition) -> String { "transition " + transition.name }

  private static let silent: JSONValue = [
    "description": "Done; the caller may not read the result, or prefers not to.", "headers": headersOfAnything,
  ]
  private static let notModified: JSONValue = ["description": "What you have is still the same.", "headers": headersOfRecord]

  private func requestBody(_ form: SchemaNames.Form, patch: Bool = false, example: JSONValue?) -> JSONValue {
    guard case .object(var content) = content(form, example: example) else { return .null }
    if patch, let media = content["application/json"] {
      content = [
        "application/merge-patch+json": media, "application/json": media,
        "application/json-patch+json": ["schema": ["$ref": .string("#/components/schemas/" + names.jsonPatch)]],
      ]
    }
    return ["required": true, "content": .object(content)]
  }

  /// Who reads a record may be told apart from who may not; everyone else gets 404.
  private func everywhere(_ access: Access, _ more: [FailureCode]) -> [FailureCode] {
    var codes: [FailureCode] = [.badRequest, .unknownParameter]
    codes += [.unauthenticated, .tokenExpired, .tokenInvalid, .forbidden]
    codes += more
    codes += [.notAcceptable, .uriTooLong, .headersTooLarge, .internal, .overloaded, .unavailable, .timeout]
    return codes
  }

  // MARK: Reading

  private func list(_ problems: inout ProblemResponses) -> JSONValue {
    let isExported = !resource.access.export.isNobody
    let export =
      " As `application/x-ndjson` or `text/csv` all of them in one stream, in the order of their ids, with `filter`, `fields` and the "
      + "fields' own parameters alone, for who may export: "
    var result = operation(
      "list", summary: "List \(resource.name)",
      description: "A page of the \(resource.name) that the caller may read, newest first unless sorted."
        + (isExported ? export + AccessText.sentence(resource.access.export) : ""),
      access: resource.access.read)
    result["parameters"] = .array(parameters.list)
    var media = content(.list, example: schemas.listExample)
    if isExported {
      for (type, schema) in streams { media[type] = schema }
    }
    var responses: JSONObject = [
      "200": ["description": "A page.", "headers": OperationDocs.headersOfPage, "content": media],
      "304": OperationDocs.notModified,
    ]
    problems.append(
      everywhere(resource.access.read, [.badParameter, .notFilterable, .notSortable, .tooCostly, .badCursor]), to: &responses)
    result["responses"] = .object(responses)
    return .object(result)
  }

  /// Many records, one after the other.
  private var streams: [(type: String, media: JSONValue)] {
    TransferForm.allCases.map { ("\($0.mediaType.type)/\($0.mediaType.subtype)", ["schema": ["type": "string"]]) }
  }

  /// What came of an import.
  private static let imported: JSONValue = [
    "description": "Every record of an import was looked at: how many were made, and which were refused.",
    "headers": headersOfAnything,
    "content": [
      "application/json": [
        "schema": [
          "type": "object", "required": ["created", "refused", "errors"],
          "properties": [
            "created": ["type": "integer", "minimum": 0], "refused": ["type": "integer", "minimum": 0],
            "errors": [
              "type": "array", "maxItems": .integer(Int64(ImportProgress.refusalsMax)),
              "description": "The first that were refused, by their line.",
              "items": [
                "type": "object", "required": ["line", "code", "detail"],
                "properties": [
                  "line": ["type": "integer", "minimum": 1], "code": ["type": "string"], "detail": ["type": "string"],
                  "errors": ["type": "array", "items": ["type": "object"]],
                ],
              ],
            ],
          ],
        ]
      ]
    ],
  ]

  private func read(_ problems: inout ProblemResponses) -> JSONValue {
    var result = operation(
      "read", summary: "Read one of \(resource.name)", description: "The record, as far as the caller may see it.",
      access: resource.access.read)
    result["parameters"] = .array(
      parameters.selection + (resource.hasHistory ? [ListParameterDocs.time] : []) + parameters.deleted
        + [ListParameterDocs.reference("ifNoneMatch")])
    var responses: JSONObject = ["200": recordResponse("The record."), "304": OperationDocs.notModified]
    problems.append(everywhere(resource.access.read, [.badParameter, .notFound]), to: &responses)
    result["responses"] = .object(responses)
    return .object(result)
  }

  private func history(_ problems: inout ProblemResponses) -> JSONValue {
    var result = operation(
      "history", summary: "The history of one of \(resource.name)",
      description: "What became of the record, newest first, as far as the caller may see the record today.",
      access: resource.access.read)
    result["parameters"] = .array(
      ["limit", "after", "before", "ifNoneMatch"].map { ListParameterDocs.reference($0) } + parameters.deleted)
    var responses: JSONObject = [
      "200": [
        "description": "A page of changes.", "headers": OperationDocs.headersOfPage,
        "content": ["application/json": ["schema": ["$ref": .string(names.reference(resource.name, .history))]]],
      ],
      "304": OperationDocs.notModified,
    ]
    problems.append(everywhere(resource.access.read, [.badParameter, .tooCostly, .badCursor, .notFound]), to: &responses)
    result["responses"] = .object(responses)
    return .object(result)
  }

  // MARK: Writing

  private func create(_ problems: inout ProblemResponses) -> JSONValue {
    var result = operation(
      "create", summary: "Create one of \(resource.name)",
      description: "Makes a record. As `application/x-ndjson` or `text/csv` many, of which each is made or refused by itself.",
      access: resource.access.create)
    result["parameters"] = [idempotencyParameter, preference]
    var body = requestBody(.create, example: schemas.createExample)
    if case .object(var media)? = body["content"] {
      for (type, schema) in streams { media[type] = schema }
      body["content"] = .object(media)
    }
    result["requestBody"] = body
    var responses: JSONObject = [
      "200": OperationDocs.imported,
      "201": recordResponse(
        "Made: the record.",
        headers: [
          "Location": ["$ref": "#/components/headers/Location"], "ETag": ["$ref": "#/components/headers/ETag"],
          "Idempotency-Replayed": ["$ref": "#/components/headers/Idempotency-Replayed"],
          "X-Request-Id": ["$ref": "#/components/headers/X-Request-Id"],
        ], links: links),
      "204": OperationDocs.silent,
    ]
    problems.append(everywhere(resource.access.create, writing + [.unique, .conflict]), to: &responses)
    result["responses"] = .object(responses)
    return .object(result)
  }

  private func update(_ problems: inout ProblemResponses) -> JSONValue {
    var result = operation(
      "update", summary: "Change one of \(resource.name)",
      description: "A merge patch (RFC 7396): members that are left out stay as they are, null clears. Or a JSON Patch (RFC 6902).",
      access: resource.access.update)
    result["parameters"] = [matchParameter, idempotencyParameter, preference]
    result["requestBody"] = requestBody(.update, patch: true, example: schemas.updateExample)
    var responses: JSONObject = ["200": recordResponse("Changed: the record as it is now."), "204": OperationDocs.silent]
    problems.append(everywhere(resource.access.update, writing + changing + [.unique, .conflict]), to: &responses)
    result["responses"] = .object(responses)
    return .object(result)
  }

  private func replace(_ problems: inout ProblemResponses) -> JSONValue {
    var result = operation(
      "replace", summary: "Replace one of \(resource.name)",
      description: "Every writable member: what is left out gets its default or null."
        + (resource.clientChoosesID ? " Makes the record where there is none." : ""),
      access: resource.access.update)
    result["parameters"] = [matchParameter, preference]
    result["requestBody"] = requestBody(.replace, example: schemas.replaceExample)
    var responses: JSONObject = ["200": recordResponse("Replaced: the record as it is now.")]
    if resource.clientChoosesID { responses["201"] = recordResponse("Made: the record.") }
    responses["204"] = OperationDocs.silent
    let codes = writing.filter { $0 != .idempotencyMismatch && $0 != .idempotencyInFlight && $0 != .idempotencyKeyMissing }
    problems.append(everywhere(resource.access.update, codes + changing + [.unique, .conflict]), to: &responses)
    result["responses"] = .object(responses)
    return .object(result)
  }

  private func delete(_ problems: inout ProblemResponses) -> JSONValue {
    var result = operation(
      "delete", summary: "Delete one of \(resource.name)",
      description: resource.isSoftDeleted
        ? "Marks the record as deleted, and what goes along with it: it is gone until it is restored." : "Removes the record.",
      access: resource.access.delete)
    result["parameters"] = [matchParameter]
    var responses: JSONObject = ["204": ["description": "Deleted.", "headers": OperationDocs.headersOfAnything]]
    problems.append(everywhere(resource.access.delete, changing + [.restricted, .conflict]), to: &responses)
    result["responses"] = .object(responses)
    return .object(result)
  }

  private func restore(_ problems: inout ProblemResponses) -> JSONValue {
    var result = operation(
      Resource.restoring, summary: "Restore one of \(resource.name)",
      description: "Brings a deleted record back, with what went along with it. One that is not deleted stays as it is.",
      access: resource.access.delete)
    result["parameters"] = [matchParameter, idempotencyParameter, preference]
    var responses: JSONObject = ["200": recordResponse("Done: the record as it is now."), "204": OperationDocs.silent]
    let codes: [FailureCode] = [.unique, .conflict, .idempotencyInFlight, .idempotencyMismatch, .validation]
    problems.append(everywhere(resource.access.delete, changing + codes + keyMissing), to: &responses)
    result["responses"] = .object(responses)
    return .object(result)
  }

  private func transition(
    _ transition: StateMachine.Transition, _ problems: inout ProblemResponses
  ) -> JSONValue {
    let from = transition.from.map { "`\($0)`" }.joined(separator: " or ")
    var result = operation(
      OperationDocs.kind(transition),
      summary: "\(transition.name.prefix(1).uppercased() + transition.name.dropFirst()) one of \(resource.name)",
      description: "Moves the record from \(from) to `\(transition.to)`.", access: transition.access)
    result["parameters"] = [matchParameter, idempotencyParameter, preference]
    var responses: JSONObject = ["200": recordResponse("Done: the record as it is now."), "204": OperationDocs.silent]
    let codes: [FailureCode] = [.wrongState, .conflict, .idempotencyInFlight, .idempotencyMismatch, .validation]
    problems.append(everywhere(transition.access, changing + codes + keyMissing), to: &responses)
    result["responses"] = .object(responses)
    return .object(result)
  }

  private var keyMissing: [FailureCode] { resource.idempotencyRequired ? [.idempotencyKeyMissing] : [] }

  private var writing: [FailureCode] {
    [
      .malformedJSON, .requestTimeout, .bodyTooLarge, .unsupportedMediaType, .expectationFailed, .validation, .idempotencyMismatch,
      .idempotencyInFlight,
    ] + keyMissing
  }

  private var changing: [FailureCode] {
    [.notFound, .preconditionFailed] + (resource.concurrencyRequired ? [.preconditionRequired] : [])
  }

  /// The shared parameter, made required where the contract demands it.
  private func demanded(_ name: String, _ isRequired: Bool) -> JSONValue {
    guard isRequired, var parameter = ListParameterDocs.shared.first(where: { $0.name == name })?.value else {
      return ListParameterDocs.reference(name)
    }
    parameter["required"] = true
    return parameter
  }

  private var preference: JSONValue { ListParameterDocs.reference("prefer") }
  private var matchParameter: JSONValue { demanded("ifMatch", resource.concurrencyRequired) }
  private var idempotencyParameter: JSONValue { demanded("idempotencyKey", resource.idempotencyRequired) }
}

/// Operation ids, each once.
struct OperationIdentifiers {
  private var taken: Set<String> = []

  mutating func unique(_ wanted: String) -> String {
    var id = wanted
    var number = 2
    while !taken.insert(id).inserted {
      id = wanted + String(number)
      number += 1
    }
    return id
  }
}
