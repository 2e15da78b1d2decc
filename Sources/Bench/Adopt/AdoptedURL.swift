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
    // As libpq reads it: what stands before an @ that comes before any / is who, whatever it holds.
    var user = ""
    var rest = url[start...]
    if let at = rest.prefix(while: { $0 != "/" }).firstIndex(of: "@") {
      user = rest[..<at].prefix { $0 != ":" } + "@"
      rest = rest[rest.index(after: at)...]
    }
    let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let path = parts[0].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    let query = parts.count == 2 ? parts[1].split(separator: "&").filter { !AdoptedURL.isSecret($0) } : []
    let parameters = query.isEmpty ? "" : "?" + query.joined(separator: "&")
    text = AdoptedURL.encoded(String(url[..<start]) + user + String(parts[0]) + parameters)
    let database = path.count == 2 ? String(path[1]) : ""
    name = database.isEmpty ? "service" : database
  }

  /// A parameter of the URL's, whose name may be percent-encoded like its value.
  private static func isSecret(_ parameter: Substring) -> Bool {
    let name = parameter.prefix { $0 != "=" }
    return name.utf8.contains(UInt8(ascii: "%")) || secrets.contains(name.lowercased())
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
