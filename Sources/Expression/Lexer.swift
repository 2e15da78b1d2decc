import Base

/// Cuts an expression into tokens. Bounded by the source's length.
struct Lexer {
  let bytes: [UInt8]
  var position = 0

  init(_ source: String) { bytes = Array(source.utf8) }

  /// All tokens, the last one `.end`.
  static func tokens(of source: String) throws(ExpressionError) -> [Token] {
    var lexer = Lexer(source)
    var tokens: [Token] = []
    while true {
      let token = try lexer.next()
      tokens.append(token)
      if token.kind == .end { return tokens }
    }
  }

  func peek(_ ahead: Int = 0) -> UInt8? {
    position + ahead < bytes.count ? bytes[position + ahead] : nil
  }

  private mutating func next() throws(ExpressionError) -> Token {
    skipBlanks()
    let start = position
    guard let byte = peek() else { return Token(kind: .end, offset: start) }
    if byte.isDigit || byte == UInt8(ascii: ".") && peek(1)?.isDigit == true {
      return Token(kind: try number(), offset: start)
    }
    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
      return Token(kind: .string(try string(raw: false)), offset: start)
    }
    if byte.isLetter || byte == UInt8(ascii: "_") { return try word(from: start) }
    return Token(kind: .symbol(try symbol()), offset: start)
  }

  private mutating func skipBlanks() {
    while let byte = peek() {
      if byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0c || byte == 0x0d {
        position += 1
      } else if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "/") {
        while let byte = peek(), byte != 0x0a { position += 1 }
      } else {
        return
      }
    }
  }

  /// An identifier, or the prefix of a raw string.
  private mutating func word(from start: Int) throws(ExpressionError) -> Token {
    while let byte = peek(), byte.isLetter || byte.isDigit || byte == UInt8(ascii: "_") { position += 1 }
    let name = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let quote = peek(), quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
      return Token(kind: .identifier(name), offset: start)
    }
    switch name {
    case "r", "R": return Token(kind: .string(try string(raw: true)), offset: start)
    case "b", "B", "br", "bR", "Br", "BR", "rb", "rB", "Rb", "RB":
      throw ExpressionError("byte strings are not part of the language", at: start, suggestion: "write a string")
    default: return Token(kind: .identifier(name), offset: start)
    }
  }

  private mutating func symbol() throws(ExpressionError) -> Token.Symbol {
    let start = position
    let first = bytes[start]
    if let second = peek(1), let symbol = Token.Symbol(rawValue: String(decoding: [first, second], as: UTF8.self)) {
      position += 2
      return symbol
    }
    if first < 0x80, let symbol = Token.Symbol(rawValue: String(decoding: [first], as: UTF8.self)) {
      position += 1
      return symbol
    }
    switch first {
    case UInt8(ascii: "="): throw ExpressionError("\"=\" is not an operator", at: start, suggestion: "write == to compare")
    case UInt8(ascii: "&"): throw ExpressionError("\"&\" is not an operator", at: start, suggestion: "write &&")
    case UInt8(ascii: "|"): throw ExpressionError("\"|\" is not an operator", at: start, suggestion: "write ||")
    case UInt8(ascii: "`"): throw ExpressionError("quoted names are not part of the language", at: start)
    default:
      let rest = String(decoding: bytes[start..<min(start + 4, bytes.count)], as: UTF8.self)
      let shown = rest.unicodeScalars.first.map(String.init) ?? ""
      throw ExpressionError("unexpected character \"\(shown.excerpt)\"", at: start)
    }
  }
}
