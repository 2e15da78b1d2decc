package import Base

/// What a handler answers. The server adds `Date`, the framing fields, `Connection` and, where it compresses,
/// `Content-Encoding` and `Vary`: a handler sets those only with `mayCompress` false (its own `Vary` is fine).
package struct HTTPResponse: Sendable {
  package enum Body: Sendable {
    case none
    case bytes([UInt8])
    /// Written while it is made. With a length: exactly so many bytes; without: chunked (HTTP/1.0: until the close).
    case stream(length: Int?, @Sendable (HTTPBodyWriter) async throws -> Void)
  }

  /// 200 to 599.
  package var status: Int
  package var headers: HTTPHeaders
  package var body: Body
  /// False keeps a body from being compressed: one that is so already, or that mixes a secret with what a client sent.
  package var mayCompress = true
  /// Ends the connection after this answer.
  package var closesConnection = false
  /// Covers the body where it is large and not everybody's; kept until the client has taken the body, or has left.
  package var lease: MemoryLease?

  package init(_ status: Int, headers: HTTPHeaders = HTTPHeaders(), body: Body = .none) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// A short text.
  package static func text(_ status: Int, _ text: String) -> HTTPResponse {
    HTTPResponse(status, headers: HTTPHeaders("Content-Type: text/plain; charset=utf-8\r\n"), body: .bytes(Array(text.utf8)))
  }

  /// A body compressed with care, for what is sent many times: add the coding's `headerLine` and set `mayCompress` to false with it.
  /// Nil where it would not be smaller.
  package static func compressed(_ bytes: [UInt8], _ coding: BodyCoding) -> [UInt8]? {
    switch coding {
    case .gzip: Gzip(level: 9).compress(bytes)
    case .brotli: Brotli.compress(bytes, quality: Brotli.keptQuality, windowBits: Brotli.keptWindowBits)
    }
  }

  /// Whether the status forbids a body (RFC 9110 sections 15.3.5 and 15.4.5).
  var hasNoBody: Bool { status == 204 || status == 304 }
}

/// Where a streamed body is written to.
package struct HTTPBodyWriter: Sendable {
  private let sink: any HTTPBodySink
  private let request: UInt64

  init(_ sink: any HTTPBodySink, request: UInt64) {
    self.sink = sink
    self.request = request
  }

  /// Hands bytes to the connection; waits while more than `outputBytesMax` of them wait for a slow reader. What was
  /// written goes out at the end of the loop's tick.
  ///
  /// - Throws: when the client left or read nothing for too long, or the body is longer than declared or cannot be compressed.
  package func write(_ bytes: [UInt8]) async throws(HTTPWriteError) {
    try await sink.writeBody(bytes, of: request)
  }
}

package enum HTTPWriteError: Error, Sendable, Equatable {
  case disconnected
  /// More bytes than the declared length.
  case tooLong
  /// What compresses the body has no memory to go on.
  case outOfMemory
  /// The writer was taken to a task that is none of the handler's.
  case wrongTask
}

/// What a body writer writes to.
protocol HTTPBodySink: AnyObject, Sendable {
  func writeBody(_ bytes: [UInt8], of request: UInt64) async throws(HTTPWriteError)
}

/// Answers requests. Called on the connection's loop, in the connection's task: what blocks belongs elsewhere. The task
/// is cancelled when the client leaves or the time is over.
package protocol HTTPHandler: Sendable {
  func respond(to request: HTTPRequest) async -> HTTPResponse
  /// What the server refuses by itself. Called on the loop; `Connection` is set by the server.
  func refusal(_ refusal: HTTPRefusal) -> HTTPResponse
}

extension HTTPHandler {
  package func refusal(_ refusal: HTTPRefusal) -> HTTPResponse { .text(refusal.status, refusal.detail + "\n") }
}
