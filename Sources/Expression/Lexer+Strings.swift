import Base

extension Lexer {
  /// A string in single or double quotes, or three of them; `raw` leaves backslashes alone.
  mutating func string(raw: Bool) throws(ExpressionError) -> String {
    let start = position
    let quote = bytes[position]
    let isTriple = peek(1) == quote && peek(2) == quote
    position += isTriple ? 3 : 1
    var text: [UInt8] = []
    while let byte = peek() {
      if byte == quote, !isTriple || peek(1) == quote && peek(2) == quote {
        position += isTriple ? 3 : 1
        return String(decoding: text, as: UTF8.self)
      }
      if byte == 0x0a || byte == 0x0d, !isTriple {
        throw ExpressionError("a string ends before its line does", at: start, suggestion: "close the quote, or use three")
      }
      position += 1
      if byte == UInt8(ascii: "\\"), !raw {
        try escape(into: &text)
      } else {
        text.append(byte)
      }
    }
    throw ExpressionError("the string has no closing quote", at: start)
  }

  /// What follows a backslash.
  private mutating func escape(into text: inout [UInt8]) throws(ExpressionError) {
    let start = position - 1
    guard let byte = peek() else { throw ExpressionError("the string has no closing quote", at: start) }
    position += 1
    switch byte {
    case UInt8(ascii: "a"): text.append(0x07)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "v"): text.append(0x0b)
    case UInt8(ascii: "\\"), UInt8(ascii: "?"), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"): text.append(byte)
    case UInt8(ascii: "x"), UInt8(ascii: "X"): try codePoint(digits: 2, radixBits: 4, from: start, into: &text)
    case UInt8(ascii: "u"): try codePoint(digits: 4, radixBits: 4, from: start, into: &text)
    case UInt8(ascii: "U"): try codePoint(digits: 8, radixBits: 4, from: start, into: &text)
    case 0x30...0x33:
      position -= 1
      try codePoint(digits: 3, radixBits: 3, from: start, into: &text)
    default: throw ExpressionError("unknown escape in a string", at: start, suggestion: "write \\\\ for a backslash")
    }
  }

  private mutating func codePoint(
    digits: Int, radixBits: UInt32, from start: Int, into text: inout [UInt8]
  ) throws(ExpressionError) {
    var value: UInt32 = 0
    for _ in 0..<digits {
      guard let digit = peek()?.hexadecimalValue, UInt32(digit) < 1 << radixBits, value >> 28 == 0 else {
        throw ExpressionError("the escape needs \(digits) digits", at: start)
      }
      value = value << radixBits | UInt32(digit)
      position += 1
    }
    guard let scalar = Unicode.Scalar(value) else {
      throw ExpressionError("the escape is not a Unicode character", at: start)
    }
    text.append(contentsOf: Array(String(Character(scalar)).utf8))
  }
}
