extension Rule {
  /// The two drivers are built alike, and nothing sees both.
  private static let twins: Set<String> = ["SQLiteStore", "PostgresStore"]

  /// Two types of one name in two targets: whoever searches for one finds the other.
  static func repeatedTypeNames(_ sources: [SwiftSource]) -> [Violation] {
    var first: [String: SwiftSource] = [:]
    var violations: [Violation] = []
    for source in sources {
      for (line, name) in types(source) {
        guard let other = first[name] else {
          first[name] = source
          continue
        }
        if other.target == source.target || twins == [other.target, source.target] { continue }
        violations.append(Violation(path: source.path, line: line, message: "\(name) is a type of \(other.target) too"))
      }
    }
    return violations
  }

  /// The types that a file declares for others, with their lines.
  private static func types(_ source: SwiftSource) -> [(line: Int, name: String)] {
    let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "actor"]
    return source.code.indices.compactMap { number in
      let text = source.codeText(number)
      guard text.first?.isWhitespace == false else { return nil }
      let words = text.split { !$0.isLetter && !$0.isNumber && $0 != "_" && $0 != "@" }
      guard let kind = words.firstIndex(where: kinds.contains), kind + 1 < words.count else { return nil }
      let before = words[..<kind].filter { !$0.hasPrefix("@") }
      guard before.allSatisfy({ ["package", "public", "final", "indirect"].contains($0) }) else { return nil }
      return (number + 1, String(words[kind + 1]))
    }
  }

  /// What one file does for everybody, by the words that only it may write.
  private static let owners = [
    "pthread_create": "Sources/Base/SystemThread.swift", "uv_thread_create": "Sources/Base/SystemThread.swift",
    "attoseconds": "Sources/Base/Duration+Units.swift", "getentropy": "Sources/Base/Clock.swift",
  ]

  /// A second way to do what one file does for everybody.
  static let ownedWords = Rule(name: "owned words") { source in
    source.code.enumerated().flatMap { number, line in
      owners.filter { line.has(word: $0.key) && source.path != $0.value }.map {
        Violation(path: source.path, line: number + 1, message: "\($0.key) is the business of \($0.value)")
      }
    }
  }

  /// Swift files that a text names between backticks.
  static func namedFiles(_ text: String) -> [String] {
    text.split(separator: "`").map(String.init).filter { $0.hasSuffix(".swift") && !$0.contains(" ") && $0.contains("/") }
  }
}
