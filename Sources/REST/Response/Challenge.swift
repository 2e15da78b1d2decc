import Service

/// `WWW-Authenticate` (RFC 6750 section 3).
enum Challenge {
  /// Nil for a code that asks for no credentials.
  static func value(_ code: FailureCode, detail: String, realm: String) -> String? {
    let start = "Bearer realm=\"" + quoted(realm) + "\""
    switch code {
    case .unauthenticated: return start
    case .tokenExpired, .tokenInvalid:
      return start + ", error=\"invalid_token\", error_description=\"" + quoted(detail) + "\""
    case .insufficientScope: return start + ", error=\"insufficient_scope\", error_description=\"" + quoted(detail) + "\""
    default: return nil
    }
  }

  /// Only what RFC 6750 lets stand in an attribute: visible ASCII and space without quote and backslash.
  private static func quoted(_ text: String) -> String {
    String(decoding: text.utf8.filter { $0 >= 0x20 && $0 < 0x7f && $0 != 0x22 && $0 != 0x5c }, as: UTF8.self)
  }
}
