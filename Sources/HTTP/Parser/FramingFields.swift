import Base

/// What the header fields that decide about the connection have said so far.
struct FramingFields: Sendable {
  private(set) var host: Range<Int>?
  private var length: Int?
  private var hasTransferEncoding = false
  private(set) var saysClose = false
  private(set) var saysKeepAlive = false
  private(set) var expectsContinue = false

  /// Takes a field of the head, when it is one of them.
  mutating func read(_ field: HTTPHead.Field, of head: HTTPHead) throws(HTTPParseError) {
    switch field.name.count {
    case 4 where head.matches(field.name, "host"):
      guard host == nil else { throw HTTPParseError(400, "The Host field stands there twice.") }
      host = field.value
    case 6 where head.matches(field.name, "expect"):
      guard head.matches(field.value, "100-continue") else {
        throw HTTPParseError(417, "Only 100-continue can be expected.")
      }
      expectsContinue = true
    case 10 where head.matches(field.name, "connection"):
      for token in HTTPList(head.bytes, field.value) {
        if head.matches(token, "close") { saysClose = true }
        if head.matches(token, "keep-alive") { saysKeepAlive = true }
      }
    case 14 where head.matches(field.name, "content-length"):
      guard length == nil else { throw HTTPParseError(400, "The Content-Length field stands there twice.") }
      length = try FramingFields.length(head.bytes.span, field.value)
    case 17 where head.matches(field.name, "transfer-encoding"):
      guard !hasTransferEncoding else { throw HTTPParseError(400, "The Transfer-Encoding field stands there twice.") }
      hasTransferEncoding = true
      try FramingFields.checkTransferEncoding(head, field.value)
    default:
      break
    }
  }

  /// RFC 9110 section 8.6: digits, and only one value: a list of equal ones is refused as well.
  private static func length(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HTTPParseError) -> Int {
    guard !range.isEmpty, range.count <= 18 else { throw HTTPParseError(400, "The Content-Length is not valid.") }
    var length = 0
    for index in range {
      guard bytes[index].isDigit else { throw HTTPParseError(400, "The Content-Length is not valid.") }
      // Eighteen digits fit.
      length = length * 10 + Int(bytes[index] &- 0x30)
    }
    return length
  }

  /// RFC 9112 section 6.1: `chunked` once and last. Codings before it are ones we do not have (501); without it last
  /// the body's end is unknown (400).
  private static func checkTransferEncoding(_ head: HTTPHead, _ value: Range<Int>) throws(HTTPParseError) {
    if head.matches(value, "chunked") { return }
    var codings = 0
    var chunked = 0
    var endsInChunked = false
    for coding in HTTPList(head.bytes, value) {
      guard !coding.isEmpty, ByteClass.contains(head.bytes.span, coding, ByteClass.token) else {
        throw HTTPParseError(400, "The Transfer-Encoding is not valid.")
      }
      codings += 1
      endsInChunked = head.matches(coding, "chunked")
      if endsInChunked { chunked += 1 }
    }
    guard codings > 1, endsInChunked, chunked == 1 else {
      throw HTTPParseError(400, "The Transfer-Encoding does not end in chunked.")
    }
    throw HTTPParseError(501, "Only the chunked transfer coding is known here.")
  }

  func framing(versionMinor: Int) throws(HTTPParseError) -> HTTPHead.Framing {
    if hasTransferEncoding {
      guard length == nil else { throw HTTPParseError(400, "There are both a Content-Length and a Transfer-Encoding.") }
      guard versionMinor == 1 else { throw HTTPParseError(400, "HTTP/1.0 has no Transfer-Encoding.") }
      return .chunked
    }
    if let length { return .length(length) }
    return .none
  }
}

/// The elements of a comma-separated list (RFC 9110 section 5.6.1), as ranges, without the white space around them.
/// Quoted strings are not looked into: for fields whose elements are tokens.
package struct HTTPList: Sequence, IteratorProtocol {
  private let bytes: [UInt8]
  private var position: Int
  private let end: Int
  private var isDone = false

  package init(_ bytes: [UInt8], _ range: Range<Int>) {
    self.bytes = bytes
    position = range.lowerBound
    end = range.upperBound
  }

  package mutating func next() -> Range<Int>? {
    guard !isDone else { return nil }
    var start = position
    var stop = position
    while stop < end, bytes[stop] != UInt8(ascii: ",") { stop += 1 }
    if stop < end { position = stop + 1 } else { isDone = true }
    while start < stop, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
    while stop > start, bytes[stop - 1] == 0x20 || bytes[stop - 1] == 0x09 { stop -= 1 }
    return start..<stop
  }
}
