package import Base

/// What is logged of one request. The route is the pattern (`/v1/orders/{id}`), never the path: a path holds ids and searches.
///
/// An object: it is handed through several hands, for every request.
package final class RequestLog: Sendable {
  package let method: String
  package let route: String
  package let status: Int
  package let durationNanoseconds: UInt64
  /// Of the answer's body.
  package let bytes: Int
  /// The caller's row of `users`; nil without a token.
  package let caller: UUID?
  package let requestID: String
  /// Statements that were sent to the store.
  package let statements: Int
  /// Why it failed, for the engineer; never made from a record's values.
  package let cause: String?
  /// Refused because there was too much of it.
  package let wasShed: Bool

  package init(
    method: String, route: String, status: Int, durationNanoseconds: UInt64, bytes: Int, caller: UUID?, requestID: String,
    statements: Int, cause: String? = nil, wasShed: Bool = false
  ) {
    self.method = method
    self.route = route
    self.status = status
    self.durationNanoseconds = durationNanoseconds
    self.bytes = bytes
    self.caller = caller
    self.requestID = requestID
    self.statements = statements
    self.cause = cause
    self.wasShed = wasShed
  }

  /// 5xx is our fault and an error, but for a method or a version that nobody knows; the rest is daily life. What is refused because
  /// there is too much of it is neither, and comes in floods: a line that is written at once for each would cost more than the
  /// refusals.
  package var level: LogLevel {
    if status < 500 || status == 501 || status == 505 { return .info }
    return status == 503 && (wasShed || cause == nil) ? .notice : .error
  }

  /// Hands the line's fields over one by one: this is done for every request, so no list is made of them.
  func forEachField(_ body: (StaticString, LogValue) -> Void) {
    body("method", .name(method))
    body("route", .name(route))
    body("status", .integer(Int64(status)))
    body("duration", .duration(nanoseconds: durationNanoseconds))
    body("bytes", .integer(Int64(bytes)))
    body("statements", .integer(Int64(statements)))
    body("request_id", .identifier(requestID))
    if let caller { body("caller", .uuid(caller)) }
    if let cause { body("cause", .cause(cause)) }
  }
}
