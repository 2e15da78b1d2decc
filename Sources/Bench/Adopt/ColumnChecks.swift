import Base

/// What the CHECK constraints of a SQLite table say about one column, as far as a contract can say it too.
struct ColumnChecks {
  /// `CHECK (status IN ('a', 'b'))`
  var values: [String]?
  /// `CHECK (stock >= 0)`
  var minimum: String?
  var maximum: String?

  /// Reads a table's own statement. Conditions of any other form are handed back as text.
  static func read(_ definition: String) -> (checks: [String: ColumnChecks], others: [String]) {
    var checks: [String: ColumnChecks] = [:]
    var others: [String] = []
    var tokens = SQLTokens(definition)
    while let token = tokens.next() {
      guard token.isWord("CHECK"), tokens.next()?.text == "(" else { continue }
      var inner: [SQLTokens.Token] = []
      var depth = 1
      while let token = tokens.next() {
        if token.text == "(", !token.isQuoted { depth += 1 }
        if token.text == ")", !token.isQuoted { depth -= 1 }
        if depth == 0 { break }
        inner.append(token)
      }
      if !read(inner, into: &checks) { others.append(inner.map(\.printed).joined(separator: " ")) }
    }
    return (checks, others)
  }

  private static func read(_ tokens: [SQLTokens.Token], into checks: inout [String: ColumnChecks]) -> Bool {
    guard tokens.count >= 3, tokens[0].isName else { return false }
    let column = tokens[0].text.lowercased()
    if tokens[1].isWord("IN"), tokens[2].text == "(", tokens.last?.text == ")" {
      let inner = tokens[3..<(tokens.count - 1)].filter { $0.text != "," || $0.isLiteral }
      let values = inner.map(\.text)
      guard !inner.isEmpty, inner.count <= 200, inner.allSatisfy({ $0.isLiteral && !$0.text.isEmpty }), Set(values).count == values.count
      else { return false }
      checks[column, default: ColumnChecks()].values = values
      return true
    }
    if tokens.count == 5, tokens[1].isWord("BETWEEN"), tokens[3].isWord("AND"), let low = Int64(tokens[2].text),
      let high = Int64(tokens[4].text), low <= high
    {
      checks[column, default: ColumnChecks()].minimum = String(low)
      checks[column, default: ColumnChecks()].maximum = String(high)
      return true
    }
    guard tokens.count == 3, let bound = Int64(tokens[2].text) else { return false }
    switch tokens[1].text {
    case ">=": checks[column, default: ColumnChecks()].minimum = String(bound)
    case "<=": checks[column, default: ColumnChecks()].maximum = String(bound)
    default: return false
    }
    return true
  }
}

/// The words of a SQL statement: enough to find conditions in it.
struct SQLTokens {
  struct Token {
    var text: String
    /// `'...'`
    var isLiteral = false
    /// `"..."`, `[...]`, `` `...` ``
    var isQuoted = false

    var isName: Bool { isQuoted || (!isLiteral && text.utf8.first.map { $0.isLetter || $0 == UInt8(ascii: "_") } == true) }
    func isWord(_ word: String) -> Bool { !isLiteral && !isQuoted && text.uppercased() == word }
    var printed: String { isLiteral ? "'\(text)'" : text }
  }

  private let bytes: [UInt8]
  private var place = 0
  /// SQLite's other quotes. In PostgreSQL they are arrays.
  private let bracketsQuote: Bool

  init(_ text: String, bracketsQuote: Bool = true) {
    bytes = Array(text.utf8)
    self.bracketsQuote = bracketsQuote
  }

  /// The text of a literal, `'it''s'`; nil for anything else.
  static func literal(_ text: String) -> String? {
    var tokens = SQLTokens(text)
    guard let token = tokens.next(), token.isLiteral, tokens.next() == nil, text.utf8.count >= 2, text.utf8.last == UInt8(ascii: "'")
    else { return nil }
    return token.text
  }

  mutating func next() -> Token? {
    while place < bytes.count, bytes[place] <= 0x20 { place += 1 }
    guard place < bytes.count else { return nil }
    let byte = bytes[place]
    switch byte {
    case UInt8(ascii: "'"): return Token(text: quoted(until: byte), isLiteral: true)
    case UInt8(ascii: "\""), UInt8(ascii: "`"): return Token(text: quoted(until: byte), isQuoted: true)
    case UInt8(ascii: "[") where bracketsQuote: return Token(text: quoted(until: UInt8(ascii: "]")), isQuoted: true)
    default: break
    }
    let start = place
    place += 1
    if isPartOfWord(byte) || byte == UInt8(ascii: "-") {
      while place < bytes.count, isPartOfWord(bytes[place]) { place += 1 }
    } else if place < bytes.count, bytes[place] == UInt8(ascii: "="), "<>=!".utf8.contains(byte) {
      place += 1
    }
    return Token(text: String(decoding: bytes[start..<place], as: UTF8.self))
  }

  private func isPartOfWord(_ byte: UInt8) -> Bool {
    byte.isLetter || byte.isDigit || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".") || byte >= 0x80
  }

  /// What stands in quotes; a doubled quote is one.
  private mutating func quoted(until end: UInt8) -> String {
    place += 1
    var text: [UInt8] = []
    while place < bytes.count {
      let byte = bytes[place]
      place += 1
      if byte == end {
        guard place < bytes.count, bytes[place] == end, end != UInt8(ascii: "]") else { break }
        place += 1
      }
      text.append(byte)
    }
    return String(decoding: text, as: UTF8.self)
  }
}
