import Base

extension Lexer {
  /// `123`, `0x1F`, `1.5`, `.5`, `1e6`.
  mutating func number() throws(ExpressionError) -> Token.Kind {
    let start = position
    if peek() == 0x30, let second = peek(1), second | 0x20 == UInt8(ascii: "x") { return try hexadecimal() }
    var isInteger = true
    skipDigits()
    if peek() == UInt8(ascii: "."), peek(1)?.isDigit == true {
      isInteger = false
      position += 1
      skipDigits()
    }
    if let mark = peek(), mark | 0x20 == UInt8(ascii: "e") {
      let sign = peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-") ? 1 : 0
      if peek(1 + sign)?.isDigit == true {
        isInteger = false
        position += 1 + sign
        skipDigits()
      }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    try refuseSuffix(from: start)
    if isInteger {
      guard let value = UInt64(text), value <= Lexer.integerMax else {
        throw ExpressionError("the integer does not fit 64 bits", at: start)
      }
      return .integer(value)
    }
    guard let value = Double(text), value.isFinite else {
      throw ExpressionError("the number is out of range", at: start)
    }
    return .number(value)
  }

  /// The magnitude of the least integer; one more than that of the greatest.
  static var integerMax: UInt64 { 1 << 63 }

  private mutating func hexadecimal() throws(ExpressionError) -> Token.Kind {
    let start = position
    position += 2
    var value: UInt64 = 0
    var digits = 0
    while let digit = peek()?.hexadecimalValue {
      guard value >> 60 == 0 else { throw ExpressionError("the integer does not fit 64 bits", at: start) }
      value = value << 4 | UInt64(digit)
      digits += 1
      position += 1
    }
    guard digits > 0 else { throw ExpressionError("hexadecimal digits are missing", at: start) }
    try refuseSuffix(from: start)
    guard value <= Lexer.integerMax else { throw ExpressionError("the integer does not fit 64 bits", at: start) }
    return .integer(value)
  }

  private mutating func skipDigits() {
    while peek()?.isDigit == true { position += 1 }
  }

  private func refuseSuffix(from start: Int) throws(ExpressionError) {
    guard let byte = peek(), byte.isLetter || byte == UInt8(ascii: "_") else { return }
    if byte | 0x20 == UInt8(ascii: "u") {
      throw ExpressionError("unsigned integers are not part of the language", at: start, suggestion: "leave out the u")
    }
    throw ExpressionError("a letter follows the number", at: position)
  }
}
