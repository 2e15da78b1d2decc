import Base
import YAML

/// Finds secrets that stand in clear in a contract, before the environment is put in.
struct SecretScan {
  let findings: Findings

  private static let words = ["secret", "password", "passwd", "token", "api_key", "apikey", "private_key", "authorization", "credential"]
  /// Names of fields and parameters are not keys of secrets: `password: {type: secret}`.
  private static let sectionsOfNames: Set<String> = ["resources", "queries"]
  private static let queryKeys: Set<String> = ["password", "sslpassword", "secret", "token", "api_key", "apikey", "sasl_password"]
  /// What issuers of keys put in front of them, so that they are found.
  private static let prefixes: [(text: String, what: String)] = [
    ("-----BEGIN PRIVATE KEY", "a private key"), ("-----BEGIN RSA PRIVATE KEY", "a private key"),
    ("-----BEGIN EC PRIVATE KEY", "a private key"), ("-----BEGIN ENCRYPTED PRIVATE KEY", "a private key"),
    ("-----BEGIN OPENSSH PRIVATE KEY", "a private key"), ("AKIA", "an AWS access key"), ("ghp_", "a GitHub token"),
    ("github_pat_", "a GitHub token"), ("glpat-", "a GitLab token"), ("sk_live_", "a Stripe key"), ("rk_live_", "a Stripe key"),
    ("xoxb-", "a Slack token"), ("xoxp-", "a Slack token"),
  ]

  func scan(root: YAMLNode) {
    for member in root.members {
      scan(member.value, key: member.key.text, named: !SecretScan.sectionsOfNames.contains(member.key.text))
    }
  }

  private func scan(_ node: YAMLNode, key: String, named: Bool) {
    switch node.content {
    case .sequence(let items): for item in items { scan(item, key: key, named: named) }
    case .mapping(let members):
      for member in members { scan(member.value, key: member.key.text, named: named && member.key.text != "claims") }
    case .null, .boolean: break
    default:
      let lower = key.lowercased()
      if named, SecretScan.words.contains(where: lower.contains), !isDuration(node), hasLiteral(node.text) {
        report("\(key) stands here in clear", node)
      } else if let what = knownSecret(node.text) {
        report("\(what) stands here in clear", node)
      }
    }
  }

  private func isDuration(_ node: YAMLNode) -> Bool { DurationForm.milliseconds(node.text) != nil }

  private func report(_ message: String, _ node: YAMLNode) {
    findings.report(.clearSecret, message, at: node.mark, suggestion: "write ${NAME} and set NAME or NAME_FILE")
  }

  /// Whether a value says anything of its own: a variable with an empty default does not.
  private func hasLiteral(_ text: String) -> Bool {
    let parts = Template(text).parts
    let hasVariable = parts.contains { if case .variable = $0 { true } else { false } }
    return parts.contains { part in
      switch part {
      case .literal(let text): !text.isEmpty && !hasVariable
      case .variable(_, let fallback): !(fallback ?? "").isEmpty
      }
    }
  }

  private static let placeholder = "\u{FFFC}"

  private func knownSecret(_ text: String) -> String? {
    var plain = ""
    for part in Template(text).parts {
      switch part {
      case .literal(let text): plain += text
      case .variable(_, let fallback): plain += fallback ?? SecretScan.placeholder
      }
    }
    if let known = SecretScan.prefixes.first(where: { plain.hasPrefix($0.text) && plain.utf8.count >= 20 }) { return known.what }
    guard plain.contains("://"), let url = URLForm(plain) else { return nil }
    func isClear(_ value: String) -> Bool { !value.isEmpty && !value.contains(SecretScan.placeholder) }
    if let password = url.password, isClear(password) { return "the password of a URL" }
    guard let (_, query) = TextForm.split(url.rest, at: "?") else { return nil }
    for pair in query.split(separator: "&") {
      guard let (name, value) = TextForm.split(String(pair), at: "=") else { continue }
      if SecretScan.queryKeys.contains(name.lowercased()), isClear(value) { return "the \(name) of a URL" }
    }
    return nil
  }
}
