import HTTP
import Service

extension HTTPResponse {
  /// An operation's answer.
  init(_ answer: Answer, isAuthenticated: Bool) {
    self.init(answer.status.rawValue)
    headers.reserve(640)
    if !answer.body.isEmpty {
      body = .bytes(answer.body)
      lease = answer.lease
      headers.add(lines: "Content-Type: application/json\r\n")
    }
    if let etag = answer.etag { headers.add("ETag", etag) }
    if let location = answer.location { headers.add("Location", location) }
    if !answer.links.isEmpty { headers.add("Link", HTTPResponse.link(answer.links)) }
    if answer.isReplayed { headers.add(lines: "Idempotency-Replayed: true\r\n") }
    if let seconds = answer.cacheSeconds {
      // What a caller was shown is nobody else's, whatever the contract says of the resource.
      headers.add("Cache-Control", (isAuthenticated ? "private, max-age=" : "public, max-age=") + String(seconds))
      // What is refused otherwise may be answered with `handling=lenient` (RFC 7240 section 2).
      headers.add(lines: "Vary: Authorization, Cookie, Accept, Accept-Encoding, Prefer\r\n")
    } else {
      // What depends on who asks and in which form (RFC 9110 section 12.5.5).
      headers.add(lines: "Cache-Control: private, no-cache\r\nVary: Authorization, Cookie, Accept, Accept-Encoding\r\n")
    }
    headers.add(lines: SecurityHeaders.data)
  }

  /// RFC 8288. Targets are paths with queries of our own making.
  private static func link(_ links: [(relation: String, target: String)]) -> String {
    var text = ""
    for (relation, target) in links {
      if !text.isEmpty { text += ", " }
      text += "<" + target + ">; rel=\"" + relation + "\""
    }
    return text
  }

  /// A failure's answer.
  ///
  /// - Parameters:
  ///   - status: where HTTP itself refused; else the code's own.
  ///   - realm: what `WWW-Authenticate` names.
  init(_ failure: Failure, status: Int? = nil, origin: String, instance: String?, requestID: String, realm: String) {
    self.init(status ?? failure.code.status)
    body = .bytes(ProblemDocument.bytes(failure, status: status, origin: origin, instance: instance, requestID: requestID))
    headers.reserve(640)
    headers.add(lines: "Content-Type: application/problem+json\r\nCache-Control: no-store\r\n")
    if let challenge = Challenge.value(failure.code, detail: failure.detail, realm: realm) {
      headers.add("WWW-Authenticate", challenge)
    }
    // RFC 9110 section 12.5.3: only where the coding is at fault, and not the media type.
    if failure.isOfCoding { headers.add(lines: "Accept-Encoding: identity\r\n") }
    if let seconds = failure.retryAfter { headers.add("Retry-After", seconds) }
    headers.add(lines: SecurityHeaders.data)
  }

  /// Something that is the same for everyone until the service starts anew.
  init(_ document: StaticDocument, _ request: HTTPRequest) {
    let form = document.form(request.acceptedCoding)
    var matches = false
    if let ifNoneMatch = request.header("if-none-match"), let tags = try? EntityTagList.parse(ifNoneMatch, header: "If-None-Match") {
      matches = tags.names(form.etag)
    }
    self.init(matches ? 304 : 200)
    headers.reserve(640)
    headers.add("ETag", form.etag)
    headers.add(lines: "Cache-Control: no-cache\r\nVary: Accept-Encoding\r\n")
    headers.add(lines: document.isPage ? SecurityHeaders.page : SecurityHeaders.data)
    if matches { return }
    headers.add("Content-Type", document.mediaType)
    // What is sent is what the tag names: the server compresses nothing by itself.
    mayCompress = false
    if let coding = form.coding { headers.add(lines: coding.headerLine) }
    body = .bytes(form.bytes)
  }
}

extension BodyCoding? {
  /// As the service knows it.
  var contentCoding: ContentCoding {
    switch self {
    case nil: .identity
    case .gzip: .gzip
    case .brotli: .br
    }
  }
}
