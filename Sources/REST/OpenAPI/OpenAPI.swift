package import Contract
import JSON
import Service
import Store

/// The OpenAPI 3.1 description of a contract.
package enum OpenAPI {
  /// The document as JSON text, for people (two spaces a level).
  ///
  /// - Parameter origin: scheme and authority (`https://api.example.com`); nil makes the server `/`, which is where the
  ///   document itself came from.
  package static func document(contract: Contract, origin: String?) -> [UInt8] { tree(contract, origin: origin).prettyBytes }

  /// The same as YAML.
  package static func yaml(contract: Contract, origin: String?) -> [UInt8] { YAMLText.bytes(tree(contract, origin: origin)) }

  static func tree(_ contract: Contract, origin: String?) -> JSONValue {
    let names = SchemaNames(contract)
    let layout = Layout(contract)
    let version = contract.service.version
    var problems = ProblemResponses(names: names)
    var identifiers = OperationIdentifiers()
    var paths = JSONObject()
    var tags: [JSONValue] = []
    for resource in contract.resources {
      let count = paths.count
      OperationDocs(resource, version: version, names: names, layout: layout[resource.name], identifiers: &identifiers)
        .append(to: &paths, problems: &problems)
      guard paths.count > count else { continue }
      var tag: JSONObject = ["name": .string(resource.name)]
      if let description = resource.description { tag["description"] = .string(description) }
      tags.append(.object(tag))
    }
    let before = paths.count
    for query in contract.queries {
      QueryDocs(query: query, contract: contract, names: names).append(to: &paths, identifiers: &identifiers, problems: &problems)
    }
    if paths.count > before { tags.append(["name": "queries", "description": "What is made of many records."]) }
    ServiceDocs.appendBatch(to: &paths, contract: contract, names: names, identifiers: &identifiers, problems: &problems)
    ServiceDocs.append(to: &paths, contract: contract, names: names, identifiers: &identifiers)
    tags.append(["name": "service", "description": "Health and description of the service itself."])
    var info: JSONObject = [
      "title": .string(contract.service.name), "version": .string(version),
      "summary": .string("The \(contract.service.name) API, generated from its contract."),
    ]
    info["description"] = .string(description(contract))
    return [
      "openapi": "3.1.0", "info": .object(info), "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
      "servers": [["url": .string(origin ?? "/")]], "tags": .array(tags), "paths": .object(paths),
      "components": .object(components(contract, names: names, problems: problems)),
    ]
  }

  private static func description(_ contract: Contract) -> String {
    (contract.service.description.map { $0 + "\n\n" } ?? "")
      + """
      Every answer carries `X-Request-Id`. Every error is a problem document (RFC 9457) whose `code` has a page under \
      `/problems`. Lists are paginated by cursor: follow `page.next` or the `Link` header. Retry writes with the same \
      `Idempotency-Key`; send the `ETag` you read as `If-Match` so that nothing is overwritten unseen.
      """
  }

  private static func components(_ contract: Contract, names: SchemaNames, problems: ProblemResponses) -> JSONObject {
    var parameters = JSONObject()
    for (name, value) in ListParameterDocs.shared { parameters[name] = value }
    return [
      "schemas": .object(schemas(contract, names: names)), "parameters": .object(parameters),
      "headers": ServiceDocs.headers, "responses": .object(problems.components), "examples": ProblemResponses.examples,
      "securitySchemes": [
        "bearer": [
          "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
          "description": "An access token of this service or of an issuer that it trusts.",
        ]
      ],
    ]
  }

  private static func schemas(_ contract: Contract, names: SchemaNames) -> JSONObject {
    var schemas = JSONObject()
    for resource in contract.resources {
      let made = ResourceSchemas(resource: resource, names: names)
      let offer = OperationOffer(resource)
      if offer.isEmpty { continue }
      schemas[names.name(resource.name, .read)] = made.record
      if offer.collection.contains(.get) { schemas[names.name(resource.name, .list)] = made.list }
      if offer.hasHistory {
        schemas[names.name(resource.name, .event)] = made.event
        schemas[names.name(resource.name, .history)] = made.history
      }
      if offer.collection.contains(.post) { schemas[names.name(resource.name, .create)] = made.create }
      if offer.item.contains(.patch) {
        schemas[names.name(resource.name, .update)] = made.update
        schemas[names.name(resource.name, .replace)] = made.replace
      }
      for field in resource.fields {
        guard case .json(let options) = field.type, let schema = options.schema, let name = names.schema(resource.name, field.name)
        else { continue }
        schemas[name] = EmbeddedSchema.component(schema, name: name, resource: resource.name, field: field.name)
      }
    }
    schemas[names.problem] = ProblemResponses.schema
    schemas[names.page] = ServiceDocs.page(contract)
    schemas[names.money] = ServiceDocs.money
    schemas[names.file] = ServiceDocs.file
    schemas[names.health] = ServiceDocs.health
    schemas[names.jsonPatch] = ServiceDocs.jsonPatch
    return schemas
  }
}
