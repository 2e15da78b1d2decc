package import Base

/// What is logged of one request. The route is the pattern (`/v1/orders/{id}`), never the path: a path holds ids and searches.
package struct RequestLog: Sendable {
  package var method: String
  package var route: String
  package var status: Int
  package var durationNanoseconds: UInt64
  /// Of the answer's body.
  package var bytes: Int
  /// The caller's row of `users`; nil without a token.
  package var caller: UUID?
  package var requestID: String
  /// Statements that were sent to the store.
  package var statements: Int
  /// Why it failed, for the engineer; never made from a record's values.
  package var cause: String?

  package init(
    method: String, route: String, status: Int, durationNanoseconds: UInt64, bytes: Int, caller: UUID?, requestID: String,
    statements: Int, cause: String? = nil
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
  }

  /// 5xx is our fault and an error; the rest is daily life.
  package var level: LogLevel { status >= 500 ? .error : .info }

  var fields: [LogField] {
    var fields = [
      LogField("method", .name(method)), LogField("route", .name(route)), LogField("status", .integer(Int64(status))),
      LogField("duration", .duration(nanoseconds: durationNanoseconds)), LogField("bytes", .integer(Int64(bytes))),
      LogField("statements", .integer(Int64(statements))), LogField("request_id", .identifier(requestID)),
    ]
    if let caller { fields.append(LogField("caller", .uuid(caller))) }
    if let cause { fields.append(LogField("cause", .cause(cause))) }
    return fields
  }
}
