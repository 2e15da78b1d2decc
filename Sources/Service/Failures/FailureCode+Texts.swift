/// What a code says to people: the title in every answer, and what its page under `/problems` and the OpenAPI document tell.
package struct FailureTexts: Sendable {
  /// One short sentence without a full stop: the `title` member (RFC 9457 section 3.1.4), the same for every occurrence.
  package let title: String
  /// What happened, for who reads the page.
  package let meaning: String
  /// What the client does next.
  package let remedy: String
  /// A `detail` as it could stand in an answer.
  package let example: String

  init(_ title: String, _ meaning: String, remedy: String, example: String) {
    self.title = title
    self.meaning = meaning
    self.remedy = remedy
    self.example = example
  }
}

extension FailureCode {
  /// The row of the table: one source for answers, pages and the OpenAPI document.
  package var texts: FailureTexts {
    switch status {
    case 400: textsOfRequest
    case 401, 403: textsOfAccess
    case 409, 412, 422, 428: textsOfWriting
    case 429, 500...: textsOfService
    default: textsOfProtocol
    }
  }

  /// Whether the same request may be sent again without a change, after a pause.
  package var isRetryable: Bool {
    switch self {
    case .requestTimeout, .idempotencyInFlight, .rateLimited, .overloaded, .unavailable, .timeout, .internal: true
    default: false
    }
  }
}
