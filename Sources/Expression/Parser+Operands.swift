extension Parser {
  /// `!` and `-` before an operand. A minus before an integer belongs to it, so that the least integer can be written.
  mutating func unary() throws(ExpressionError) -> Syntax {
    let start = position
    let isNot = current.kind == .symbol(.not)
    let symbol: Token.Symbol = isNot ? .not : .minus
    while current.kind == .symbol(symbol) { position += 1 }
    var signs = position - start
    guard signs <= limits.depthMax else {
      throw ExpressionError("more than \(limits.depthMax) signs in a row", at: tokens[start].offset)
    }
    var operand: Syntax
    if signs > 0, !isNot, let literal = try negativeLiteral() {
      operand = literal
      signs -= 1
    } else {
      // A `-` after `!`, or the other way round.
      let isMixed = signs > 0 && (current.kind == .symbol(.not) || current.kind == .symbol(.minus))
      operand = isMixed ? try nested { (parser) throws(ExpressionError) in try parser.unary() } : try member()
    }
    for place in stride(from: start + signs - 1, through: start, by: -1) {
      operand = try node(isNot ? .not(operand) : .negate(operand), at: tokens[place].offset, [operand])
    }
    return operand
  }

  /// A number after a minus, with nothing applied to it.
  private mutating func negativeLiteral() throws(ExpressionError) -> Syntax? {
    let token = current
    let next = tokens[min(position + 1, tokens.count - 1)].kind
    if next == .symbol(.dot) || next == .symbol(.leftBracket) { return nil }
    let offset = tokens[position - 1].offset
    switch token.kind {
    case .integer(let magnitude):
      position += 1
      return try node(.integer(Int64(truncatingIfNeeded: 0 &- magnitude)), at: offset)
    case .number(let value):
      position += 1
      return try node(.number(-value), at: offset)
    default: return nil
    }
  }

  /// An operand and what is applied to it: `.name`, `.name(...)`, `[...]`.
  private mutating func member() throws(ExpressionError) -> Syntax {
    var operand = try primary()
    while true {
      let offset = current.offset
      if take(.dot) {
        guard case .identifier(let name) = current.kind, !Parser.keywords.contains(name) else {
          throw unexpected(expecting: "a name")
        }
        let nameOffset = current.offset
        position += 1
        if take(.leftParenthesis) {
          let arguments = try list(until: .rightParenthesis)
          operand = try node(.call(target: operand, name: name, arguments: arguments), at: nameOffset, [operand] + arguments)
        } else {
          operand = try node(.member(operand, name), at: nameOffset, [operand])
        }
      } else if take(.leftBracket) {
        let index = try expression()
        try expect(.rightBracket)
        operand = try node(.index(operand, index), at: offset, [operand, index])
      } else if current.kind == .symbol(.leftBrace) {
        throw ExpressionError("message literals are not part of the language", at: offset)
      } else {
        return operand
      }
    }
  }

  private mutating func primary() throws(ExpressionError) -> Syntax {
    let token = current
    switch token.kind {
    case .integer(let magnitude):
      guard let value = Int64(exactly: magnitude) else {
        throw ExpressionError("the integer does not fit 64 bits", at: token.offset)
      }
      position += 1
      return try node(.integer(value), at: token.offset)
    case .number(let value):
      position += 1
      return try node(.number(value), at: token.offset)
    case .string(let value):
      position += 1
      return try node(.string(value), at: token.offset)
    case .identifier(let name): return try named(name, at: token.offset)
    case .symbol(.leftParenthesis):
      position += 1
      let inner = try expression()
      try expect(.rightParenthesis)
      return inner
    case .symbol(.leftBracket):
      position += 1
      let items = try list(until: .rightBracket)
      return try node(.list(items), at: token.offset, items)
    case .symbol(.leftBrace):
      throw ExpressionError("map literals are not part of the language", at: token.offset)
    case .symbol(.dot):
      throw ExpressionError("a name cannot begin with a dot", at: token.offset)
    case .symbol, .end:
      throw unexpected(expecting: "a value")
    }
  }

  private static var keywords: [String] { ["true", "false", "null", "in"] }

  private mutating func named(_ name: String, at offset: Int) throws(ExpressionError) -> Syntax {
    position += 1
    switch name {
    case "true": return try node(.boolean(true), at: offset)
    case "false": return try node(.boolean(false), at: offset)
    case "null": return try node(.null, at: offset)
    case "in": throw ExpressionError("a value is expected here, not \"in\"", at: offset)
    default:
      guard take(.leftParenthesis) else { return try node(.name(name), at: offset) }
      let arguments = try list(until: .rightParenthesis)
      return try node(.call(target: nil, name: name, arguments: arguments), at: offset, arguments)
    }
  }

  /// Expressions with commas between them; one more comma at the end is allowed in a list.
  private mutating func list(until end: Token.Symbol) throws(ExpressionError) -> [Syntax] {
    var items: [Syntax] = []
    while !take(end) {
      items.append(try expression())
      if take(.comma) {
        if end == .rightParenthesis, current.kind == .symbol(end) { throw unexpected(expecting: "a value") }
        continue
      }
      try expect(end)
      break
    }
    return items
  }
}
