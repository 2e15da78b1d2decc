import Base

/// The trailer section's line that has not ended yet, and what its lines came to.
struct TrailerReader: Sendable {
  var line: [UInt8] = []
  var bytes = 0
  var count = 0
  var wasUsed = false
}

extension HTTPParser {
  /// Reads and drops trailer fields (RFC 9112 section 7.1.2) up to the empty line. They are checked like header fields;
  /// ones that would frame or route a message are refused.
  mutating func consumeTrailer(_ bytes: Span<UInt8>) -> (consumed: Int, event: Event) {
    trailer.wasUsed = true
    for index in 0..<bytes.count {
      trailer.bytes += 1
      guard trailer.bytes <= limits.trailerBytesMax else {
        return (index + 1, fail(HTTPParseError(431, "The trailer section is too large.")))
      }
      guard bytes[index] == 0x0a else {
        trailer.line.append(bytes[index])
        continue
      }
      do throws(HTTPParseError) {
        guard try readTrailerLine() else { continue }
      } catch {
        return (index + 1, fail(error))
      }
      state = .ended
      return (index + 1, .end)
    }
    return (bytes.count, .needsMore)
  }

  /// True for the empty line.
  private mutating func readTrailerLine() throws(HTTPParseError) -> Bool {
    guard trailer.line.last == 0x0d else {
      throw HTTPParseError(400, "A line ends in a line feed without a carriage return.")
    }
    if trailer.line.count == 1 { return true }
    trailer.count += 1
    guard trailer.count <= limits.trailerCountMax else { throw HTTPParseError(431, "There are too many trailer fields.") }
    let field = try HTTPParser.field(trailer.line.span, 0..<(trailer.line.count - 1))
    let name = trailer.line[field.name].map(\.lowercased)
    for forbidden in HTTPParser.forbiddenTrailers where name.elementsEqual(forbidden.utf8) {
      throw HTTPParseError(400, "A trailer field is one that only a header may have.")
    }
    trailer.line.removeAll(keepingCapacity: true)
    return false
  }

  private static let forbiddenTrailers = [
    "transfer-encoding", "content-length", "host", "connection", "expect", "te", "trailer", "upgrade", "authorization",
    "cookie", "content-encoding", "content-type", "content-range",
  ]
}
