package import Base
package import Identity
package import Store

/// What is asked, by whom: the one form that every adapter (REST, GraphQL, gRPC, batch, jobs) turns its protocol into.
package struct Operation: Sendable {
  package enum Action: Sendable, Equatable {
    /// A read without parameters: what most requests are.
    package static let plainRead = Action.read(ReadParameters())

    indirect case list(ListParameters)
    indirect case read(ReadParameters)
    /// A record's events, newest first.
    indirect case history(HistoryParameters)
    /// A named query, whose name stands in the resource's place.
    indirect case query(QueryParameters)
    case create
    /// RFC 7396 merge patch.
    case update
    /// RFC 6902 JSON Patch.
    case patch
    /// PUT: every writable field.
    case replace
    case delete
    /// Brings a deleted record back, where those are kept.
    case restore
    case transition(String)
  }

  package var action: Action
  /// Of a list's parameters.
  package var parameters: ParameterIdentity?
  package var resource: String
  /// The id as it stands in the URL, percent-decoded; nil for collections.
  package var key: String?
  package var caller: Caller
  /// JSON text as it came; empty where there is none.
  package var body: [UInt8] = []
  package var preconditions = Preconditions()
  package var idempotency: Idempotency?
  /// It is part of a batch that has an idempotency key.
  package var isKeyed = false
  /// Parameters that are not known are passed over.
  package var isLenient = false
  package var context: RequestContext
  /// Covers what the body comes to, where that is much.
  package var lease: MemoryLease?

  package init(_ action: Action, resource: String, key: String? = nil, caller: Caller, context: RequestContext) {
    self.action = action
    self.resource = resource
    self.key = key
    self.caller = caller
    self.context = context
  }
}

/// What rules may know of the request, and what logs and events carry of it. One object, as it goes everywhere.
package final class RequestContext: Sendable {
  package let requestID: String
  package let ip: String
  package let method: String
  package let time: Timestamp
  /// What the answer will have: part of a strong ETag.
  package let contentCoding: ContentCoding
  /// Where its reads may go beside the primary.
  package let place: ReadPlace?
  /// Wants to know where its changes stand.
  package let receipt: WriteReceipt?

  package init(
    requestID: String, ip: String, method: String, time: Timestamp, contentCoding: ContentCoding = .identity,
    place: ReadPlace? = nil, receipt: WriteReceipt? = nil
  ) {
    self.requestID = requestID
    self.ip = ip
    self.method = method
    self.time = time
    self.contentCoding = contentCoding
    self.place = place
    self.receipt = receipt
  }
}

/// A content coding that answers are sent in.
package enum ContentCoding: String, Sendable { case identity, gzip, br }

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
  package var search: String?
  /// `include`: deleted records too.
  package var deleted: String?
  /// `FIELD=VALUE`, in the order of the request. Names that no field has are errors with a suggestion.
  package var equals: [(name: String, value: String)] = []
  package init() {}

  package static func == (a: Self, b: Self) -> Bool {
    a.limit == b.limit && a.after == b.after && a.before == b.before && a.sort == b.sort && a.filter == b.filter
      && a.fields == b.fields && a.include == b.include && a.count == b.count && a.search == b.search
      && a.deleted == b.deleted
      && a.equals.elementsEqual(b.equals, by: ==)
  }
}

/// Stands for a list's parameters, for an adapter that keeps those which come again: two lists with the same identity ask for
/// the same, and what was planned for one is found for the other.
package final class ParameterIdentity: Sendable, Hashable {
  /// The first page of one resource's living, without a filter's or a search's text: what is planned for it stands on nothing else.
  let isPlain: Bool

  package init(of parameters: ListParameters) {
    isPlain =
      parameters.filter == nil && parameters.include == nil && parameters.after == nil && parameters.before == nil
      && parameters.deleted == nil && parameters.search == nil
  }

  package static func == (a: ParameterIdentity, b: ParameterIdentity) -> Bool { a === b }
  package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

package struct ReadParameters: Sendable, Equatable {
  package var fields: String?
  package var include: String?
  /// The moment to show the record as it was at.
  package var at: String?
  /// `include`: a deleted record too.
  package var deleted: String?
  /// Unknown parameters, for the error.
  package var others: [String] = []
  package init() {}
}

package struct HistoryParameters: Sendable, Equatable {
  package var limit: String?
  package var after: String?
  package var before: String?
  /// `include`: of a deleted record too.
  package var deleted: String?
  /// Unknown parameters, for the error.
  package var others: [String] = []
  package init() {}
}

/// Parameters of a named query, as text.
package struct QueryParameters: Sendable, Equatable {
  package var limit: String?
  package var after: String?
  /// The query's own, in the order of the request. Names that it does not have are errors with a suggestion.
  package var values: [(name: String, value: String)] = []
  package init() {}

  package static func == (a: Self, b: Self) -> Bool {
    a.limit == b.limit && a.after == b.after && a.values.elementsEqual(b.values, by: ==)
  }
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
