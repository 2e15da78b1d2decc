extension String {
  /// Whether both are the same UTF-8 bytes, as stores and tokens compare. (`==` holds two spellings of an accented letter
  /// equal.)
  package func isExactly(_ other: String) -> Bool {
    // Both are counted already where they are in Swift's own form.
    utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
  }
}

/// A text as a key: compared and hashed by its UTF-8 bytes.
package struct ExactText: Hashable, Sendable {
  package let text: String

  package init(_ text: String) { self.text = text }

  package static func == (a: ExactText, b: ExactText) -> Bool { a.text.isExactly(b.text) }

  package func hash(into hasher: inout Hasher) {
    for byte in text.utf8 { hasher.combine(byte) }
    hasher.combine(0xff as UInt8)
  }
}
