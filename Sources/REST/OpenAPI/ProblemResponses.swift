import JSON
import Service

/// The error responses of operations: one component for each set of codes with the same status.
struct ProblemResponses {
  private(set) var components = JSONObject()
  private var references: [String: String] = [:]
  private let names: SchemaNames

  init(names: SchemaNames) { self.names = names }

  /// Adds the codes' responses to an operation's, in the order of their statuses.
  mutating func append(_ codes: [FailureCode], to responses: inout JSONObject) {
    let statuses = Set(codes.map(\.status)).sorted()
    for status in statuses {
      let some = codes.filter { $0.status == status }
      responses[String(status)] = ["$ref": .string("#/components/responses/" + component(status, some))]
    }
  }

  private mutating func component(_ status: Int, _ codes: [FailureCode]) -> String {
    let key = codes.map(\.rawValue).joined(separator: ",")
    if let known = references[key] { return known }
    let base = ProblemResponses.word(status)
    var name = base
    var number = 2
    while components[name] != nil {
      name = base + String(number)
      number += 1
    }
    references[key] = name
    var examples = JSONObject()
    for code in codes { examples[code.rawValue] = ["$ref": .string("#/components/examples/" + code.rawValue)] }
    let text = codes.map { "`\($0.rawValue)`: \($0.texts.title.lowercasedFirst)." }.joined(separator: " ")
    components[name] = [
      "description": .string(text),
      "headers": ProblemResponses.headers(status),
      "content": [
        "application/problem+json": [
          "schema": ["$ref": .string("#/components/schemas/" + names.problem)], "examples": .object(examples),
        ]
      ],
    ]
    return name
  }

  private static func headers(_ status: Int) -> JSONValue {
    var headers: JSONObject = ["X-Request-Id": ["$ref": "#/components/headers/X-Request-Id"]]
    if status == 401 { headers["WWW-Authenticate"] = ["$ref": "#/components/headers/WWW-Authenticate"] }
    if status == 415 { headers["Accept-Encoding"] = ["$ref": "#/components/headers/Accept-Encoding"] }
    if status == 429 || status == 503 { headers["Retry-After"] = ["$ref": "#/components/headers/Retry-After"] }
    return .object(headers)
  }

  private static func word(_ status: Int) -> String {
    switch status {
    case 400: "BadRequest"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "NotFound"
    case 405: "MethodNotAllowed"
    case 406: "NotAcceptable"
    case 408: "RequestTimeout"
    case 409: "Conflict"
    case 412: "PreconditionFailed"
    case 413: "ContentTooLarge"
    case 414: "URITooLong"
    case 415: "UnsupportedMediaType"
    case 417: "ExpectationFailed"
    case 422: "UnprocessableContent"
    case 428: "PreconditionRequired"
    case 429: "TooManyRequests"
    case 431: "HeadersTooLarge"
    case 500: "InternalServerError"
    case 503: "ServiceUnavailable"
    case 504: "GatewayTimeout"
    default: "Status\(status)"
    }
  }

  /// An example of each code: a whole problem document.
  static var examples: JSONValue {
    var result = JSONObject()
    for code in FailureCode.allCases {
      var value: JSONObject = [
        "type": .string("https://api.example.com/problems/" + code.rawValue), "title": .string(code.texts.title),
        "status": .integer(Int64(code.status)), "code": .string(code.rawValue), "detail": .string(code.texts.example),
        "instance": "/v1/resource", "request_id": .string(FieldExample.id),
      ]
      if code == .validation {
        value["errors"] = [
          ["pointer": "/email", "code": "format", "detail": "is not an e-mail address"],
          ["pointer": "/nmae", "code": "unknown_field", "detail": "did you mean name?"],
        ]
      } else if code == .unknownParameter || code == .badParameter {
        value["errors"] = [["parameter": "limit", "code": .string(code.rawValue), "detail": .string(code.texts.example)]]
      }
      result[code.rawValue] = ["summary": .string(code.texts.title), "value": .object(value)]
    }
    return .object(result)
  }

  /// The schema of a problem document (RFC 9457).
  static var schema: JSONValue {
    [
      "type": "object", "description": "What went wrong, as RFC 9457 has it.",
      "required": ["type", "title", "status", "code", "request_id"],
      "properties": [
        "type": ["type": "string", "format": "uri", "description": "The page that explains the code."],
        "title": ["type": "string", "description": "The same for every occurrence of the code."],
        "status": ["type": "integer", "minimum": 400, "maximum": 599],
        "code": [
          "type": "string", "description": "Stable: decide by this.",
          "enum": .array(FailureCode.allCases.map { .string($0.rawValue) }),
        ],
        "detail": ["type": "string", "description": "What was wrong this time, for people."],
        "instance": ["type": "string", "description": "The path of the request."],
        "request_id": ["type": "string", "description": "Leads to the request in the service's log."],
        "errors": [
          "type": "array", "description": "Every member or parameter at fault.",
          "items": [
            "type": "object", "required": ["code", "detail"],
            "properties": [
              "pointer": ["type": "string", "description": "Where in the body (RFC 6901)."],
              "parameter": ["type": "string", "description": "Which query parameter."],
              "code": ["type": "string"], "detail": ["type": "string"],
            ],
          ],
        ],
      ],
    ]
  }
}

extension String {
  /// For titles in the middle of a sentence.
  var lowercasedFirst: String {
    guard let first, dropFirst().first?.isUppercase != true else { return self }
    return first.lowercased() + dropFirst()
  }
}
