extension Rule {
  static let fileLinesMax = 800
  static let fileLinesThink = 500

  /// A file that nobody reads to its end.
  static let fileLength = Rule(name: "file length") { source in
    guard source.lines.count > fileLinesMax + 1 else { return [] }
    return [Violation(path: source.path, line: fileLinesMax, message: "\(source.lines.count - 1) lines, \(fileLinesMax) at most")]
  }

  /// A statement in a string is made past the builder, and its values perhaps as well.
  static let sqlOutsideStores = Rule(name: "SQL outside the stores") { source in
    guard !["Store", "SQLiteStore", "PostgresStore"].contains(source.target) else { return [] }
    return source.strings.filter { isSQL($0.text) }.map {
      Violation(path: source.path, line: $0.line, message: "SQL belongs to the builder in Store: \($0.text.prefix(40))")
    }
  }

  private static func isSQL(_ text: String) -> Bool {
    let words = text.split { !$0.isLetter && $0 != "*" && $0 != "_" }.prefix(400).map(String.init)
    for (place, word) in words.enumerated() {
      let next = place + 1 < words.count ? words[place + 1] : ""
      let begins = place == 0
      switch word.uppercased() {
      case "SELECT": if word == "SELECT" && text != word || begins && words.contains("from") && next != "" { return true }
      case "INSERT", "REPLACE": if next.uppercased() == "INTO" { return true }
      case "DELETE": if next == "FROM" || begins && next == "from" { return true }
      case "UPDATE": if words.dropFirst(place).contains("SET") || begins && words.contains("set") { return true }
      case "CREATE", "ALTER", "DROP":
        if ["TABLE", "INDEX", "UNIQUE", "VIEW", "TRIGGER", "FUNCTION"].contains(next) || begins && next == "table" { return true }
      case "PRAGMA": if word == "PRAGMA" { return true }
      default: break
      }
    }
    return false
  }

  /// A test that sleeps is slow where it is right and wrong where the machine is slow.
  static let sleeping = Rule(name: "sleep in tests") { source in
    source.code.enumerated().compactMap { number, line in
      guard ["sleep", "usleep", "nanosleep", "sleepForTimeInterval"].contains(where: line.has(word:)) else { return nil }
      return Violation(path: source.path, line: number + 1, message: "a test must not sleep")
    }
  }

  /// Work that somebody meant to do. Spelt apart, so that this file may stand.
  static let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]
  /// Where only one machine has its files.
  static let machinePaths = ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/", "/Us" + "ers/"]

  static func unfinished(path: String, text: String) -> [Violation] {
    lines(text).flatMap { number, line in
      marks.filter(line.has(word:)).map { Violation(path: path, line: number, message: "unfinished: \($0)") }
    }
  }

  static func machinePaths(path: String, text: String) -> [Violation] {
    lines(text).flatMap { number, line in
      machinePaths.filter { path in
        let pattern = Array(path.utf8)
        return line.count >= pattern.count
          && (0...line.count - pattern.count).contains { line[$0] == pattern[0] && line[$0...].starts(with: pattern) }
      }.map { Violation(path: path, line: number, message: "a path of one machine: \($0)") }
    }
  }

  /// Live tests in Python follow the same law.
  static func sleepingPython(path: String, text: String) -> [Violation] {
    lines(text).compactMap { number, line in
      line.has(word: "sleep") ? Violation(path: path, line: number, message: "a test must not sleep") : nil
    }
  }

  private static func lines(_ text: String) -> [(Int, [UInt8])] {
    text.utf8.split(separator: 0x0a, omittingEmptySubsequences: false).enumerated().map { ($0.offset + 1, Array($0.element)) }
  }
}
