extension FailureCode {
  /// 409, 412, 422, 428: the request was understood, and what is stored (or what was sent) speaks against it.
  var textsOfWriting: FailureTexts {
    switch self {
    case .unique:
      FailureTexts(
        "The value is already taken",
        "Another record already has this value in a field (or set of fields) that must be unique. The errors member names the "
          + "field.",
        remedy: "Choose another value, or change the record that has it.",
        example: "email is already taken")
    case .restricted:
      FailureTexts(
        "Other records refer to this one",
        "The record cannot be deleted while others refer to it, or because more than 1,000 others would go or change with it. The "
          + "detail names the resource that does.",
        remedy: "Delete or change the records that refer to it first.",
        example: "orders refer to this record by customer")
    case .wrongState:
      FailureTexts(
        "The record is in another state",
        "The transition starts from certain states only, and the record is in none of them. The from member lists them.",
        remedy: "Read the record again and choose an action that its state allows.",
        example: "pay is possible from pending")
    case .idempotencyInFlight:
      FailureTexts(
        "The first request with this key is still running",
        "Another request with the same Idempotency-Key has not finished yet.",
        remedy: "Wait for the time in Retry-After, and send the same request with the same key again: you will get the first "
          + "one's answer.",
        example: "the first request with this key is still running")
    case .preconditionFailed:
      FailureTexts(
        "The record has changed",
        "The entity tag in If-Match is no longer the record's: someone changed it after you read it. Nothing was written.",
        remedy: "Read the record again, apply your change to what it is now, and send it with the new ETag.",
        example: "the record has changed since revision 3")
    case .validation:
      FailureTexts(
        "The request is not valid",
        "The body is JSON, but one or more of its members cannot be accepted. The errors member lists all of them at once, "
          + "each with a JSON pointer, a code and what is wrong.",
        remedy: "Correct every listed member and send the request again.",
        example: "2 fields are not valid")
    case .idempotencyMismatch:
      FailureTexts(
        "The Idempotency-Key was used for another request",
        "This key came before with another method, path, query or body. A key stands for one request only.",
        remedy: "Use a new key for a new request; send a retry exactly as the first request was.",
        example: "this key was used with another body")
    case .preconditionRequired:
      FailureTexts(
        "If-Match is required",
        "The contract demands that changes to this resource name the version they were made from, so that nobody overwrites "
          + "what they have not seen.",
        remedy: "Read the record and send its ETag in If-Match.",
        example: "send If-Match with the ETag of the record you read")
    default:
      FailureTexts(
        "The request conflicts with what is stored",
        "The change cannot be made to the record as it is now, for example because it kept changing while the request ran.",
        remedy: "Read the record again and decide whether the change still applies.",
        example: "the record was changed at the same time")
    }
  }

  /// 404 to 417 and 431: HTTP's own.
  var textsOfProtocol: FailureTexts {
    switch self {
    case .methodNotAllowed:
      FailureTexts(
        "The method is not possible here",
        "The path exists, but not with this method. The Allow header lists the ones it has.",
        remedy: "Use one of the methods in Allow.",
        example: "DELETE is not possible here; use GET, HEAD, POST, OPTIONS")
    case .notAcceptable:
      FailureTexts(
        "No acceptable form of the answer",
        "The Accept header leaves out every media type that this endpoint can answer with.",
        remedy: "Accept application/json, or leave the header out.",
        example: "this endpoint answers application/json")
    case .requestTimeout:
      FailureTexts(
        "The request did not come in time",
        "A head has 10 seconds; a body 30, one more for each KiB of it, and no silence of 30. The connection is closed. Nothing was done, "
          + "but for the records of an import that came before.",
        remedy: "Send it again over a new connection, without pauses; an import goes on under its Idempotency-Key.",
        example: "The body did not come in time")
    case .bodyTooLarge:
      FailureTexts(
        "The body is too large",
        "The body is longer than the limit of this service (1 MiB unless it was set).",
        remedy: "Send less in one request.",
        example: "the body may be 1048576 bytes long")
    case .uriTooLong:
      FailureTexts(
        "The URL is too long",
        "The request target is longer than 8 KiB.",
        remedy: "Shorten the filter, or send it as the body of a QUERY request.",
        example: "the request target may be 8192 bytes long")
    case .unsupportedMediaType:
      FailureTexts(
        "The body's media type is not supported",
        "The Content-Type is missing, is not one that this endpoint reads, or names a character set other than UTF-8; or the "
          + "body has a Content-Encoding, and then the answer says Accept-Encoding: identity.",
        remedy: "Send application/json (with PATCH also application/merge-patch+json or application/json-patch+json) in UTF-8, "
          + "not compressed.",
        example: "send the body as application/json")
    case .expectationFailed:
      FailureTexts(
        "The expectation cannot be met",
        "The Expect header holds something other than 100-continue.",
        remedy: "Leave the Expect header out.",
        example: "only 100-continue can be expected")
    case .headersTooLarge:
      FailureTexts(
        "The headers are too large",
        "The header section is longer than 16 KiB or has too many lines.",
        remedy: "Send fewer or shorter headers; large cookies are the usual cause.",
        example: "the headers may be 16384 bytes long")
    default:
      FailureTexts(
        "Not found",
        "There is nothing at this path, or the caller may not see what is there: the two cannot be told apart, on purpose.",
        remedy: "Check the path and the id, and whether the caller may read the record.",
        example: "there is no such record")
    }
  }

  /// 429 and 5xx: it is not the request's fault.
  var textsOfService: FailureTexts {
    switch self {
    case .rateLimited:
      FailureTexts(
        "Too many requests",
        "The caller has used up its share for now.",
        remedy: "Wait for the time in Retry-After before the next request.",
        example: "try again in 12 seconds")
    case .overloaded:
      FailureTexts(
        "The service is overloaded",
        "A queue is full, or the service holds as many bytes as it may, so the request was refused at once rather than left to wait. "
          + "Nothing was done.",
        remedy: "Try again after the time in Retry-After, with longer pauses each time.",
        example: "the service is busy; try again shortly")
    case .unavailable:
      FailureTexts(
        "The service is not available",
        "Something that the service needs, such as its database, cannot be reached. A write may or may not have taken effect "
          + "where the connection was lost in the middle.",
        remedy: "Try again later. Retry writes with the same Idempotency-Key: it makes that safe.",
        example: "the database cannot be reached")
    case .timeout:
      FailureTexts(
        "The request took too long",
        "The work was not done within its time limit and was given up.",
        remedy: "Try again; ask for less (a smaller limit, fewer includes) if it happens every time. Retry writes with the "
          + "same Idempotency-Key.",
        example: "no answer within 30 seconds")
    default:
      FailureTexts(
        "Something went wrong inside the service",
        "An unexpected error happened. Nothing of the inside is shown here; everything is in the service's log under the "
          + "request id.",
        remedy: "Try again later, and give the request_id to whoever runs the service.",
        example: "the request id leads to the details in the log")
    }
  }
}
