import HTTP

/// The methods of an endpoint, and the method of a request.
struct MethodSet: OptionSet, Sendable, Hashable {
  let rawValue: UInt16

  static let get = MethodSet(rawValue: 1)
  static let head = MethodSet(rawValue: 1 << 1)
  static let post = MethodSet(rawValue: 1 << 2)
  static let put = MethodSet(rawValue: 1 << 3)
  static let patch = MethodSet(rawValue: 1 << 4)
  static let delete = MethodSet(rawValue: 1 << 5)
  static let query = MethodSet(rawValue: 1 << 6)
  static let options = MethodSet(rawValue: 1 << 7)

  /// What only shows something.
  static let reading: MethodSet = [.get, .head, .options]

  static let names: [(method: MethodSet, name: String)] = [
    (.get, "GET"), (.head, "HEAD"), (.query, "QUERY"), (.post, "POST"), (.put, "PUT"), (.patch, "PATCH"), (.delete, "DELETE"),
    (.options, "OPTIONS"),
  ]

  /// As in `Allow`: `GET, HEAD, POST, OPTIONS`. QUERY is told by `Accept-Query` alone (RFC 10008): `Allow` is what the
  /// OpenAPI document describes, and 3.1 has no word for it.
  var allow: String { subtracting(.query).names }

  /// All of them: `GET, HEAD, QUERY`.
  var names: String { MethodSet.names.filter { contains($0.method) }.map(\.name).joined(separator: ", ") }
}

extension HTTPMethod {
  /// Empty for a method that no endpoint has.
  var asSet: MethodSet {
    switch self {
    case .get: .get
    case .head: .head
    case .post: .post
    case .put: .put
    case .patch: .patch
    case .delete: .delete
    case .query: .query
    case .options: .options
    case .trace, .connect, .other: []
    }
  }
}
