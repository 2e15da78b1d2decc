/// Whether a RE2 pattern means the same in ECMA-262, which JSON Schema uses.
enum PortablePattern {
  /// Conservative: literals, classes without names, groups, alternation, quantifiers and the escapes both know.
  static func isPortable(_ pattern: String) -> Bool {
    let scalars = Array(pattern.unicodeScalars)
    var index = 0
    while index < scalars.count {
      let scalar = scalars[index]
      if scalar == "\\" {
        guard index + 1 < scalars.count, isPortable(escape: scalars[index + 1]) else { return false }
        index += 2
        continue
      }
      if scalar == "(", index + 1 < scalars.count, scalars[index + 1] == "?" {
        guard index + 2 < scalars.count, scalars[index + 2] == ":" else { return false }
      }
      // `[[:alpha:]]`, `[]a]` and `[^]a]` differ.
      if scalar == "[" {
        let next = index + 1 < scalars.count ? scalars[index + 1] : "]"
        let afterNext = index + 2 < scalars.count ? scalars[index + 2] : " "
        if next == "]" || next == "[" || (next == "^" && afterNext == "]") { return false }
      }
      if !scalar.isASCII { return false }
      index += 1
    }
    return true
  }

  private static func isPortable(escape: Unicode.Scalar) -> Bool {
    switch escape {
    case "d", "D", "w", "W", "n", "r", "t", "f", "v": true
    case "a"..."z", "A"..."Z", "0"..."9": false
    default: escape.isASCII && escape != "_"
    }
  }
}
