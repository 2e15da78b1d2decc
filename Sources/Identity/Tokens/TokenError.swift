/// Why a token was not accepted.
package struct TokenError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Code: Sendable, Equatable {
    /// Malformed, not signed by a key that is trusted here, or not meant for this service: `token_invalid`.
    case invalid
    /// It was good once: `token_expired`.
    case expired
  }

  package var code: Code
  /// A plain sentence that may be shown; nothing of the token itself, and nothing of a key.
  package var reason: String

  package init(_ code: Code, _ reason: String) {
    self.code = code
    self.reason = reason
  }

  static func invalid(_ reason: String) -> TokenError { TokenError(.invalid, reason) }

  package var description: String { reason }
}
