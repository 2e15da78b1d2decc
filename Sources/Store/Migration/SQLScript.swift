/// The statements of a file that a person wrote.
package enum SQLScript {
  /// Splits at semicolons outside texts, names, comments and bodies (`BEGIN ... END` of a trigger or a function, `$tag$ ... $tag$`).
  /// What is empty but for blanks and comments is left out. Text that does not end is part of the last statement: the database
  /// says what is wrong with it.
  package static func statements(_ text: String) -> [String] {
    var scanner = Scanner(bytes: Array(text.utf8))
    return scanner.statements()
  }

  /// The first word of a statement, in upper case, behind its comments.
  package static func firstWord(_ statement: String) -> String {
    var scanner = Scanner(bytes: Array(statement.utf8))
    return scanner.firstWord()
  }

  private struct Scanner {
    let bytes: [UInt8]
    private var place = 0
    /// Of the statement.
    private var start = 0
    /// Words of the statement so far; the first few tell what it is.
    private var words: [String] = []
    private var hasMeaning = false
    /// Open `BEGIN` and `CASE` of a body.
    private var depth = 0

    private static let wordsKept = 6

    init(bytes: [UInt8]) { self.bytes = bytes }

    private func byte(_ offset: Int = 0) -> UInt8 { place + offset < bytes.count ? bytes[place + offset] : 0 }

    mutating func statements() -> [String] {
      var result: [String] = []
      while place < bytes.count {
        if byte() == UInt8(ascii: ";"), depth == 0 {
          end(&result)
          place += 1
          start = place
        } else {
          step()
        }
      }
      end(&result)
      return result
    }

    mutating func firstWord() -> String {
      while place < bytes.count, words.isEmpty, !(hasMeaning && depth == 0) { step() }
      return words.first ?? ""
    }

    private mutating func end(_ result: inout [String]) {
      if hasMeaning {
        let end = min(place, bytes.count)
        let first = bytes[start..<end].firstIndex { !SQLScript.isBlank($0) } ?? end
        let last = bytes[first..<end].lastIndex { !SQLScript.isBlank($0) } ?? first
        result.append(String(decoding: bytes[first...last], as: UTF8.self))
      }
      words = []
      hasMeaning = false
      depth = 0
    }

    /// One blank, comment, text, word or sign.
    private mutating func step() {
      switch byte() {
      case let byte where SQLScript.isBlank(byte): place += 1
      case UInt8(ascii: "-") where byte(1) == UInt8(ascii: "-"): skip { $0 == 0x0a }
      case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "*"): comment()
      case UInt8(ascii: "'"):
        hasMeaning = true
        quoted(UInt8(ascii: "'"), escapes: isEscapeText)
      case UInt8(ascii: "\""), UInt8(ascii: "`"):
        hasMeaning = true
        quoted(byte(), escapes: false)
      case UInt8(ascii: "$"):
        hasMeaning = true
        dollar()
      default:
        hasMeaning = true
        if SQLScript.isWord(byte()) { word() } else { place += 1 }
      }
    }

    private mutating func skip(until isEnd: (UInt8) -> Bool) {
      while place < bytes.count, !isEnd(bytes[place]) { place += 1 }
    }

    /// PostgreSQL's nest. SQLite's do not, and are never written so that it matters.
    private mutating func comment() {
      var nested = 0
      while place < bytes.count {
        if byte() == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*") {
          nested += 1
          place += 2
        } else if byte() == UInt8(ascii: "*"), byte(1) == UInt8(ascii: "/") {
          nested -= 1
          place += 2
          if nested == 0 { return }
        } else {
          place += 1
        }
      }
    }

    /// `E'...'`
    private var isEscapeText: Bool {
      guard place > 0, bytes[place - 1] | 0x20 == UInt8(ascii: "e") else { return false }
      return place < 2 || !SQLScript.isWord(bytes[place - 2])
    }

    private mutating func quoted(_ quote: UInt8, escapes: Bool) {
      place += 1
      while place < bytes.count {
        if escapes, byte() == UInt8(ascii: "\\") {
          place += 2
        } else if byte() == quote {
          place += 1
          // Doubled it is one of the text.
          if byte() != quote { return }
          place += 1
        } else {
          place += 1
        }
      }
    }

    private mutating func dollar() {
      var end = place + 1
      while end < bytes.count, SQLScript.isWord(bytes[end]) { end += 1 }
      let isTag = end < bytes.count && bytes[end] == UInt8(ascii: "$") && !(place + 1 < end && SQLScript.isDigit(bytes[place + 1]))
      guard isTag else {
        place += 1
        return
      }
      let tag = bytes[place...end]
      place = end + 1
      while place < bytes.count {
        if byte() == UInt8(ascii: "$"), bytes[place...].starts(with: tag) {
          place += tag.count
          return
        }
        place += 1
      }
    }

    private mutating func word() {
      let first = place
      while place < bytes.count, SQLScript.isWord(bytes[place]) { place += 1 }
      let word = String(decoding: bytes[first..<place], as: UTF8.self).uppercased()
      if words.count < Scanner.wordsKept { words.append(word) }
      guard hasBody else { return }
      switch word {
      case "BEGIN", "CASE": depth += 1
      case "END" where depth > 0: depth -= 1
      default: break
      }
    }

    /// Only what defines a trigger or a function has a body: `BEGIN` alone begins a transaction.
    private var hasBody: Bool {
      words.first == "CREATE" && words.contains { ["TRIGGER", "FUNCTION", "PROCEDURE"].contains($0) }
    }
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || (0x09...0x0d).contains(byte) }

  private static func isWord(_ byte: UInt8) -> Bool {
    isDigit(byte) || byte == UInt8(ascii: "_") || byte >= 0x80 || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
