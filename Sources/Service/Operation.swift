package import Base
package import Identity

/// What is asked, by whom: the one form that every adapter (REST, GraphQL, gRPC, batch, jobs) turns its protocol into.
package struct Operation: Sendable {
  package enum Action: Sendable, Equatable {
    case list(ListParameters)
    case read(ReadParameters)
    case create
    /// RFC 7396 merge patch.
    case update
    /// RFC 6902 JSON Patch.
    case patch
    /// PUT: every writable field.
    case replace
    case delete
    case transition(String)
  }

  package var action: Action
  package var resource: String
  /// The id as it stands in the URL, percent-decoded; nil for collections.
  package var key: String?
  package var caller: Caller
  /// JSON text as it came; empty where there is none.
  package var body: [UInt8] = []
  package var preconditions = Preconditions()
  package var idempotency: Idempotency?
  package var context: RequestContext

  package init(_ action: Action, resource: String, key: String? = nil, caller: Caller, context: RequestContext) {
    self.action = action
    self.resource = resource
    self.key = key
    self.caller = caller
    self.context = context
  }
}

/// What rules may know of the request, and what logs and events carry of it.
package struct RequestContext: Sendable {
  package var requestID: String
  package var ip: String
  package var method: String
  package var time: Timestamp
  /// The content coding the answer will have (part of a strong ETag): `identity` or `gzip`.
  package var contentCoding = "identity"
  /// Scheme and authority for absolute URLs, without a slash at its end.
  package var origin: String
  package init(requestID: String, ip: String, method: String, time: Timestamp, origin: String) {
    self.requestID = requestID
    self.ip = ip
    self.method = method
    self.time = time
    self.origin = origin
  }
}

/// Parameters of a list, as text: the service parses them, so that every adapter gets the same errors.
package struct ListParameters: Sendable, Equatable {
  package var limit: String?
  package var after: String?
  package var before: String?
  package var sort: String?
  package var filter: String?
  package var fields: String?
  package var include: String?
  package var count: String?
  /// `FIELD=VALUE`, in the order of the request. Names that no field has are errors with a suggestion.
  package var equals: [(name: String, value: String)] = []
  package init() {}

  package static func == (a: Self, b: Self) -> Bool {
    a.limit == b.limit && a.after == b.after && a.before == b.before && a.sort == b.sort && a.filter == b.filter
      && a.fields == b.fields && a.include == b.include && a.count == b.count
      && a.equals.elementsEqual(b.equals, by: ==)
  }
}

package struct ReadParameters: Sendable, Equatable {
  package var fields: String?
  package var include: String?
  /// Unknown parameters, for the error.
  package var others: [String] = []
  package init() {}
}

/// `If-Match` and `If-None-Match`, parsed (RFC 9110 section 13.1). Weak tags keep their mark.
package struct Preconditions: Sendable, Equatable {
  package enum Tags: Sendable, Equatable {
    case any
    case tags([String])
  }
  /// Opaque tags without their quotes.
  package var ifMatch: Tags?
  package var ifNoneMatch: Tags?
  package init() {}
}

package struct Idempotency: Sendable, Equatable {
  package var key: String
  /// SHA-256 over method, path, query and body.
  package var fingerprint: [UInt8]
  package init(key: String, fingerprint: [UInt8]) {
    self.key = key
    self.fingerprint = fingerprint
  }
}
