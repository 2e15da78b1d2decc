/// Texts of which one spelling is kept: what is compared with such a value is compared in that spelling.
package enum CanonicalText: Sendable, Hashable {
  case email, url

  /// The spelling that is kept. A text that is no such value stays what it is, but for the case of an e-mail address's
  /// letters, so that a part of one (`@EXAMPLE.com`) is spelled as the whole is.
  package func canonical(_ text: String) -> String {
    switch self {
    case .email: String(decoding: text.utf8.map(\.lowercased), as: UTF8.self)
    case .url: WebAddress.canonical(text) ?? text
    }
  }

  /// A text, or a list of texts, so spelled; anything else as it is.
  package func canonical(_ value: Value) -> Value {
    switch value {
    case .string(let text): .string(canonical(text))
    case .list(let items): .list(items.map(canonical))
    default: value
    }
  }
}
