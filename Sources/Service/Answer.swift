package import Base

/// What an operation came to when it went well. Failures are thrown as `Failure`.
package struct Answer: Sendable {
  package enum Status: Int, Sendable {
    case ok = 200
    case created = 201
    case noContent = 204
    case notModified = 304
  }
  package var status: Status
  /// JSON text; empty for 204 and 304.
  package var body: [UInt8] = []
  /// With its quotes, weak ones with `W/`.
  package var etag: String?
  /// The new record's path (`/v1/orders/ID`), for 201.
  package var location: String?
  /// `next` and `prev` targets of a list, path and query.
  package var links: [(relation: String, target: String)] = []
  /// The stored answer of an earlier request with this idempotency key.
  package var isReplayed = false
  /// Seconds; nil means `private, no-cache`.
  package var cacheSeconds: Int?
  /// Statements that were sent to the store.
  package var statements = 0
  /// Covers the body, where it is large.
  package var lease: MemoryLease?

  package init(_ status: Status) { self.status = status }
}
