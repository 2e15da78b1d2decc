import Base

/// A lexical element with its place.
struct Token: Sendable, Equatable {
  enum Kind: Sendable, Equatable {
    case identifier(String)
    /// The magnitude: a sign is an operator of its own.
    case integer(UInt64)
    case number(Double)
    case string(String)
    case symbol(Symbol)
    case end
  }

  enum Symbol: String, Sendable {
    case leftParenthesis = "("
    case rightParenthesis = ")"
    case leftBracket = "["
    case rightBracket = "]"
    case leftBrace = "{"
    case rightBrace = "}"
    case comma = ","
    case dot = "."
    case question = "?"
    case colon = ":"
    case not = "!"
    case minus = "-"
    case plus = "+"
    case times = "*"
    case divide = "/"
    case remainder = "%"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case equal = "=="
    case notEqual = "!="
    case and = "&&"
    case or = "||"
  }

  var kind: Kind
  /// UTF-8 bytes from the start of the source.
  var offset: Int
}

extension Token {
  /// How messages name it.
  var text: String {
    switch kind {
    case .identifier(let name): "\"\(name.excerpt)\""
    case .integer(let value): String(value)
    case .number(let value): "\(value)"
    case .string: "a string"
    case .symbol(let symbol): "\"\(symbol.rawValue)\""
    case .end: "the end"
    }
  }
}
