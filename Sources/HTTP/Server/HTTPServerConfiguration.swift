package import Base

/// Why the server itself answers, in place of the handler.
package struct HTTPRefusal: Sendable, Equatable {
  /// 400, 408, 413, 414, 417, 431, 501, 503, 504 or 505.
  package var status: Int
  /// In plain words, without anything the peer sent.
  package var detail: String
  /// The path of the request, raw, where its line could be read.
  package var path: String?

  /// `Origin` of the request, raw, where it could be read.
  package var origin: [UInt8]?

  package init(status: Int, detail: String, path: String? = nil, origin: [UInt8]? = nil) {
    self.status = status
    self.detail = detail
    self.path = path
    self.origin = origin
  }
}

/// How a server looks to the outside, beside its handler.
package struct HTTPServerConfiguration: Sendable {
  package var limits = HTTPLimits()
  /// What connections hold is counted in it.
  package var memory = MemoryBudget.unbounded

  package init() {}
}

/// Figures of a server since its start, and what is open now.
package struct HTTPServerCounters: Sendable, Equatable {
  package var connectionsOpen = 0
  package var connectionsAccepted = 0
  /// Turned away at `connectionsMax`.
  package var connectionsRefused = 0
  /// Failures of `accept` (descriptors used up, mostly).
  package var acceptFailures = 0
  package var requests = 0
  /// Requests that the parser refused.
  package var parseErrors = 0
  /// Heads, bodies, handlers and writes that took too long.
  package var timeouts = 0
  /// Requests whose client left (a reset, or an end within the body) while they were handled.
  package var abandoned = 0

  package init() {}
}
