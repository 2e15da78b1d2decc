import Base

/// An incremental HTTP/1 request parser (RFC 9112), strict: what another parser could read in another way is refused.
///
/// It does no I/O and holds no more than one head. Feed it with `consume` until it says that a request has ended; after
/// `reset` it takes the next one. After a failure it stays failed.
package struct HTTPParser: Sendable {
  package enum Event: Sendable, Equatable {
    /// Everything was consumed; more is needed.
    case needsMore
    /// `head` is complete. Call again, even with nothing left: a request without a body ends at once.
    case head
    /// Body bytes stand at this range of what was passed in.
    case body(Range<Int>)
    /// The request is complete; the next byte belongs to the next one.
    case end
    case failed(HTTPParseError)
  }

  enum State: Sendable, Equatable {
    case requestLine
    case fields
    case length(left: Int)
    case chunk
    case trailer
    /// Everything was reported but the end.
    case ending
    case ended
    case failed(HTTPParseError)
  }

  package let limits: HTTPLimits
  package internal(set) var head = HTTPHead()
  var state = State.requestLine
  /// Where the line that is being read begins in `head.bytes`, and up to where no line end was found.
  var lineStart = 0
  var searched = 0
  var fieldsStart = 0
  var emptyLines = 0
  var framing = FramingFields()
  var chunk = ChunkReader()
  var trailer = TrailerReader()
  /// Body bytes reported so far.
  package internal(set) var bodyBytes = 0

  package init(limits: HTTPLimits) {
    self.limits = limits
  }

  /// Whether a request has begun and not ended.
  package var isInside: Bool {
    switch state {
    case .requestLine: !head.bytes.isEmpty
    case .ended: false
    default: true
    }
  }

  /// Whether the whole request, body included, was consumed.
  package var isEnded: Bool { state == .ended }

  /// The failure, once there was one.
  package var failure: HTTPParseError? {
    if case .failed(let error) = state { error } else { nil }
  }

  /// Makes ready for the next request. Buffers are kept.
  package mutating func reset() {
    head.reset()
    state = .requestLine
    lineStart = 0
    searched = 0
    fieldsStart = 0
    emptyLines = 0
    framing = FramingFields()
    if chunk.wasUsed { chunk = ChunkReader() }
    if trailer.wasUsed { trailer = TrailerReader() }
    bodyBytes = 0
  }

  /// Gives the buffers back; for a connection that waits for its next request.
  package mutating func releaseBuffers() {
    guard !isInside else { return }
    head = HTTPHead()
    reset()
  }

  /// Takes bytes up to the next event.
  ///
  /// - Returns: how many of them were consumed, and what that came to. Call again with the rest until `.needsMore`.
  package mutating func consume(_ bytes: Span<UInt8>) -> (consumed: Int, event: Event) {
    switch state {
    case .requestLine, .fields:
      return consumeHead(bytes)
    case .length(let left):
      guard !bytes.isEmpty else { return (0, .needsMore) }
      let count = min(left, bytes.count)
      state = count == left ? .ending : .length(left: left - count)
      bodyBytes += count
      return (count, .body(0..<count))
    case .chunk:
      return consumeChunks(bytes)
    case .trailer:
      return consumeTrailer(bytes)
    case .ending:
      state = .ended
      return (0, .end)
    case .ended:
      return (0, .needsMore)
    case .failed(let error):
      return (0, .failed(error))
    }
  }

  mutating func fail(_ error: HTTPParseError) -> Event {
    state = .failed(error)
    return .failed(error)
  }
}
