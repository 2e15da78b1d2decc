import Base

/// Cuts a statement of the contract's into its text and its parameters.
///
/// It knows what a text, a quoted name and a comment are in a store's language, so that `:name` is found where it is a parameter, and
/// that there is one statement whose parentheses are its own. It proves nothing about what the statement does: the database is asked
/// that, and values are never made part of the text, whatever is thought of it here.
struct StatementLexer {
  enum Language { case sqlite, postgres }

  struct Problem: Error, Equatable {
    var message: String
    /// Into the text.
    var utf8Offset: Int
  }

  typealias Piece = WrittenQuery.Statement.Piece

  private let bytes: [UInt8]
  private let language: Language
  private var place = 0
  private var pieces: [Piece] = []
  /// Begin of the text that is in no piece yet.
  private var start = 0
  private var depth = 0
  private var firstWord: String?

  init(_ text: String, _ language: Language) {
    bytes = Array(text.utf8)
    self.language = language
  }

  /// Each parameter with its place, and the pieces.
  mutating func read() throws(Problem) -> (pieces: [Piece], parameters: [(name: String, utf8Offset: Int)]) {
    var parameters: [(name: String, utf8Offset: Int)] = []
    var end: Int?
    // The text ends there for a driver that is written in C.
    if let zero = bytes.firstIndex(of: 0) { throw Problem(message: "a zero byte", utf8Offset: zero) }
    while place < bytes.count, end == nil {
      let byte = bytes[place]
      if isWordStart(byte) {
        try word()
      } else if byte == UInt8(ascii: ":") {
        if let parameter = parameter() { parameters.append(parameter) }
      } else if byte == UInt8(ascii: ";") {
        end = place
      } else {
        try step(byte)
      }
    }
    if let end { try checkNothingFollows(end) }
    if depth > 0 { throw Problem(message: "a parenthesis is not closed", utf8Offset: end ?? bytes.count) }
    try checkFirstWord()
    flush(to: end ?? bytes.count)
    return (pieces, parameters)
  }

  /// One character or quoted part that is no word and no parameter.
  private mutating func step(_ byte: UInt8) throws(Problem) {
    switch byte {
    case UInt8(ascii: "'"), UInt8(ascii: "\""): try quoted(byte)
    case UInt8(ascii: "`") where language == .sqlite: try quoted(byte)
    case UInt8(ascii: "[") where language == .sqlite: try quoted(UInt8(ascii: "]"))
    case UInt8(ascii: "-") where next == byte: lineComment()
    case UInt8(ascii: "/") where next == UInt8(ascii: "*"): try blockComment()
    case UInt8(ascii: "$") where language == .postgres && !(next ?? 0).isDigit: try dollarQuoted()
    case _ where byte == UInt8(ascii: "$") || (language == .sqlite && (byte == UInt8(ascii: "?") || byte == UInt8(ascii: "@"))):
      throw Problem(message: "a parameter is written :name", utf8Offset: place)
    case UInt8(ascii: "("):
      depth += 1
      place += 1
    case UInt8(ascii: ")"):
      depth -= 1
      if depth < 0 { throw Problem(message: "a parenthesis is closed that was not opened", utf8Offset: place) }
      place += 1
    default: place += 1
    }
  }

  private var next: UInt8? { place + 1 < bytes.count ? bytes[place + 1] : nil }

  private func isWordStart(_ byte: UInt8) -> Bool { byte.isLetter || byte == UInt8(ascii: "_") || byte >= 0x80 }

  private func isWord(_ byte: UInt8) -> Bool { isWordStart(byte) || byte.isDigit || byte == UInt8(ascii: "$") }

  /// A name or a key word, and the text behind `E` that it may begin.
  private mutating func word() throws(Problem) {
    let begin = place
    while place < bytes.count, isWord(bytes[place]) { place += 1 }
    let word = String(decoding: bytes[begin..<place], as: UTF8.self)
    if firstWord == nil { firstWord = word.lowercased() }
    if language == .postgres, word == "e" || word == "E", place < bytes.count, bytes[place] == UInt8(ascii: "'") {
      try quoted(UInt8(ascii: "'"), escapes: true)
    }
  }

  /// Up to its end, which stands twice where it is meant.
  private mutating func quoted(_ end: UInt8, escapes: Bool = false) throws(Problem) {
    let begin = place
    place += 1
    while place < bytes.count {
      let byte = bytes[place]
      if escapes, byte == UInt8(ascii: "\\") {
        place += 2
        continue
      }
      place += 1
      guard byte == end else { continue }
      // Brackets are not doubled.
      guard end != UInt8(ascii: "]"), place < bytes.count, bytes[place] == end else { return }
      place += 1
    }
    throw Problem(message: "a quote is not closed", utf8Offset: begin)
  }

  private mutating func lineComment() {
    while place < bytes.count, bytes[place] != 0x0a { place += 1 }
  }

  private mutating func blockComment() throws(Problem) {
    let begin = place
    var level = 0
    while place < bytes.count {
      if bytes[place] == UInt8(ascii: "*"), next == UInt8(ascii: "/") {
        place += 2
        level -= 1
        if level == 0 { return }
      } else if bytes[place] == UInt8(ascii: "/"), next == UInt8(ascii: "*"), level == 0 || language == .postgres {
        place += 2
        level += 1
      } else {
        place += 1
      }
    }
    throw Problem(message: "a comment is not closed", utf8Offset: begin)
  }

  /// `$tag$ ... $tag$`
  private mutating func dollarQuoted() throws(Problem) {
    let begin = place
    var end = place + 1
    while end < bytes.count, isWordStart(bytes[end]) || bytes[end].isDigit { end += 1 }
    guard end < bytes.count, bytes[end] == UInt8(ascii: "$") else {
      place += 1
      return
    }
    let tag = bytes[begin...end]
    place = end + 1
    while place + tag.count <= bytes.count {
      if bytes[place..<place + tag.count].elementsEqual(tag) {
        place += tag.count
        return
      }
      place += 1
    }
    throw Problem(message: "a quote is not closed", utf8Offset: begin)
  }

  /// `:name`; nil for a colon that is something else (`::type`, `a[1:2]`).
  private mutating func parameter() -> (name: String, utf8Offset: Int)? {
    let begin = place
    place += 1
    if place < bytes.count, bytes[place] == UInt8(ascii: ":") {
      place += 1
      return nil
    }
    guard place < bytes.count, bytes[place].isLetter || bytes[place] == UInt8(ascii: "_") else { return nil }
    while place < bytes.count, bytes[place].isLetter || bytes[place].isDigit || bytes[place] == UInt8(ascii: "_") { place += 1 }
    let name = String(decoding: bytes[begin + 1..<place], as: UTF8.self)
    let behind = place
    flush(to: begin)
    pieces.append(.parameter(name))
    start = behind
    return (name, begin)
  }

  private mutating func flush(to end: Int) {
    if end > start { pieces.append(.text(String(decoding: bytes[start..<end], as: UTF8.self))) }
    start = end
  }

  /// Behind the one semicolon there may be comments.
  private mutating func checkNothingFollows(_ semicolon: Int) throws(Problem) {
    place = semicolon + 1
    while place < bytes.count {
      switch bytes[place] {
      case 0x20, 0x09, 0x0a, 0x0d: place += 1
      case UInt8(ascii: "-") where next == UInt8(ascii: "-"): lineComment()
      case UInt8(ascii: "/") where next == UInt8(ascii: "*"): try blockComment()
      default: throw Problem(message: "a second statement: there is one", utf8Offset: place)
      }
    }
  }

  /// The database refuses what is no reading; where none is at hand this says it of what is plain to see.
  private func checkFirstWord() throws(Problem) {
    switch firstWord {
    case "select", "with", "values": break
    case "table" where language == .postgres: break
    case nil: throw Problem(message: "there is no statement", utf8Offset: 0)
    case let word?:
      throw Problem(message: "\(word.excerpt): a query's statement reads; it begins with select, with or values", utf8Offset: 0)
    }
  }
}
