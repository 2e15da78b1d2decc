extension String {
  /// Characters of a text of unknown length that a message shows.
  package static let excerptMax = 64

  /// The text, or its first `excerptMax` Unicode scalars and an ellipsis. Costs no more for a longer text.
  package var shortened: String {
    let scalars = unicodeScalars
    guard let end = scalars.index(scalars.startIndex, offsetBy: String.excerptMax, limitedBy: scalars.endIndex), end != scalars.endIndex
    else { return self }
    return String(scalars[..<end]) + "…"
  }

  /// The text as a message shows it to people, wherever it came from: shortened, with what cannot be seen, or changes how the rest is
  /// seen (control characters, breaks of lines, marks of direction), as `\u{...}`.
  package var excerpt: String {
    let text = shortened
    guard text.unicodeScalars.contains(where: String.isHidden) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if String.isHidden(scalar) {
        result += "\\u{" + String(scalar.value, radix: 16) + "}"
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7f..<0xa0: true
    // Breaks of lines and paragraphs; marks, embeddings, overrides and isolates of direction.
    case 0x2028, 0x2029, 0x61c, 0x200e, 0x200f, 0x202a...0x202e, 0x2066...0x2069: true
    default: false
    }
  }
}
