/// E-mail addresses as forms take them: the HTML standard's `email` grammar, with a dot in the domain.
package enum EmailAddress {
  /// At most this many bytes, and 64 before the `@`.
  package static let bytesMax = 254

  /// The address in lower case, or nil where the text is none: two spellings of one mailbox must not be two people.
  package static func canonical(_ text: String) -> String? {
    let bytes = Array(text.utf8)
    guard bytes.count <= bytesMax, let at = bytes.lastIndex(of: UInt8(ascii: "@")), at > 0, at <= 64,
      isLocalPart(bytes[..<at]), isDomain(bytes[(at + 1)...])
    else { return nil }
    return String(decoding: bytes.map(\.lowercased), as: UTF8.self)
  }

  private static func isLocalPart(_ bytes: ArraySlice<UInt8>) -> Bool {
    let others = Array(".!#$%&'*+/=?^_`{|}~-".utf8)
    return bytes.first != UInt8(ascii: ".") && bytes.last != UInt8(ascii: ".")
      && bytes.allSatisfy { $0.isLetter || $0.isDigit || others.contains($0) }
  }

  private static func isDomain(_ bytes: ArraySlice<UInt8>) -> Bool {
    let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return labels.count >= 2
      && labels.allSatisfy { label in
        (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
          && label.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "-") }
      }
  }
}
