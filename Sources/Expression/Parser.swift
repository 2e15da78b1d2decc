/// Makes a tree of an expression by precedence climbing. Depth and size are bounded by the limits.
struct Parser {
  let tokens: [Token]
  let limits: ExpressionLimits
  var position = 0
  /// Open recursions.
  private var nesting = 0
  private var nodes = 0

  static func parse(_ source: String, limits: ExpressionLimits) throws(ExpressionError) -> Syntax {
    guard source.utf8.count <= limits.sourceBytesMax else {
      throw ExpressionError("the expression is longer than \(limits.sourceBytesMax) bytes", at: limits.sourceBytesMax)
    }
    var parser = Parser(tokens: try Lexer.tokens(of: source), limits: limits)
    if parser.current.kind == .end { throw ExpressionError("an expression is missing", at: 0) }
    let tree = try parser.expression()
    guard parser.current.kind == .end else { throw parser.unexpected(expecting: "an operator or the end") }
    return tree
  }

  private init(tokens: [Token], limits: ExpressionLimits) {
    self.tokens = tokens
    self.limits = limits
  }

  /// The last token is `.end`, and nothing moves past it.
  var current: Token { tokens[min(position, tokens.count - 1)] }

  mutating func take(_ symbol: Token.Symbol) -> Bool {
    guard current.kind == .symbol(symbol) else { return false }
    position += 1
    return true
  }

  mutating func expect(_ symbol: Token.Symbol) throws(ExpressionError) {
    guard take(symbol) else { throw unexpected(expecting: "\"\(symbol.rawValue)\"") }
  }

  func unexpected(expecting: String) -> ExpressionError {
    ExpressionError("\(expecting) is expected here, not \(current.text)", at: current.offset)
  }

  /// A node over its children, checked against the limits.
  mutating func node(_ kind: Syntax.Kind, at offset: Int, _ children: [Syntax] = []) throws(ExpressionError) -> Syntax {
    nodes += 1
    guard nodes <= limits.nodesMax else {
      throw ExpressionError("the expression has more than \(limits.nodesMax) parts", at: offset)
    }
    var depth = 0
    for child in children where child.depth > depth { depth = child.depth }
    guard depth < limits.depthMax else { throw tooDeep(at: offset) }
    return Syntax(kind, at: offset, depth: depth + 1)
  }

  private func tooDeep(at offset: Int) -> ExpressionError {
    ExpressionError("the expression is nested deeper than \(limits.depthMax)", at: offset)
  }

  /// Counts a recursion.
  mutating func nested(
    _ body: (inout Parser) throws(ExpressionError) -> Syntax
  ) throws(ExpressionError) -> Syntax {
    nesting += 1
    defer { nesting -= 1 }
    guard nesting <= limits.depthMax else { throw tooDeep(at: current.offset) }
    return try body(&self)
  }

  /// `a ? b : c` and what binds tighter.
  mutating func expression() throws(ExpressionError) -> Syntax {
    try nested { (parser) throws(ExpressionError) in try parser.conditional() }
  }

  private mutating func conditional() throws(ExpressionError) -> Syntax {
    let condition = try binary(above: 0)
    let offset = current.offset
    guard take(.question) else { return condition }
    let then = try binary(above: 0)
    try expect(.colon)
    let otherwise = try expression()
    return try node(.conditional(condition, then, otherwise), at: offset, [condition, then, otherwise])
  }

  /// Binary operators whose precedence is greater than `precedence`, left to right.
  private mutating func binary(above precedence: Int) throws(ExpressionError) -> Syntax {
    var left = try unary()
    while let (operation, level) = self.operation, level > precedence {
      let offset = current.offset
      position += 1
      let right = try binary(above: level)
      left = try join(left, operation, right, at: offset)
    }
    return left
  }

  private enum Junction {
    case and, or
    case binary(ExpressionNode.Operator)
  }

  /// The operator at this place and its precedence.
  private var operation: (Junction, Int)? {
    switch current.kind {
    case .identifier("in"): (.binary(.in), 3)
    case .symbol(let symbol):
      switch symbol {
      case .or: (.or, 1)
      case .and: (.and, 2)
      case .equal: (.binary(.equal), 3)
      case .notEqual: (.binary(.notEqual), 3)
      case .less: (.binary(.less), 3)
      case .lessOrEqual: (.binary(.lessOrEqual), 3)
      case .greater: (.binary(.greater), 3)
      case .greaterOrEqual: (.binary(.greaterOrEqual), 3)
      case .plus: (.binary(.add), 4)
      case .minus: (.binary(.subtract), 4)
      case .times: (.binary(.multiply), 5)
      case .divide: (.binary(.divide), 5)
      case .remainder: (.binary(.remainder), 5)
      default: nil
      }
    default: nil
    }
  }

  /// Chains of `&&` and of `||` become one node: they may be long without being deep.
  private mutating func join(
    _ left: Syntax, _ operation: Junction, _ right: Syntax, at offset: Int
  ) throws(ExpressionError) -> Syntax {
    switch operation {
    case .binary(let operation): return try node(.binary(operation, left, right), at: offset, [left, right])
    case .and:
      if case .and(let parts) = left.kind {
        return try node(.and(parts + [right]), at: left.offset, parts + [right])
      }
      return try node(.and([left, right]), at: offset, [left, right])
    case .or:
      if case .or(let parts) = left.kind {
        return try node(.or(parts + [right]), at: left.offset, parts + [right])
      }
      return try node(.or([left, right]), at: offset, [left, right])
    }
  }
}
