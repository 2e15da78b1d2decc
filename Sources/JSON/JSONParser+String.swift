import Base

extension JSONParser {
  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let tops: UInt64 = 0x8080_8080_8080_8080

  /// The top bit of the first byte that is a control, a quote, a backslash or not ASCII; later bits may be wrong.
  @inline(__always) private static func specials(_ word: UInt64) -> UInt64 {
    let quotes = word ^ (ones &* 0x22)
    let slashes = word ^ (ones &* 0x5c)
    let found = (word &- ones &* 0x20) & ~word | (quotes &- ones) & ~quotes | (slashes &- ones) & ~slashes | word
    return found & tops
  }

  /// Reads a string or a member name; the position is at its opening quote.
  mutating func parseString(isKey: Bool) throws(JSONError) {
    let start = position
    var index = start + 1
    var escaped = false
    scan: while true {
      while index + 8 <= end {
        let found = JSONParser.specials(word(at: index))
        guard found == 0 else {
          index += found.trailingZeroBitCount >> 3
          break
        }
        index += 8
      }
      let byte = byte(at: index)
      switch byte {
      case UInt8(ascii: "\""): break scan
      case UInt8(ascii: "\\"):
        escaped = true
        index = try skipEscape(at: index)
      case 0..<0x20:
        guard index < end else { throw JSONError(offset: end, message: "the text ends inside a string") }
        throw JSONError(offset: index, message: "a control character in a string must be escaped")
      case 0x20..<0x80: index += 1
      default: index = try skipSequence(at: index)
      }
    }
    position = index + 1
    guard isKey else {
      nodes.append(TapeNode(escaped ? .escapedString : .string, start: start, length: position - start))
      return
    }
    let hash = escaped ? hashOfEscapedKey(from: start + 1, to: index) : hashOfKey(from: start + 1, to: index)
    keyHashes.append(hash)
    keyNodes.append(UInt32(truncatingIfNeeded: nodes.count))
    nodes.append(TapeNode(escaped ? .escapedKey : .key, start: start, length: position - start, payload: hash))
  }

  /// Checks a multi-byte UTF-8 sequence (Unicode table 3-7) and gives the index after it.
  @inline(__always) private func skipSequence(at index: Int) throws(JSONError) -> Int {
    let length = UTF8Sequence.length(byte(at: index), byte(at: index + 1), byte(at: index + 2), byte(at: index + 3))
    guard length > 0 else { throw JSONError(offset: index, message: "the bytes are not UTF-8") }
    return index + length
  }

  /// Checks an escape and gives the index after it. A high surrogate must be followed by a low one.
  private func skipEscape(at index: Int) throws(JSONError) -> Int {
    switch byte(at: index + 1) {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return index + 2
    case UInt8(ascii: "u"):
      guard let unit = codeUnit(at: index + 2) else {
        throw JSONError(offset: index, message: "\\u needs four hexadecimal digits")
      }
      switch unit {
      case 0xd800...0xdbff:
        guard byte(at: index + 6) == UInt8(ascii: "\\"), byte(at: index + 7) == UInt8(ascii: "u"),
          let low = codeUnit(at: index + 8), (0xdc00...0xdfff).contains(low)
        else { throw JSONError(offset: index, message: "a lone surrogate is not a character") }
        return index + 12
      case 0xdc00...0xdfff: throw JSONError(offset: index, message: "a lone surrogate is not a character")
      default: return index + 6
      }
    default:
      guard index + 1 < end else { throw JSONError(offset: end, message: "the text ends inside a string") }
      throw JSONError(offset: index, message: "unknown escape")
    }
  }

  private func codeUnit(at index: Int) -> UInt32? {
    var unit: UInt32 = 0
    for place in index..<index + 4 {
      guard let digit = byte(at: place).hexadecimalValue else { return nil }
      unit = unit << 4 | UInt32(digit)
    }
    return unit
  }
}
