import Contract
import Expression

/// Access rules in words.
enum AccessText {
  /// A sentence for an operation's description.
  static func sentence(_ access: Access) -> String {
    switch access {
    case .anyone: "Open to everyone."
    case .authenticated: "For every caller with a token."
    case .nobody: "For nobody."
    case .roles(let roles): "For callers with " + (roles.count == 1 ? "the role " : "one of the roles ") + list(roles) + "."
    case .rule(let expression): "Where `\(expression.source)` holds."
    }
  }

  /// Who, in the middle of a sentence.
  static func audience(_ access: Access) -> String {
    switch access {
    case .anyone: "everyone"
    case .authenticated: "every caller with a token"
    case .nobody: "nobody"
    case .roles(let roles): "callers with the role " + list(roles)
    case .rule(let expression): "callers for whom `\(expression.source)` holds"
    }
  }

  private static func list(_ roles: [String]) -> String { roles.map { "`\($0)`" }.joined(separator: " or ") }

  /// Whether somebody without a token may succeed.
  static func isOpenToAnonymous(_ access: Access) -> Bool {
    switch access {
    case .anyone: true
    case .authenticated, .nobody, .roles: false
    case .rule(let expression): mayHoldAnonymously(expression.source)
    }
  }

  /// A rule that names the caller in each of its alternatives denies whoever has no token.
  private static func mayHoldAnonymously(_ source: String) -> Bool {
    source.split(separator: "||", omittingEmptySubsequences: false)
      .contains { !$0.contains("caller.") || $0.contains("!") }
  }
}
