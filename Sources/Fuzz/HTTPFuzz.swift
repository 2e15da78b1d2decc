import HTTP

/// However the bytes of a connection are cut into pieces, the parser sees the same requests and the same failure.
enum HTTPFuzz {
  /// What was seen, without where the cuts lay.
  private struct Seen: Equatable {
    var heads: [[UInt8]] = []
    var bodies: [[UInt8]] = []
    var ends = 0
    /// Its status: the words may differ, for a line that has not ended is refused for less.
    var failure: Int?
  }

  static func run(_ bytes: [UInt8]) {
    let limits = HTTPLimits()
    let whole = read(bytes, limits: limits, pieces: [bytes.count])
    // The first byte says how long the pieces are, so that the fuzzer finds cuts of its own.
    let size = max(1, Int(bytes.first ?? 1) % 16)
    precondition(
      read(bytes, limits: limits, pieces: Array(repeating: size, count: bytes.count / size + 1)) == whole, "cuts change what is read")
    precondition(read(bytes, limits: limits, pieces: Array(repeating: 1, count: bytes.count)) == whole, "single bytes change what is read")
  }

  private static func read(_ bytes: [UInt8], limits: HTTPLimits, pieces: [Int]) -> Seen {
    var parser = HTTPParser(limits: limits)
    var seen = Seen()
    var body: [UInt8] = []
    var start = 0
    for piece in pieces {
      var rest = bytes[min(start, bytes.count)..<min(start + piece, bytes.count)]
      start += piece
      feed: while true {
        let (consumed, event) = parser.consume(rest.span)
        precondition(consumed >= 0 && consumed <= rest.count, "more was consumed than there is")
        switch event {
        case .needsMore:
          precondition(consumed == rest.count || parser.isEnded, "bytes are left and more is asked for")
          break feed
        case .head: seen.heads.append(parser.head.bytes)
        case .body(let range):
          precondition(range.lowerBound >= 0 && range.upperBound <= rest.count, "a body outside of the input")
          body.append(contentsOf: rest[rest.startIndex + range.lowerBound..<rest.startIndex + range.upperBound])
        case .end:
          seen.ends += 1
          seen.bodies.append(body)
          body = []
          parser.reset()
        case .failed(let error):
          seen.failure = error.status
          return seen
        }
        rest = rest.dropFirst(consumed)
      }
    }
    return seen
  }
}
