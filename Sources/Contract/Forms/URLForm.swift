import Base

/// The parts of a URL that a contract looks at. Not a general URL parser: it says whether the form is right.
package struct URLForm {
  package var scheme: String
  /// Nil where there is none; may be empty.
  package var password: String?
  package var user: String?
  package var host: String
  package var port: String?
  /// What follows the authority, or all that follows `scheme:` where there is no `//`.
  package var rest: String

  /// Nil where the text is no URL: no scheme, blanks or control characters.
  package init?(_ text: String) {
    guard let (scheme, tail) = TextForm.split(text, at: ":"), let first = scheme.utf8.first, first.isLetter,
      scheme.utf8.allSatisfy({ $0.isLetter || $0.isDigit || "+-.".utf8.contains($0) }), text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
    else { return nil }
    self.scheme = scheme.lowercased()
    guard tail.hasPrefix("//") else {
      host = ""
      rest = tail
      return
    }
    let body = tail.utf8.dropFirst(2)
    let authority = body.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
    rest = String(decoding: body.dropFirst(authority.count), as: UTF8.self)
    var place = Array(authority)[...]
    if let at = place.lastIndex(of: UInt8(ascii: "@")) {
      let info = place[..<at]
      place = place[(at + 1)...]
      let colon = info.firstIndex(of: UInt8(ascii: ":"))
      user = String(decoding: info[..<(colon ?? info.endIndex)], as: UTF8.self)
      password = colon.map { String(decoding: info[($0 + 1)...], as: UTF8.self) }
    }
    // An IPv6 address has colons of its own, in brackets.
    let bracket = place.lastIndex(of: UInt8(ascii: "]")) ?? place.startIndex
    if let colon = place[bracket...].lastIndex(of: UInt8(ascii: ":")) {
      port = String(decoding: place[(colon + 1)...], as: UTF8.self)
      place = place[..<colon]
    }
    host = String(decoding: place, as: UTF8.self)
    if let port, !port.isEmpty {
      guard let number = Digits.integer(port), (0...65_535).contains(number) else { return nil }
    }
  }

  /// What keeps the text from being a URL of one of the schemes; nil where nothing does. Schemes that end with `:` take
  /// what follows as it is, the others need a host.
  package static func problem(_ text: String, schemes: [String]) -> String? {
    let names = schemes.map { $0.hasSuffix(":") ? $0 : "\($0)://" }.joined(separator: ", ")
    guard let url = URLForm(text) else { return "is not a URL (\(names))" }
    if schemes.contains(url.scheme + ":") { return nil }
    guard schemes.contains(url.scheme) else { return "has the scheme \"\(url.scheme)\" where \(names) is expected" }
    return url.host.isEmpty ? "names no host" : nil
  }
}
