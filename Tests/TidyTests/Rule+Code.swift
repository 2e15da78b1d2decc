extension Rule {
  /// A trap on nil is a denial of service: `x!`, `f()!`, `try!`, `as!`, and types like `T!`.
  static let forceUnwrap = Rule(name: "force unwrap") { source in
    source.code.enumerated().flatMap { number, line in
      line.indices.filter { place in
        guard line[place] == UInt8(ascii: "!"), place > 0 else { return false }
        let before = line[place - 1]
        let isPostfix =
          before.isIdentifierPart || [UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"), 0x22, 0x3e, 0x3f, 0x60].contains(before)
        return isPostfix && (place + 1 == line.count || line[place + 1] != UInt8(ascii: "="))
      }.map { _ in Violation(path: source.path, line: number + 1, message: "a force unwrap, try! or as! traps") }
    }
  }

  static let safetyLinesAbove = 40

  /// What the compiler cannot check, somebody must have thought about.
  static let safetyComment = Rule(name: "safety comment") { source in
    let reasons = source.comments.filter { $0.text.contains("Safety:") }.map(\.line)
    var reported = -safetyLinesAbove
    return source.code.enumerated().compactMap { number, line in
      guard line.has(word: "unsafe") || line.has(word: "@unchecked") else { return nil }
      let near = max(0, number + 1 - safetyLinesAbove)...(number + 1)
      // One message stands for the lines after it, too.
      guard !reasons.contains(where: near.contains), number - reported >= safetyLinesAbove else { return nil }
      reported = number
      return Violation(
        path: source.path, line: number + 1,
        message: "`unsafe` or `@unchecked` without a comment `Safety:` within \(safetyLinesAbove) lines above")
    }
  }

  /// The full Foundation brings its ICU data and 30 MiB; the engine does without any of it.
  static let foundation = Rule(name: "Foundation") { source in
    imports(source).filter { $0.module.hasPrefix("Foundation") }.map {
      Violation(path: source.path, line: $0.line, message: "\($0.module) is not used in Sources")
    }
  }

  /// What users of the library see is one target's business.
  static let publicAccess = Rule(name: "public access") { source in
    guard source.target != "Martlet" else { return [] }
    return source.code.indices.compactMap { number in
      let words = source.codeText(number).split(separator: " ").drop { $0.hasPrefix("@") }
      guard let first = words.first, ["public", "public(set)", "open"].contains(first), words.count > 1 else { return nil }
      return Violation(path: source.path, line: number + 1, message: "only Martlet has public symbols; use package")
    }
  }

  /// Names that say nothing about what is inside.
  static let emptyNames = Rule(name: "names") { source in
    let refused: Set<String> = ["Utils", "Utilities", "Helpers", "Helper", "Common", "New", "Misc"]
    let parts = source.path.split(separator: "/").map { String($0.split(separator: ".")[0]) }
    return parts.filter(refused.contains).map {
      Violation(path: source.path, line: 1, message: "\($0) says nothing; name the subject")
    }
  }

  /// Modules that a file imports, with their lines.
  static func imports(_ source: SwiftSource) -> [(line: Int, module: String)] {
    source.code.indices.compactMap { number in
      var words = source.codeText(number).split(separator: " ").map(String.init)
      while let first = words.first, ["package", "public", "internal", "private", "fileprivate"].contains(first) || first.hasPrefix("@") {
        words.removeFirst()
      }
      guard words.count >= 2, words[0] == "import" else { return nil }
      let kinds: Set<String> = ["struct", "class", "enum", "func", "protocol", "var", "let", "typealias"]
      let module = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
      return (number + 1, String(module.split(separator: ".")[0]))
    }
  }
}
