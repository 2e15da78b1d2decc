import Base

extension HTTPParser {
  /// Bytes taken into the head buffer at once: enough for most heads, little to give back when a head is shorter.
  private static let step = 1024

  /// Reads lines up to the empty one. The head's bytes are kept in `head.bytes`, so that a head that comes in pieces
  /// is no special case; no byte is looked at twice.
  mutating func consumeHead(_ bytes: Span<UInt8>) -> (consumed: Int, event: Event) {
    var consumed = 0
    while consumed < bytes.count {
      let before = head.bytes.count
      let room = limits.targetBytesMax + limits.headerBytesMax + HTTPParser.lineOverhead - before
      let taken = min(bytes.count - consumed, HTTPParser.step, max(room, 1))
      head.bytes.append(bytes.extracting(consumed..<(consumed + taken)))
      while let end = head.bytes.span.firstLineFeed(from: searched) {
        searched = end + 1
        do throws(HTTPParseError) {
          guard try readLine(end: end) else { continue }
        } catch {
          return (consumed + searched - before, fail(error))
        }
        head.bytes.removeLast(head.bytes.count - searched)
        return (consumed + searched - before, .head)
      }
      searched = head.bytes.count
      consumed += taken
      do throws(HTTPParseError) { try checkUnfinishedLine() } catch { return (consumed, fail(error)) }
    }
    return (consumed, .needsMore)
  }

  /// Method, spaces, version and line end beside the target, and empty lines before it.
  private static let lineOverhead = 64

  /// Reads the line from `lineStart` to the line feed at `end`. True when it ended the head.
  private mutating func readLine(end: Int) throws(HTTPParseError) -> Bool {
    let start = lineStart
    guard end > start, head.bytes[end - 1] == 0x0d else {
      throw HTTPParseError(400, "A line ends in a line feed without a carriage return.")
    }
    lineStart = end + 1
    let line = start..<(end - 1)
    if state == .requestLine {
      if line.isEmpty {
        // RFC 9112 section 2.2: at least one empty line before the request line is ignored.
        emptyLines += 1
        guard emptyLines <= 1 else { throw HTTPParseError(400, "There are empty lines before the request line.") }
        return false
      }
      try readRequestLine(line)
      state = .fields
      fieldsStart = lineStart
      return false
    }
    if lineStart - fieldsStart > limits.headerBytesMax + 2 { throw HTTPParser.headersTooLarge }
    if line.isEmpty {
      try finishHead()
      return true
    }
    guard head.fields.count < limits.headerCountMax else { throw HTTPParseError(431, "There are too many header fields.") }
    let field = try HTTPParser.field(head.bytes.span, line)
    head.add(field)
    try framing.read(field, of: head)
    return false
  }

  private static let headersTooLarge = HTTPParseError(431, "The header section is too large.")

  /// Refuses what can no longer become a good line, before its end was seen.
  private func checkUnfinishedLine() throws(HTTPParseError) {
    let length = head.bytes.count - lineStart
    if state == .requestLine {
      if length > limits.targetBytesMax + HTTPParser.lineOverhead - 4 {
        throw HTTPParseError(414, "The request target is too long.")
      }
      if length > 0 {
        let first = head.bytes[lineStart]
        guard ByteClass.isToken(first) || first == 0x0d else {
          throw HTTPParseError(400, "The request does not begin with a method.")
        }
      }
    } else if head.bytes.count - fieldsStart > limits.headerBytesMax {
      throw HTTPParser.headersTooLarge
    }
  }

  /// RFC 9112 section 5: `name ":" OWS value OWS`; no space before the colon, no folded lines.
  static func field(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(HTTPParseError) -> HTTPHead.Field {
    let end = line.upperBound
    let colon = ByteClass.end(bytes, from: line.lowerBound, to: end, ByteClass.token)
    guard colon < end, bytes[colon] == UInt8(ascii: ":"), colon > line.lowerBound else {
      let first = bytes[line.lowerBound]
      if first == 0x20 || first == 0x09 { throw HTTPParseError(400, "A header line is folded.") }
      throw HTTPParseError(400, "A header field's name is not valid.")
    }
    var start = colon + 1
    var stop = end
    while start < stop, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
    while stop > start, bytes[stop - 1] == 0x20 || bytes[stop - 1] == 0x09 { stop -= 1 }
    guard ByteClass.isFieldValue(bytes, start..<stop) else {
      throw HTTPParseError(400, "A header field's value holds a control character.")
    }
    return HTTPHead.Field(
      nameStart: UInt32(truncatingIfNeeded: line.lowerBound), nameEnd: UInt32(truncatingIfNeeded: colon),
      valueStart: UInt32(truncatingIfNeeded: start), valueEnd: UInt32(truncatingIfNeeded: stop))
  }

  /// What holds for the head as a whole, and how the body is framed.
  private mutating func finishHead() throws(HTTPParseError) {
    head.framing = try framing.framing(versionMinor: head.versionMinor)
    if case .length(let length) = head.framing, length > limits.bodyBytesMax {
      throw HTTPParseError(413, "The body is too large.")
    }
    guard let host = framing.host else {
      if head.versionMinor == 1 { throw HTTPParseError(400, "The Host field is missing.") }
      finishFraming()
      return
    }
    try HTTPParser.checkAuthority(head.bytes.span, host)
    if head.authority == nil { head.authority = host }
    finishFraming()
  }

  private mutating func finishFraming() {
    head.keepsAlive = head.versionMinor == 1 ? !framing.saysClose : framing.saysKeepAlive && !framing.saysClose
    head.expectsContinue = framing.expectsContinue && head.versionMinor == 1 && head.framing != .none
    switch head.framing {
    case .none, .length(0): state = .ending
    case .length(let length): state = .length(left: length)
    case .chunked: state = .chunk
    }
  }
}
