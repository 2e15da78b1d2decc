/// A Swift file taken apart: code without the contents of strings and comments, and those on their own.
struct SwiftSource {
  struct Literal: Equatable {
    let line: Int
    let text: String
  }

  /// Relative to the package: `Sources/Base/UUID.swift`.
  let path: String
  /// The text, line by line.
  let lines: [String]
  /// As `lines`, where every character of a comment or inside a string is a space.
  let code: [[UInt8]]
  /// Strings' contents with the line they begin in, from 1; interpolations are left out.
  let strings: [Literal]
  /// Comments, line by line.
  let comments: [Literal]

  init(path: String, text: String) {
    self.path = path
    lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    var lexer = SwiftLexer(Array(text.utf8))
    lexer.run()
    code = lexer.code.split(separator: 0x0a, omittingEmptySubsequences: false).map(Array.init)
    strings = lexer.strings
    comments = lexer.comments
  }

  /// The target or test folder it is in: the second part of its path.
  var target: String {
    let parts = path.split(separator: "/")
    return parts.count > 2 ? String(parts[1]) : ""
  }

  func codeText(_ line: Int) -> String { String(decoding: code[line], as: UTF8.self) }
}

/// Finds strings and comments; knows nested comments, raw strings, multi-line strings and interpolation.
struct SwiftLexer {
  private let text: [UInt8]
  private var index = 0
  private var line = 1
  private(set) var code: [UInt8] = []
  private(set) var strings: [SwiftSource.Literal] = []
  private(set) var comments: [SwiftSource.Literal] = []

  init(_ text: [UInt8]) { self.text = text }

  private func peek(_ offset: Int = 0) -> UInt8 { index + offset < text.count ? text[index + offset] : 0 }

  private func follows(_ expected: String, at offset: Int = 0) -> Bool {
    text.dropFirst(index + offset).starts(with: expected.utf8)
  }

  /// Takes one character, as code or as a blank.
  private mutating func take(hidden: Bool) {
    let byte = text[index]
    if byte == 0x0a { line += 1 }
    code.append(hidden && byte != 0x0a ? 0x20 : byte)
    index += 1
  }

  mutating func run() { takeCode(untilParenthesis: false) }

  /// Code up to the end, or up to the parenthesis that closes an interpolation.
  private mutating func takeCode(untilParenthesis: Bool) {
    var depth = 0
    while index < text.count {
      if follows("//") {
        takeLineComment()
      } else if follows("/*") {
        takeBlockComment()
      } else if peek() == UInt8(ascii: "\"") || peek() == UInt8(ascii: "#"), let hashes = openingHashes() {
        takeString(hashes: hashes)
      } else {
        if peek() == UInt8(ascii: "(") { depth += 1 }
        if peek() == UInt8(ascii: ")") {
          if untilParenthesis, depth == 0 { return }
          depth -= 1
        }
        take(hidden: false)
      }
    }
  }

  /// How many `#` stand before a quote here; nil where no string begins.
  private func openingHashes() -> Int? {
    var count = 0
    while peek(count) == UInt8(ascii: "#") { count += 1 }
    return peek(count) == UInt8(ascii: "\"") ? count : nil
  }

  private mutating func takeLineComment() {
    let start = index
    let first = line
    while index < text.count, peek() != 0x0a { take(hidden: true) }
    comments.append(.init(line: first, text: String(decoding: text[start..<index], as: UTF8.self)))
  }

  private mutating func takeBlockComment() {
    var depth = 0
    var start = index
    func part(_ end: Int) -> SwiftSource.Literal { .init(line: line, text: String(decoding: text[start..<end], as: UTF8.self)) }
    while index < text.count {
      if follows("/*") {
        depth += 1
        take(hidden: true)
      } else if follows("*/") {
        depth -= 1
        take(hidden: true)
      } else if peek() == 0x0a {
        comments.append(part(index))
        start = index + 1
      }
      take(hidden: true)
      if depth == 0 { break }
    }
    comments.append(part(index))
  }

  private mutating func takeString(hashes: Int) {
    let fence = String(repeating: "#", count: hashes)
    for _ in 0..<hashes { take(hidden: false) }
    let quotes = follows("\"\"\"") ? "\"\"\"" : "\""
    for _ in quotes.utf8 { take(hidden: false) }
    let first = line
    var content: [UInt8] = []
    while index < text.count {
      if follows(quotes + fence) { break }
      if quotes.utf8.count == 1, peek() == 0x0a { break }
      if follows("\\" + fence) {
        for _ in 0...hashes { take(hidden: true) }
        if peek() == UInt8(ascii: "(") {
          take(hidden: false)
          takeCode(untilParenthesis: true)
          if index < text.count { take(hidden: false) }
          continue
        }
      }
      if index < text.count {
        content.append(peek())
        take(hidden: true)
      }
    }
    strings.append(.init(line: first, text: String(decoding: content, as: UTF8.self)))
    if follows(quotes + fence) { for _ in 0..<(quotes.utf8.count + hashes) { take(hidden: false) } }
  }
}
