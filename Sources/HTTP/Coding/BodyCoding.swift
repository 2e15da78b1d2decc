/// A content coding in which bodies are sent (RFC 9110 section 8.4.1, RFC 7932).
package enum BodyCoding: Sendable {
  case gzip, brotli

  /// As in `Content-Encoding`, with its line end.
  package var headerLine: StaticString {
    switch self {
    case .gzip: "Content-Encoding: gzip\r\n"
    case .brotli: "Content-Encoding: br\r\n"
    }
  }

  /// One for each body. Nil where memory is short.
  func makeStream() -> (any BodyStream)? {
    switch self {
    case .gzip: GzipStream()
    case .brotli: BrotliStream()
    }
  }
}

/// Compresses a body while it is made.
protocol BodyStream: AnyObject {
  /// What it holds, at most.
  var heldBytes: Int { get }

  /// What is to be sent for these bytes. The peer can read all of them as soon as it has that.
  ///
  /// - Parameter isLast: nothing follows: the bytes and the end.
  /// - Returns: nil where the library has no memory: the body cannot go on.
  func compress(_ bytes: [UInt8], isLast: Bool) -> [UInt8]?
}
