extension Rule {
  static let functionLinesMax = 70

  /// A function is seen whole: from its signature to its closing brace it fits on a screen.
  static let functionLength = Rule(name: "function length") { source in
    var finder = BodyFinder(source)
    return finder.bodies().filter { $0.last - $0.first + 1 > functionLinesMax }.map {
      Violation(
        path: source.path, line: $0.first,
        message: "\($0.name) has \($0.last - $0.first + 1) lines, \(functionLinesMax) at most")
    }
  }
}

/// Finds the bodies of functions, initialisers, subscripts and computed properties in code without strings and comments.
struct BodyFinder {
  struct Body: Equatable {
    let name: String
    /// Line of the declaration, from 1.
    let first: Int
    /// Line of the closing brace.
    let last: Int
  }

  private let text: [UInt8]
  private var lineOf: [Int] = []

  init(_ source: SwiftSource) {
    text = Array(source.code.joined(separator: [0x0a]))
    var line = 1
    for byte in text {
      lineOf.append(line)
      if byte == 0x0a { line += 1 }
    }
  }

  mutating func bodies() -> [Body] {
    var found: [Body] = []
    var index = 0
    while index < text.count {
      guard let word = word(at: index) else {
        index += 1
        continue
      }
      let after = index + word.utf8.count
      let isMember = index > 0 && text[index - 1] == UInt8(ascii: ".")
      if !isMember, ["func", "init", "deinit", "subscript", "var"].contains(word) {
        let name = word == "func" || word == "var" ? nextWord(after) : word
        if let open = bodyStart(after, isVariable: word == "var"), let close = closing(open) {
          found.append(Body(name: name, first: lineOf[index], last: lineOf[close]))
        }
      }
      index = after
    }
    return found
  }

  /// A whole word that begins there.
  private func word(at index: Int) -> String? {
    guard text[index].isIdentifierPart, index == 0 || !text[index - 1].isIdentifierPart else { return nil }
    var end = index
    while end < text.count, text[end].isIdentifierPart { end += 1 }
    return String(decoding: text[index..<end], as: UTF8.self)
  }

  private func nextWord(_ index: Int) -> String {
    String(
      decoding: text[index...].drop { $0 == 0x20 }.prefix { $0 != 0x20 && $0 != 0x28 && $0 != 0x0a && $0 != 0x3a && $0 != 0x3c },
      as: UTF8.self)
  }

  /// The brace that opens the body of the declaration; nil where it has none.
  private func bodyStart(_ start: Int, isVariable: Bool) -> Int? {
    var depth = 0
    var index = start
    while index < text.count {
      switch text[index] {
      case UInt8(ascii: "("), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"):
        depth -= 1
        if depth < 0 { return nil }
      case UInt8(ascii: "{") where depth == 0: return index
      case UInt8(ascii: "}") where depth == 0: return nil
      case UInt8(ascii: "=") where depth == 0 && isVariable: return nil
      case 0x0a where depth == 0: if !continues(index) { return nil }
      default: break
      }
      index += 1
    }
    return nil
  }

  /// Whether the declaration goes on in the next line.
  private func continues(_ newline: Int) -> Bool {
    var before = newline
    while before > 0, text[before - 1] == 0x20 { before -= 1 }
    if before > 0, [UInt8(ascii: ","), UInt8(ascii: "&"), UInt8(ascii: ":")].contains(text[before - 1]) { return true }
    if before > 1, text[before - 1] == UInt8(ascii: ">"), text[before - 2] == UInt8(ascii: "-") { return true }
    let rest = text[(newline + 1)...].drop { $0 == 0x20 }
    return ["{", "->", "where ", "throws", "async", "rethrows", "("].contains { rest.starts(with: $0.utf8) }
  }

  private func closing(_ open: Int) -> Int? {
    var depth = 0
    for index in open..<text.count {
      if text[index] == UInt8(ascii: "{") { depth += 1 }
      if text[index] == UInt8(ascii: "}") {
        depth -= 1
        if depth == 0 { return index }
      }
    }
    return nil
  }
}
