import Base

/// An expression as PostgreSQL prints it, `((price >= (0)::numeric) AND (length((name)::text) < 10))`, without its casts and without
/// the parentheses that only group.
struct PostgresExpression {
  indirect enum Node {
    case token(SQLTokens.Token)
    case group([Node])
  }

  let nodes: [Node]

  /// Deeper ones are not looked into.
  private static let depthMax = 64

  init(_ text: String) {
    var tokens = SQLTokens(text, bracketsQuote: false)
    var list: [SQLTokens.Token] = []
    while let token = tokens.next() { list.append(token) }
    var place = 0
    nodes = PostgresExpression.plain(PostgresExpression.read(list[...], &place, depth: 0))
  }

  init(_ nodes: [Node]) { self.nodes = PostgresExpression.plain(nodes) }

  private static func read(_ tokens: ArraySlice<SQLTokens.Token>, _ place: inout Int, depth: Int) -> [Node] {
    var nodes: [Node] = []
    while place < tokens.count {
      let token = tokens[place]
      place += 1
      guard !token.isLiteral, !token.isQuoted else {
        nodes.append(.token(token))
        continue
      }
      switch token.text {
      case "(", "[":
        // What is too deep stays as it is, and fits no pattern.
        nodes.append(depth < depthMax ? .group(read(tokens, &place, depth: depth + 1)) : .token(token))
      case ")", "]": if depth > 0 { return nodes }
      case ":" where place < tokens.count && tokens[place].text == ":":
        place += 1
        skipType(tokens, &place)
      default: nodes.append(.token(token))
      }
    }
    return nodes
  }

  /// `character varying(10)[]`, `public.mood`, `timestamp(3) with time zone`
  private static func skipType(_ tokens: ArraySlice<SQLTokens.Token>, _ place: inout Int) {
    let continued: Set<String> = ["VARYING", "PRECISION", "WITH", "WITHOUT", "TIME", "ZONE"]
    if place < tokens.count { place += 1 }
    while place < tokens.count, !tokens[place].isLiteral {
      let token = tokens[place]
      if !token.isQuoted, token.text == ".", place + 1 < tokens.count {
        place += 2
      } else if !token.isQuoted, continued.contains(token.text.uppercased()) {
        place += 1
      } else if !token.isQuoted, token.text == "[" || token.text == "(" {
        let end: String = token.text == "[" ? "]" : ")"
        while place < tokens.count, tokens[place].isLiteral || tokens[place].text != end { place += 1 }
        place += 1
      } else {
        return
      }
    }
  }

  /// Without parentheses around the whole, or around a single word.
  private static func plain(_ nodes: [Node]) -> [Node] {
    var nodes = nodes
    while nodes.count == 1, case .group(let inner) = nodes[0] { nodes = inner }
    return nodes.map { node in
      var node = node
      while case .group(let inner) = node, inner.count == 1 { node = inner[0] }
      return node
    }
  }

  /// The parts between a word, at the outermost level.
  func split(at word: String) -> [PostgresExpression] {
    var parts: [[Node]] = [[]]
    for node in nodes {
      if case .token(let token) = node, token.isWord(word) { parts.append([]) } else { parts[parts.count - 1].append(node) }
    }
    return parts.map(PostgresExpression.init)
  }

  /// What it is where it is nothing but a literal.
  var literal: (text: String, isText: Bool)? {
    guard nodes.count == 1, case .token(let token) = nodes[0] else { return nil }
    return PostgresExpression.literal(token)
  }

  static func literal(_ token: SQLTokens.Token) -> (text: String, isText: Bool)? {
    if token.isLiteral { return (token.text, true) }
    return !token.isQuoted && Double(token.text) != nil ? (token.text, false) : nil
  }
}
