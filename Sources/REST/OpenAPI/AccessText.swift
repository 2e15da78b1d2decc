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

  /// Whether a request without a token is answered at all. A rule may hold for somebody without one, and a list under a
  /// rule is only empty for whom it does not hold.
  static func isOpenToAnonymous(_ access: Access) -> Bool {
    switch access {
    case .anyone, .rule: true
    case .authenticated, .nobody, .roles: false
    }
  }

  /// The kind of access for tools (`x-access`).
  static func kind(_ access: Access) -> String {
    switch access {
    case .anyone: "anyone"
    case .authenticated: "authenticated"
    case .nobody: "nobody"
    case .roles(let roles): roles.joined(separator: ", ")
    case .rule: "rule"
    }
  }
}
