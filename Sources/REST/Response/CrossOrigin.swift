import Base
import HTTP

/// Which other origins' pages may call the API from a browser, and what answers to them say (the Fetch standard's CORS
/// protocol). An origin matches exactly or not at all; `*` and cookies are never offered.
package struct CrossOrigin: Sendable, Equatable {
  /// More origins than this are refused at the start: each request compares its own with them.
  package static let originsMax = 64
  /// As browsers send them.
  private let origins: [[UInt8]]

  /// - Parameter texts: `SCHEME://HOST` or `SCHEME://HOST:PORT` each, without a path.
  /// - Throws: `OriginError` with the first that is none, or where they are too many.
  package init(_ texts: [String]) throws(OriginError) {
    guard texts.count <= CrossOrigin.originsMax else { throw OriginError("there are more than \(CrossOrigin.originsMax) origins") }
    var origins: [[UInt8]] = []
    for text in texts {
      guard let origin = CrossOrigin.serialized(text) else {
        throw OriginError("\"\(text)\" is no origin: write SCHEME://HOST or SCHEME://HOST:PORT, without a path and without *")
      }
      if !origins.contains(origin) { origins.append(origin) }
    }
    self.origins = origins
  }

  /// An origin as browsers write it: in lower case, without its scheme's own port. Nil for anything else.
  static func serialized(_ text: String) -> [UInt8]? {
    guard let mark = text.firstRange(of: "://") else { return nil }
    let scheme = text[..<mark.lowerBound].utf8.map(\.lowercased)
    guard let first = scheme.first, first.isLetter, scheme.allSatisfy({ $0.isLetter || $0.isDigit || "+-.".utf8.contains($0) }) else {
      return nil
    }
    var host = text[mark.upperBound...].utf8.map(\.lowercased)[...]
    var port = ""
    let afterAddress = host.lastIndex(of: UInt8(ascii: "]")) ?? host.startIndex
    if let colon = host[afterAddress...].firstIndex(of: UInt8(ascii: ":")) {
      let digits = host[(colon + 1)...]
      guard digits.count <= 5, let number = Int(String(decoding: digits, as: UTF8.self)), (1...65_535).contains(number),
        digits.first?.isDigit == true
      else { return nil }
      host = host[..<colon]
      let own = [("http", 80), ("https", 443)].contains { $0.0.utf8.elementsEqual(scheme) && $0.1 == number }
      if !own { port = ":\(number)" }
    }
    guard isHost(host) else { return nil }
    return scheme + Array("://".utf8) + host + Array(port.utf8)
  }

  private static func isHost(_ host: ArraySlice<UInt8>) -> Bool {
    if host.first == UInt8(ascii: "[") {
      let address = host.dropFirst().dropLast()
      return host.last == UInt8(ascii: "]") && address.contains(UInt8(ascii: ":"))
        && address.allSatisfy { $0.hexadecimalValue != nil || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }
    }
    return !host.isEmpty && host.allSatisfy { $0.isLetter || $0.isDigit || "-._".utf8.contains($0) }
  }

  // MARK: Answers

  /// Whether a request is a browser's question before the request itself, from an origin that may ask.
  func isPreflight(_ request: HTTPRequest) -> Bool {
    request.method == .options && request.hasHeader("access-control-request-method") && allowed(request) != nil
  }

  /// The request's origin where it is one of these. One that stands twice is none.
  private func allowed(_ request: HTTPRequest) -> ArraySlice<UInt8>? {
    guard let origin = request.headerBytes("origin"), allows(origin), request.headers("origin").count == 1 else { return nil }
    return origin
  }

  private func allows(_ origin: ArraySlice<UInt8>) -> Bool { origins.contains { $0.elementsEqual(origin) } }

  /// What a script may send that browsers ask about: the headers of docs/rest.md.
  private static let preflight: StaticString =
    """
    Access-Control-Allow-Headers: Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Martlet-Position, \
    Prefer, X-Request-Id\r\n\
    Access-Control-Max-Age: 3600\r\n
    """

  /// What a script may read beside what it always may.
  private static let exposed: StaticString =
    """
    Access-Control-Expose-Headers: Accept-Patch, Accept-Query, Allow, ETag, Idempotency-Replayed, Link, Location, Martlet-Position, \
    Preference-Applied, Retry-After, WWW-Authenticate, X-Request-Id\r\n
    """

  /// Adds what an answer says to the page that asked; to one that may not, only that the answer depends on who asks.
  ///
  /// - Parameter methods: what is answered with something else than 405, where the request is a preflight.
  func apply(to response: inout HTTPResponse, _ request: HTTPRequest, methods: MethodSet?) {
    response.headers.add(lines: "Vary: Origin\r\n")
    guard let origin = allowed(request) else { return }
    response.headers.add("Access-Control-Allow-Origin", origin)
    guard let methods, isPreflight(request) else {
      response.headers.add(lines: CrossOrigin.exposed)
      return
    }
    response.headers.add("Access-Control-Allow-Methods", methods.names)
    response.headers.add(lines: CrossOrigin.preflight)
  }

  /// The same for what HTTP itself refuses.
  func apply(to response: inout HTTPResponse, origin: [UInt8]?) {
    response.headers.add(lines: "Vary: Origin\r\n")
    guard let origin, allows(origin[...]) else { return }
    response.headers.add("Access-Control-Allow-Origin", origin)
    response.headers.add(lines: CrossOrigin.exposed)
  }
}

/// Why a list of origins cannot be used.
package struct OriginError: Error, CustomStringConvertible {
  package let description: String
  init(_ description: String) { self.description = description }
}
