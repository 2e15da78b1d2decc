/// Why a token was not accepted. The reason is for the log: an answer says only which of the two it was.
package struct TokenError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Code: Sendable, Equatable {
    /// Malformed, not signed by a key that is trusted here, or not meant for this service: `token_invalid`.
    case invalid
    /// It was good once: `token_expired`.
    case expired
  }

  package var code: Code
  /// A plain sentence; nothing of the token itself.
  package var reason: String

  package init(_ code: Code, _ reason: String) {
    self.code = code
    self.reason = reason
  }

  static func invalid(_ reason: String) -> TokenError { TokenError(.invalid, reason) }

  package var description: String { reason }
}
