import Base

/// One request, as a handler gets it. Its head is a view of the received bytes: nothing is copied until asked for.
package struct HTTPRequest: Sendable {
  package let head: HTTPHead
  package let body: HTTPBody
  /// The peer's address without its port (`203.0.113.7`, `2001:db8::1`), or `unix`.
  package let peer: String
  /// Counts up within the process.
  package let connectionID: UInt64

  package init(
    head: HTTPHead, body: HTTPBody = HTTPBody([]), peer: String = "unix", connectionID: UInt64 = 0
  ) {
    self.head = head
    self.body = body
    self.peer = peer
    self.connectionID = connectionID
  }

  /// A request without a connection, for tests and for what is handled inside. It goes through the parser, so that it
  /// can hold nothing that a real one cannot.
  package init(
    _ method: HTTPMethod, _ target: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
    peer: String = "unix"
  ) throws(HTTPParseError) {
    var text = "\(method.name) \(target) HTTP/1.1\r\n"
    if !headers.contains(where: { $0.name.lowercased() == "host" }) { text += "Host: localhost\r\n" }
    for header in headers { text += "\(header.name): \(header.value)\r\n" }
    text += "\r\n"
    var parser = HTTPParser(limits: HTTPLimits())
    let bytes = Array(text.utf8)
    let (consumed, event) = parser.consume(bytes.span)
    if case .failed(let error) = event { throw error }
    guard event == .head, consumed == bytes.count else { throw HTTPParseError(400, "The request is not whole.") }
    self.init(head: parser.head, body: HTTPBody(body), peer: peer)
  }

  package var method: HTTPMethod { head.method }

  /// The raw path: `/` where an absolute-form target has none; `*` for OPTIONS of the server as a whole.
  package var pathBytes: ArraySlice<UInt8> {
    head.path.isEmpty ? (head.method == .options ? HTTPRequest.asterisk : HTTPRequest.slash) : head.bytes[head.path]
  }
  package var path: String { String(decoding: pathBytes, as: UTF8.self) }

  /// The raw query without its `?`; nil without one.
  package var queryBytes: ArraySlice<UInt8>? { head.query.map { head.bytes[$0] } }
  package var query: String? { queryBytes.map { String(decoding: $0, as: UTF8.self) } }

  /// The request target as it came.
  package var targetBytes: ArraySlice<UInt8> { head.bytes[head.target] }
  package var target: String { String(decoding: targetBytes, as: UTF8.self) }

  /// Host and port as the client names them; nil only for an HTTP/1.0 client that does not.
  package var authority: String? { head.authority.map { String(decoding: head.bytes[$0], as: UTF8.self) } }

  private static let slash: ArraySlice<UInt8> = [UInt8(ascii: "/")]
  private static let asterisk: ArraySlice<UInt8> = [UInt8(ascii: "*")]

  // MARK: Header fields

  /// The first field of a name, given in lower case. Bytes that are not UTF-8 become U+FFFD.
  package func header(_ name: StaticString) -> String? {
    headerBytes(name).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The first field of a name, given in lower case, without a copy.
  package func headerBytes(_ name: StaticString) -> ArraySlice<UInt8>? {
    head.first(name).map { head.bytes[$0] }
  }

  /// Whether a name, given in lower case, stands more than once.
  package func isRepeated(_ name: StaticString) -> Bool { head.isRepeated(name) }

  package func hasHeader(_ name: StaticString) -> Bool { head.first(name) != nil }

  /// All fields of a name, given in lower case, in their order.
  package func headers(_ name: StaticString) -> [String] {
    head.fields.compactMap { field in
      head.matches(field.name, name) ? String(decoding: head.bytes[field.value], as: UTF8.self) : nil
    }
  }

  /// All fields as they came.
  package var headers: [(name: String, value: String)] {
    head.fields.map { field in
      (String(decoding: head.bytes[field.name], as: UTF8.self), String(decoding: head.bytes[field.value], as: UTF8.self))
    }
  }

  /// In which coding a body that is long enough is sent; nil: as it is. Ask before an ETag is computed.
  package var acceptedCoding: BodyCoding? { AcceptEncoding(head)?.preferred }

  /// Whether a coding is acceptable and no coding is not: then length is no matter.
  var demandsCoding: Bool { AcceptEncoding(head).map { $0.refusesIdentity && $0.preferred != nil } ?? false }
}
