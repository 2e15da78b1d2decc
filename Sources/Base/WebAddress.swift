/// Absolute `http` and `https` URLs without user information.
package enum WebAddress {
  /// At most this many bytes.
  package static let bytesMax = 2048

  /// The URL with scheme and host in lower case (RFC 3986 section 6.2.2.1), or nil where the text is none.
  package static func canonical(_ text: String) -> String? {
    let bytes = Array(text.utf8)
    guard bytes.count <= bytesMax, bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else { return nil }
    let lower = bytes.map(\.lowercased)
    let scheme = lower.starts(with: Array("https://".utf8)) ? 8 : lower.starts(with: Array("http://".utf8)) ? 7 : 0
    let rest = bytes[scheme...]
    let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? bytes.endIndex
    let authority = bytes[scheme..<end]
    guard scheme > 0, !authority.isEmpty, !authority.contains(UInt8(ascii: "@")), !authority.contains(UInt8(ascii: "\\")) else {
      return nil
    }
    return String(decoding: lower[..<end] + bytes[end...], as: UTF8.self)
  }
}
