/// Every error code a client can meet: one table for the answers, their pages under `/problems` and the OpenAPI document.
package enum FailureCode: String, Sendable, CaseIterable {
  case malformedJSON = "malformed_json"
  case badRequest = "bad_request"
  case unknownParameter = "unknown_parameter"
  case badParameter = "bad_parameter"
  case notFilterable = "not_filterable"
  case notSortable = "not_sortable"
  case tooCostly = "too_costly"
  case badCursor = "bad_cursor"
  case idempotencyKeyMissing = "idempotency_key_missing"
  case unauthenticated
  case tokenExpired = "token_expired"
  case tokenInvalid = "token_invalid"
  case forbidden
  case mfaRequired = "mfa_required"
  case insufficientScope = "insufficient_scope"
  case notFound = "not_found"
  case methodNotAllowed = "method_not_allowed"
  case notAcceptable = "not_acceptable"
  case requestTimeout = "request_timeout"
  case conflict
  case unique
  case restricted
  case wrongState = "wrong_state"
  case idempotencyInFlight = "idempotency_in_flight"
  case preconditionFailed = "precondition_failed"
  case bodyTooLarge = "body_too_large"
  case uriTooLong = "uri_too_long"
  case unsupportedMediaType = "unsupported_media_type"
  case expectationFailed = "expectation_failed"
  case validation
  case idempotencyMismatch = "idempotency_mismatch"
  case preconditionRequired = "precondition_required"
  case headersTooLarge = "headers_too_large"
  case rateLimited = "rate_limited"
  case overloaded
  case unavailable
  case timeout
  case `internal`

  package var status: Int {
    switch self {
    case .malformedJSON, .badRequest, .unknownParameter, .badParameter, .notFilterable, .notSortable, .tooCostly, .badCursor,
      .idempotencyKeyMissing:
      400
    case .unauthenticated, .tokenExpired, .tokenInvalid: 401
    case .forbidden, .mfaRequired, .insufficientScope: 403
    case .notFound: 404
    case .methodNotAllowed: 405
    case .notAcceptable: 406
    case .requestTimeout: 408
    case .conflict, .unique, .restricted, .wrongState, .idempotencyInFlight: 409
    case .preconditionFailed: 412
    case .bodyTooLarge: 413
    case .uriTooLong: 414
    case .unsupportedMediaType: 415
    case .expectationFailed: 417
    case .validation, .idempotencyMismatch: 422
    case .preconditionRequired: 428
    case .rateLimited: 429
    case .headersTooLarge: 431
    case .internal: 500
    case .overloaded, .unavailable: 503
    case .timeout: 504
    }
  }
}
