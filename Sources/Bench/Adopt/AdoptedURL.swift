import Base

/// A database's URL as a contract may hold it: without secrets, and without what would mean something in YAML or in `${...}`.
struct AdoptedURL {
  let text: String
  /// The database's name.
  let name: String

  private static let secrets: Set<String> = ["password", "sslpassword", "oauth_client_secret"]

  init(_ url: String) {
    guard let scheme = url.utf8.firstIndex(of: UInt8(ascii: ":")), url[scheme...].hasPrefix("://") else {
      text = AdoptedURL.encoded(url)
      let file = url.split(separator: "/").last.map(String.init) ?? url
      name = String((file.hasPrefix("sqlite:") ? String(file.dropFirst(7)) : file).prefix { $0 != "." })
      return
    }
    let start = url.utf8.index(scheme, offsetBy: 3)
    let parts = url[start...].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let path = parts[0].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    var authority = String(path[0])
    if let at = authority.lastIndex(of: "@") {
      authority = String(authority[..<at].prefix { $0 != ":" }) + String(authority[at...])
    }
    let database = path.count == 2 ? String(path[1]) : ""
    let query =
      parts.count == 2 ? parts[1].split(separator: "&").filter { !AdoptedURL.secrets.contains(String($0.prefix { $0 != "=" })) } : []
    text = AdoptedURL.encoded(
      String(url[..<start]) + authority + (path.count == 2 ? "/" + database : "")
        + (query.isEmpty ? "" : "?" + query.joined(separator: "&")))
    name = database.isEmpty ? "service" : database
  }

  private static func encoded(_ text: String) -> String {
    var out: [UInt8] = []
    for byte in text.utf8 {
      if byte.isLetter || byte.isDigit || ":/?&=%._~@,+-[]".utf8.contains(byte) {
        out.append(byte)
      } else {
        out.append(UInt8(ascii: "%"))
        out.append(UInt8.hexadecimalDigit(byte >> 4))
        out.append(UInt8.hexadecimalDigit(byte & 15))
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}
