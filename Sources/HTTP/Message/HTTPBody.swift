/// Why a request's body could not be read.
package enum HTTPBodyError: Error, Sendable, Equatable {
  /// More than the reader takes.
  case tooLarge(limit: Int)
  /// The process holds as many bytes as it may.
  case overloaded
  /// It came too slowly.
  case timeout
  /// It is not framed as HTTP says.
  case malformed(HTTPParseError)
  /// The client left.
  case disconnected
  /// The request is over, its body is already being read, or the reader was taken to a task that is none of the
  /// handler's.
  case unreadable

  /// The status to answer with, where there is still someone to answer.
  package var status: Int {
    switch self {
    case .tooLarge: 413
    case .overloaded: 503
    case .timeout: 408
    case .malformed(let error): error.status
    case .disconnected, .unreadable: 400
    }
  }
}

/// Where a body comes from while it is received.
package protocol HTTPBodySource: AnyObject, Sendable {
  /// The whole body. Once for each request.
  func collectBody(of request: UInt64, upTo limit: Int) async throws(HTTPBodyError) -> [UInt8]
  /// What has come since the last call, at least one byte; nil at the end.
  func nextPiece(of request: UInt64) async throws(HTTPBodyError) -> [UInt8]?
}

/// The body of a request.
package struct HTTPBody: Sendable {
  private enum Source: Sendable {
    case bytes([UInt8])
    case incoming(any HTTPBodySource, request: UInt64)
  }
  private let source: Source
  /// Bytes, where the head says so; nil for a chunked body that has not all come yet.
  package let declaredLength: Int?

  /// One that is there already.
  package init(_ bytes: [UInt8]) {
    source = .bytes(bytes)
    declaredLength = bytes.count
  }

  init(from incoming: any HTTPBodySource, request: UInt64, declaredLength: Int?) {
    source = .incoming(incoming, request: request)
    self.declaredLength = declaredLength
  }

  /// Whether it is known to be empty.
  package var isEmpty: Bool { declaredLength == 0 }

  /// The whole body. Sends `100 Continue` where the client waits for it. Does not suspend when everything has come.
  ///
  /// - Parameter limit: bytes; a longer body throws `.tooLarge`, before it is read where its length is declared.
  package func collect(upTo limit: Int) async throws(HTTPBodyError) -> [UInt8] {
    if let declaredLength, declaredLength > limit { throw .tooLarge(limit: limit) }
    switch source {
    case .bytes(let bytes): return bytes
    case .incoming(let source, let request): return try await source.collectBody(of: request, upTo: limit)
    }
  }

  /// Reads it piece by piece, with bounded memory.
  package func makeReader() -> HTTPBodyReader {
    switch source {
    case .bytes(let bytes): HTTPBodyReader(bytes: bytes)
    case .incoming(let source, let request): HTTPBodyReader(source: source, request: request)
    }
  }
}

/// Reads a body piece by piece. One reader for each body.
package struct HTTPBodyReader: Sendable {
  private var bytes: [UInt8] = []
  private var source: (any HTTPBodySource)?
  private var request: UInt64 = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  init(source: any HTTPBodySource, request: UInt64) {
    self.source = source
    self.request = request
  }

  /// The next bytes, at least one; nil at the end.
  package mutating func next() async throws(HTTPBodyError) -> [UInt8]? {
    if let source { return try await source.nextPiece(of: request) }
    guard !bytes.isEmpty else { return nil }
    defer { bytes = [] }
    return bytes
  }
}
