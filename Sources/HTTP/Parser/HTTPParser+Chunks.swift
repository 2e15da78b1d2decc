import Base

/// Where a chunked body stands between two calls (RFC 9112 section 7.1).
struct ChunkReader: Sendable {
  enum Part: Sendable {
    case size, sizeLineFeed
    case extensionName, extensionValue, extensionToken, extensionQuoted, extensionEscaped, extensionEnd
    case data, dataReturn, dataLineFeed
  }
  var part = Part.size
  /// Of the chunk that is read: its size, then what is left of it.
  var left = 0
  var digits = 0
  /// Characters of the extension's part that is read.
  var length = 0
  var extensionBytes = 0
  var wasUsed = false
}

extension HTTPParser {
  /// Reads up to the next piece of data, or to the trailer section after the last chunk.
  mutating func consumeChunks(_ bytes: Span<UInt8>) -> (consumed: Int, event: Event) {
    chunk.wasUsed = true
    var index = 0
    while index < bytes.count {
      if chunk.part == .data {
        let count = min(chunk.left, bytes.count - index)
        chunk.left -= count
        bodyBytes += count
        if chunk.left == 0 { chunk.part = .dataReturn }
        return (index + count, .body(index..<(index + count)))
      }
      do throws(HTTPParseError) {
        try readChunkByte(bytes[index])
      } catch {
        return (index + 1, fail(error))
      }
      index += 1
      if state == .trailer { break }
    }
    guard state == .trailer else { return (index, .needsMore) }
    let (consumed, event) = consumeTrailer(bytes.extracting(index..<bytes.count))
    return (index + consumed, event)
  }

  private mutating func readChunkByte(_ byte: UInt8) throws(HTTPParseError) {
    switch chunk.part {
    case .size:
      try readSize(byte)
    case .sizeLineFeed:
      guard byte == 0x0a else { throw HTTPParser.badChunk }
      guard chunk.left <= limits.bodyBytesMax - bodyBytes else { throw HTTPParseError(413, "The body is too large.") }
      chunk.digits = 0
      if chunk.left == 0 { state = .trailer } else { chunk.part = .data }
    case .dataReturn:
      guard byte == 0x0d else { throw HTTPParser.badChunk }
      chunk.part = .dataLineFeed
    case .dataLineFeed:
      guard byte == 0x0a else { throw HTTPParser.badChunk }
      chunk.part = .size
    case .data:
      break
    default:
      chunk.extensionBytes += 1
      guard chunk.extensionBytes <= limits.chunkExtensionBytesMax else {
        throw HTTPParseError(400, "The chunk extensions are too large.")
      }
      try readExtension(byte)
    }
  }

  private static let badChunk = HTTPParseError(400, "A chunk is not valid.")

  private mutating func readSize(_ byte: UInt8) throws(HTTPParseError) {
    if let digit = byte.hexadecimalValue {
      // Fifteen digits fit an Int; more are refused, leading zeros as well.
      guard chunk.digits < 15 else { throw HTTPParser.badChunk }
      chunk.left = (chunk.digits == 0 ? 0 : chunk.left) << 4 | Int(digit)
      chunk.digits += 1
      return
    }
    guard chunk.digits > 0 else { throw HTTPParser.badChunk }
    try endPart(byte)
  }

  /// `;name`, `;name=token`, `;name="quoted"`: read so that nothing can hide in them, and ignored.
  private mutating func readExtension(_ byte: UInt8) throws(HTTPParseError) {
    switch chunk.part {
    case .extensionName, .extensionToken:
      if ByteClass.isToken(byte) {
        chunk.length += 1
        return
      }
      guard chunk.length > 0 else { throw HTTPParser.badChunk }
      if byte == UInt8(ascii: "="), chunk.part == .extensionName {
        chunk.part = .extensionValue
      } else {
        try endPart(byte)
      }
    case .extensionValue:
      if byte == UInt8(ascii: "\"") {
        chunk.part = .extensionQuoted
      } else {
        guard ByteClass.isToken(byte) else { throw HTTPParser.badChunk }
        chunk.part = .extensionToken
      }
    case .extensionQuoted:
      if byte == UInt8(ascii: "\"") {
        chunk.part = .extensionEnd
      } else if byte == UInt8(ascii: "\\") {
        chunk.part = .extensionEscaped
      } else if !ByteClass.isFieldValue(byte) {
        throw HTTPParser.badChunk
      }
    case .extensionEscaped:
      guard ByteClass.isFieldValue(byte) else { throw HTTPParser.badChunk }
      chunk.part = .extensionQuoted
    default:
      try endPart(byte)
    }
  }

  /// What may stand behind the size, and behind each extension.
  private mutating func endPart(_ byte: UInt8) throws(HTTPParseError) {
    switch byte {
    case 0x0d:
      chunk.part = .sizeLineFeed
    case UInt8(ascii: ";"):
      chunk.part = .extensionName
      chunk.length = 0
    default:
      throw HTTPParser.badChunk
    }
  }
}
