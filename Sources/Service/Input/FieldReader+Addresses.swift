import Base

extension FieldReader {
  /// An e-mail address as forms take it (the HTML standard's `email` grammar, with a dot in the domain), in lower case:
  /// two spellings of one mailbox must not be two people.
  func email(_ text: String) throws(Violation) -> String {
    let bytes = Array(text.utf8)
    guard bytes.count <= 254, let at = bytes.lastIndex(of: UInt8(ascii: "@")), at > 0, at <= 64,
      FieldReader.isLocalPart(bytes[..<at]), FieldReader.isDomain(bytes[(at + 1)...])
    else { throw Violation("format", "is not an e-mail address") }
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

  /// An absolute `http` or `https` URL without user information; scheme and host in lower case (RFC 3986 section 6.2.2.1).
  func url(_ text: String) throws(Violation) -> String {
    let bytes = Array(text.utf8)
    guard bytes.count <= 2048, bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
      throw Violation("format", "is not a URL (at most 2048 bytes, no spaces)")
    }
    let lower = bytes.map(\.lowercased)
    let scheme = lower.starts(with: Array("https://".utf8)) ? 8 : lower.starts(with: Array("http://".utf8)) ? 7 : 0
    let rest = bytes[scheme...]
    let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? bytes.endIndex
    let authority = bytes[scheme..<end]
    guard scheme > 0, !authority.isEmpty, !authority.contains(UInt8(ascii: "@")), !authority.contains(UInt8(ascii: "\\")) else {
      throw Violation("format", "is not an absolute http or https URL")
    }
    return String(decoding: lower[..<end] + bytes[end...], as: UTF8.self)
  }
}
