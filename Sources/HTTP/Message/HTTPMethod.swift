/// A request method (RFC 9110 section 9; PATCH: RFC 5789; QUERY: the IETF's draft-ietf-httpbis-safe-method-w-body). Case-sensitive.
package enum HTTPMethod: Sendable, Hashable {
  case get, head, post, put, patch, delete, options, query, trace, connect
  /// Any other token.
  case other(String)

  /// As it stands in a request line.
  package var name: String {
    switch self {
    case .get: "GET"
    case .head: "HEAD"
    case .post: "POST"
    case .put: "PUT"
    case .patch: "PATCH"
    case .delete: "DELETE"
    case .options: "OPTIONS"
    case .query: "QUERY"
    case .trace: "TRACE"
    case .connect: "CONNECT"
    case .other(let name): name
    }
  }

  /// From the bytes of a token.
  package init(_ token: some RandomAccessCollection<UInt8>) {
    for method in HTTPMethod.known where token.elementsEqual(method.token) {
      self = method.method
      return
    }
    self = .other(String(decoding: token, as: UTF8.self))
  }

  package init(_ name: String) { self.init(Array(name.utf8)) }

  private static let known: [(token: [UInt8], method: HTTPMethod)] = [
    HTTPMethod.get, .post, .put, .patch, .delete, .head, .options, .query, .trace, .connect,
  ].map { (Array($0.name.utf8), $0) }
}
