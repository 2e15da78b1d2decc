/// Something that the house's style refuses.
struct Violation: Equatable, CustomStringConvertible {
  let path: String
  let line: Int
  let message: String

  var description: String { "\(path):\(line): \(message)" }
}

/// A rule over one Swift file.
struct Rule: Sendable {
  let name: String
  let check: @Sendable (SwiftSource) -> [Violation]
}

extension [UInt8] {
  var isIdentifier: Bool { allSatisfy(\.isIdentifierPart) }

  /// Where a whole word stands in a line of code, or in plain text.
  func places(ofWord word: String) -> [Int] {
    let pattern = Array(word.utf8)
    guard count >= pattern.count else { return [] }
    return (0...count - pattern.count).filter { start in
      guard self[start] == pattern[0], self[start..<start + pattern.count].elementsEqual(pattern) else { return false }
      let before = start > 0 && self[start - 1].isIdentifierPart && pattern[0].isIdentifierPart
      let end = start + pattern.count
      let after = end < count && self[end].isIdentifierPart && pattern[pattern.count - 1].isIdentifierPart
      return !before && !after
    }
  }

  func has(word: String) -> Bool { !places(ofWord: word).isEmpty }
}

extension UInt8 {
  var isIdentifierPart: Bool {
    (0x30...0x39).contains(self) || (0x61...0x7a).contains(self | 0x20) || self == UInt8(ascii: "_") || self >= 0x80
  }
}
