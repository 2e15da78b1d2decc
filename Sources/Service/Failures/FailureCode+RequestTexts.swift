extension FailureCode {
  /// 400: the request cannot be understood as it stands.
  var textsOfRequest: FailureTexts {
    switch self {
    case .malformedJSON:
      FailureTexts(
        "The body is not valid JSON",
        "The body could not be read as JSON (RFC 8259). The detail names the byte at which reading stopped. Duplicate keys, "
          + "bytes that are not UTF-8 and more than 64 levels of nesting are refused as well.",
        remedy: "Send one JSON value in UTF-8. Look at the named byte: a trailing comma, a single quote or a cut-off body is "
          + "the usual cause.",
        example: "expected a value at byte 17")
    case .unknownParameter:
      FailureTexts(
        "A query parameter is not known",
        "The URL holds a query parameter that this endpoint does not have. Parameters are never silently ignored: a misspelt "
          + "filter would otherwise return everything.",
        remedy: "Correct the name (the answer suggests the nearest one) or leave the parameter out.",
        example: "there is no parameter \"limt\"; did you mean \"limit\"?")
    case .badParameter:
      FailureTexts(
        "A parameter's value is not valid",
        "A query parameter is there but its value cannot be used: it is out of range, of another type, given twice or not "
          + "properly percent-encoded.",
        remedy: "Correct the value; the detail says what is allowed.",
        example: "limit must be a whole number from 1 to 100")
    case .notFilterable:
      FailureTexts(
        "A field cannot be filtered by",
        "The filter uses a field that has no index and is not listed under filterable, so that answering it could mean "
          + "reading a whole table.",
        remedy: "Filter by an indexed field, or have the contract's author add the line that the detail names.",
        example: "notes has no index; add index: true to the field or list it under filterable")
    case .notSortable:
      FailureTexts(
        "A field cannot be sorted by",
        "The equality filters followed by the sort keys must be the beginning of one index; they are not.",
        remedy: "Sort by an indexed field, or have the contract's author add the index that the detail names.",
        example: "no index begins with -total; add indexes: [[-total]]")
    case .tooCostly:
      FailureTexts(
        "The request would read too many records",
        "Beyond what its index yields, the filter had to look at more records than the row budget of this resource allows.",
        remedy: "Narrow the filter by an indexed field, for example by a range of dates.",
        example: "the filter looked at 10000 records without filling a page")
    case .badCursor:
      FailureTexts(
        "The cursor is not valid",
        "The after or before parameter is not a cursor that this service made for this caller, sort and filter, or it is too "
          + "old.",
        remedy: "Begin again without after and before, and follow page.next and page.previous as they stand.",
        example: "the cursor belongs to another sort order")
    case .idempotencyKeyMissing:
      FailureTexts(
        "An Idempotency-Key is required",
        "The contract demands an Idempotency-Key on this request, so that a retry after a lost answer cannot do the work "
          + "twice.",
        remedy: "Send a new random key (a UUID in quotes) with each new request, and the same key again when you retry it.",
        example: "send Idempotency-Key: \"...\" with this request")
    default:
      FailureTexts(
        "The request is not valid",
        "The request does not follow the rules of HTTP or of this API in a way that no other code describes: a malformed "
          + "header, a bad percent-escape, a body where none belongs.",
        remedy: "Correct what the detail names.",
        example: "If-Match is not a list of entity tags")
    }
  }

  /// 401 and 403: who asks, and whether they may.
  var textsOfAccess: FailureTexts {
    switch self {
    case .unauthenticated:
      FailureTexts(
        "Authentication is required",
        "The request carries no credentials, and what it asks for is not open to everyone.",
        remedy: "Send Authorization: Bearer TOKEN with a valid access token.",
        example: "send a bearer token")
    case .tokenExpired:
      FailureTexts(
        "The access token has expired",
        "The token was genuine, but its time is over (30 seconds of clock difference are allowed).",
        remedy: "Get a new token and send the request again.",
        example: "the token expired at 2026-01-31T10:00:00Z")
    case .tokenInvalid:
      FailureTexts(
        "The access token is not valid",
        "The token could not be accepted: it is malformed, its signature does not verify, or it was made by an issuer or for "
          + "an audience that this service does not know. Which of these it was stands in the service's log only.",
        remedy: "Check that the token was made for this service, and that it was not cut or altered on its way.",
        example: "the bearer token is not valid")
    case .mfaRequired:
      FailureTexts(
        "A second factor is required",
        "The caller may do this only after proving a second factor.",
        remedy: "Complete the second factor and send the request again with the new token.",
        example: "this action needs a second factor")
    case .insufficientScope:
      FailureTexts(
        "The token's scope does not suffice",
        "The caller's token was made for fewer things than this request needs.",
        remedy: "Get a token with the scope that the detail names.",
        example: "the scope orders:write is needed")
    default:
      FailureTexts(
        "The caller may not do this",
        "The access rules do not grant this action to the caller. A record that the caller may not even read answers 404 "
          + "instead, as if it were not there.",
        remedy: "Ask with another account, or have the rule changed. Sending the same request again will not help.",
        example: "updating this record is not allowed")
    }
  }
}
