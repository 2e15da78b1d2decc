import Base

/// The forms of names.
package enum Name {
  package static let lengthMax = 48

  /// `snake_case`: a lower-case letter, then letters, digits and single underscores; no underscore at the end.
  package static func isSnakeCase(_ text: String) -> Bool {
    var previous: UInt8 = UInt8(ascii: "_")
    for byte in text.utf8 {
      let isLower = byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")
      let isUnderscore = byte == UInt8(ascii: "_")
      guard isLower || byte.isDigit || isUnderscore else { return false }
      if previous == UInt8(ascii: "_"), isUnderscore { return false }
      previous = byte
    }
    guard let first = text.utf8.first, !first.isDigit else { return false }
    return previous != UInt8(ascii: "_") && text.utf8.count <= lengthMax
  }

  /// A name of a table that was there before: letters, digits and `_`, not a digit first.
  package static func isIdentifier(_ text: String) -> Bool {
    guard let first = text.utf8.first, first.isLetter || first == UInt8(ascii: "_"), text.utf8.count <= 63 else { return false }
    return text.utf8.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "_") }
  }

  /// The nearest snake_case name, for a suggestion: `orderItems` gives `order_items`. Nil where nothing is left.
  static func snakeCase(of text: String) -> String? {
    var out: [UInt8] = []
    for byte in text.utf8 {
      let isUpper = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
      if byte.isLetter || byte.isDigit {
        if isUpper, let last = out.last, last != UInt8(ascii: "_") { out.append(UInt8(ascii: "_")) }
        out.append(byte.lowercased)
      } else if let last = out.last, last != UInt8(ascii: "_") {
        out.append(UInt8(ascii: "_"))
      }
    }
    while out.last == UInt8(ascii: "_") { out.removeLast() }
    let name = String(decoding: out, as: UTF8.self)
    return isSnakeCase(name) ? name : nil
  }
}
