import Base
import YAML

extension ContractReader {
  /// What `caller` has of its own.
  private static let callerNames: Set<String> = [
    "id", "subject", "issuer", "roles", "scopes", "tenant", "authenticated", "has_role",
  ]

  func readIdentity() {
    guard let node = root["identity"] else { return }
    if let lifetime = node["tokens"]?["access"], let duration = lifetime.string.flatMap(DurationForm.duration) {
      if duration > .seconds(86_400) || duration < .seconds(1) {
        findings.report(.outOfRange, "identity.tokens.access must be 1s to 1d: a token cannot be taken back", at: lifetime.mark)
      }
    }
    for member in node["claims"]?.members ?? [] { readClaim(member) }
    for member in node["issuers"]?.members ?? [] { readIssuer(member) }
  }

  private func readClaim(_ member: YAMLMember) {
    let name = member.key.text
    guard !ContractReader.callerNames.contains(name) else {
      findings.report(.reservedName, "caller.\(name) is there already", at: member.key.mark)
      return
    }
    guard let text = member.value.string else { return }
    let allowed = Language.listTypes.filter { $0 != "enum" }
    let inner = text.hasPrefix("list of ") ? String(text.dropFirst(8)) : text
    guard allowed.contains(inner), let type = FieldType.plain(inner) else {
      findings.report(
        .unknownType, "a claim cannot be \"\(text)\"", at: member.value.mark, suggestion: Suggestion.question(text, in: allowed))
      return
    }
    contract.identity.claims.append((name, text == inner ? type : .list(type, length: 0...1000)))
  }

  private func readIssuer(_ member: YAMLMember) {
    let node = member.value
    guard let issuer = node["issuer"]?.string, let keys = node["jwks"]?.string else { return }
    if let first = contract.identity.issuers.first(where: { $0.issuer == issuer }), let place = node["issuer"] {
      findings.report(.duplicateName, "the issuer is that of \"\(first.name)\"", at: place.mark)
    }
    var result = Issuer(name: member.key.text, issuer: issuer, audience: node["audience"]?.string, keyFile: relative(keys, node))
    if let roles = node["roles"] {
      result.rolesClaim = roles["from"]?.string
      for entry in roles["map"]?.members ?? [] {
        for role in entry.value.oneOrMany { checkRole(role, "identity.issuers.\(result.name)") }
        result.roleMap[entry.key.text] = entry.value.oneOrMany.compactMap(\.string)
      }
    }
    contract.identity.issuers.append(result)
  }

  /// A path of an included file, made relative to the contract itself.
  private func relative(_ path: String, _ node: YAMLNode) -> String {
    guard !path.hasPrefix("/"), findings.files.indices.contains(node.mark.source) else { return path }
    let base = Path.folder(of: Path.normalized(self.path))
    let folder = Path.folder(of: Path.normalized(findings.files[node.mark.source].name))
    guard folder != base, folder.hasPrefix(base) else { return path }
    return Path.normalized(String(folder.dropFirst(base.count)) + path)
  }
}
