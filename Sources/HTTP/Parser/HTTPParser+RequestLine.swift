import Base

extension HTTPParser {
  /// RFC 9112 section 3: `method SP request-target SP HTTP-version`, with exactly one space each.
  mutating func readRequestLine(_ line: Range<Int>) throws(HTTPParseError) {
    let copy = head.bytes
    let bytes = copy.span
    let methodEnd = ByteClass.end(bytes, from: line.lowerBound, to: line.upperBound, ByteClass.token)
    let method = line.lowerBound..<methodEnd
    guard !method.isEmpty, methodEnd < line.upperBound, bytes[methodEnd] == 0x20 else {
      throw HTTPParseError(400, "The method is not valid.")
    }
    let targetStart = methodEnd + 1
    let targetEnd = ByteClass.end(bytes, from: targetStart, to: line.upperBound, ByteClass.target)
    guard targetEnd - targetStart <= limits.targetBytesMax else {
      throw HTTPParseError(414, "The request target is too long.")
    }
    guard targetEnd > targetStart, targetEnd < line.upperBound, bytes[targetEnd] == 0x20 else {
      throw HTTPParseError(400, "The request target is not valid.")
    }
    let minor = try HTTPParser.version(bytes, (targetEnd + 1)..<line.upperBound)
    guard method.count <= limits.methodBytesMax else { throw HTTPParseError(501, "The method is not known.") }
    head.versionMinor = minor
    head.method = HTTPParser.method(head.bytes, method)
    head.target = targetStart..<targetEnd
    try readTarget()
  }

  /// The common ones without a table.
  private static func method(_ bytes: [UInt8], _ range: Range<Int>) -> HTTPMethod {
    let start = range.lowerBound
    if range.count == 3 && bytes[start] == 0x47 && bytes[start + 1] == 0x45 && bytes[start + 2] == 0x54 { return .get }
    return HTTPMethod(bytes[range])
  }

  private static func version(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HTTPParseError) -> Int {
    let start = range.lowerBound
    guard range.count == 8,
      bytes[start] == UInt8(ascii: "H"), bytes[start + 1] == UInt8(ascii: "T"), bytes[start + 2] == UInt8(ascii: "T"),
      bytes[start + 3] == UInt8(ascii: "P"), bytes[start + 4] == UInt8(ascii: "/"), bytes[start + 5].isDigit,
      bytes[start + 6] == UInt8(ascii: "."), bytes[start + 7].isDigit
    else { throw HTTPParseError(400, "The request line is not valid.") }
    let minor = Int(bytes[start + 7]) - 0x30
    guard bytes[start + 5] == UInt8(ascii: "1"), minor <= 1 else {
      throw HTTPParseError(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
    }
    return minor
  }

  /// RFC 9112 section 3.2: origin-form, absolute-form, and asterisk-form for OPTIONS. No proxy: no authority-form.
  private mutating func readTarget() throws(HTTPParseError) {
    let copy = head.bytes
    let bytes = copy.span
    let target = head.target
    if head.method == .connect { throw HTTPParseError(501, "This server is no proxy.") }
    switch bytes[target.lowerBound] {
    case UInt8(ascii: "/"):
      splitPath(target)
    case UInt8(ascii: "*") where target.count == 1 && head.method == .options:
      head.path = target
    default:
      let start: Int
      if hasPrefix("http://", target) {
        start = target.lowerBound + 7
      } else if hasPrefix("https://", target) {
        start = target.lowerBound + 8
      } else {
        throw HTTPParseError(400, "The request target is not valid.")
      }
      var end = start
      while end < target.upperBound, bytes[end] != UInt8(ascii: "/"), bytes[end] != UInt8(ascii: "?") { end += 1 }
      try HTTPParser.checkAuthority(bytes, start..<end)
      head.authority = start..<end
      splitPath(end..<target.upperBound)
    }
  }

  private mutating func splitPath(_ range: Range<Int>) {
    let copy = head.bytes
    let bytes = copy.span
    var index = range.lowerBound
    while index < range.upperBound, bytes[index] != UInt8(ascii: "?") { index += 1 }
    head.path = range.lowerBound..<index
    head.query = index < range.upperBound ? (index + 1)..<range.upperBound : nil
  }

  private func hasPrefix(_ prefix: StaticString, _ range: Range<Int>) -> Bool {
    let count = prefix.utf8CodeUnitCount
    return range.count >= count && head.matches(range.lowerBound..<(range.lowerBound + count), prefix)
  }

  /// A host with an optional port: a DNS name or IPv4 address (unreserved characters and percent-encoded ones), or an
  /// IP literal in brackets (RFC 3986 section 3.2). Sub-delimiters, which no real name has, are refused.
  static func checkAuthority(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HTTPParseError) {
    let invalid = HTTPParseError(400, "The host is not valid.")
    var index = range.lowerBound
    let end = range.upperBound
    guard index < end else { throw invalid }
    if bytes[index] == UInt8(ascii: "[") {
      index += 1
      let start = index
      while index < end, bytes[index].hexadecimalValue != nil || bytes[index] == 0x3a || bytes[index] == 0x2e { index += 1 }
      guard index > start, index < end, bytes[index] == UInt8(ascii: "]") else { throw invalid }
      index += 1
    } else {
      let start = index
      while index < end, ByteClass.isHost(bytes[index]) {
        if bytes[index] == UInt8(ascii: "%") {
          guard index + 2 < end, bytes[index + 1].hexadecimalValue != nil, bytes[index + 2].hexadecimalValue != nil else {
            throw invalid
          }
        }
        index += 1
      }
      guard index > start else { throw invalid }
    }
    guard index < end else { return }
    guard bytes[index] == UInt8(ascii: ":"), end - index <= 6 else { throw invalid }
    var port = 0
    for digit in (index + 1)..<end {
      guard bytes[digit].isDigit else { throw invalid }
      port = port * 10 + Int(bytes[digit]) - 0x30
    }
    guard port <= 65535 else { throw invalid }
  }
}
