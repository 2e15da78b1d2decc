import Base
import Expression
import YAML

/// Makes the model of a checked tree, and checks what means something only together.
///
/// In order, because each step stands on those before: roles and claims; every resource's fields and storage; what
/// points from one resource to another; expressions; the sections that this version does not serve.
final class ContractReader {
  let root: YAMLNode
  let path: String
  let findings: Findings
  var contract = Contract()
  var drafts: [ResourceDraft] = []
  var places: [String: Int] = [:]

  static let resourcesMax = 500

  init(root: YAMLNode, path: String, findings: Findings) {
    self.root = root
    self.path = path
    self.findings = findings
  }

  func read() -> Contract {
    readSettings()
    readRoles()
    readIdentity()
    readResources()
    resolve()
    RuleReader(self).read()
    WorkReader(self).read()
    contract.resources = drafts.map(\.resource)
    return contract
  }

  /// The draft of a resource, if there is one.
  func draft(_ name: String) -> ResourceDraft? { places[name].map { drafts[$0] } }

  /// Changes every draft in turn. Each is taken out while it changes, so that the change may look at all of them.
  func edit(_ change: (inout ResourceDraft) -> Void) {
    for place in drafts.indices {
      var draft = drafts[place]
      change(&draft)
      drafts[place] = draft
    }
  }

  var resourceNames: [String] { drafts.map(\.resource.name) }

  /// Reports a resource that is not there.
  func unknownResource(_ name: String, _ what: String, at node: YAMLNode) {
    findings.report(
      .unknownResource, "\(what): there is no resource \"\(name)\"", at: node.mark, suggestion: Suggestion.question(name, in: resourceNames)
    )
  }

  /// Reports roles that are not declared.
  func checkRole(_ node: YAMLNode, _ what: String) {
    guard let role = node.string, Name.isSnakeCase(role), !contract.roles.contains(role) else { return }
    findings.report(
      .unknownRole, "\(what): the role \"\(role)\" is not declared", at: node.mark,
      suggestion: Suggestion.question(role, in: contract.roles) ?? "add it to roles")
  }

  private func readSettings() {
    if let node = root["service"] {
      if let name = node["name"]?.string { contract.service.name = name }
      if let version = node["version"]?.string { contract.service.version = version }
      contract.service.description = node["description"]?.string
      if let endpoint = node["health"]?["endpoint"]?.string { contract.service.healthEndpoint = endpoint }
      let (low, high) = (node["scaling"]?["min_replicas"], node["scaling"]?["max_replicas"])
      if let low, let a = low.integer, let b = high?.integer, a > b {
        findings.report(.emptyBounds, "min_replicas \(a) is above max_replicas \(b)", at: low.mark)
      }
    }
    readBackup()
    guard let node = root["store"] else { return }
    if let url = node["url"]?.string { readStoreURL(url, node) }
    if let pool = node["pool"]?.integer { contract.store.pool = Int(clamping: pool) }
    if let timeout = node["timeout"] { readTimeouts(timeout) }
    contract.store.isBehindPooler = node["pooler"]?.string == "transaction"
    contract.store.directURL = node["direct"]?.string
    if let pooler = node["pooler"], contract.store.url.hasPrefix("sqlite:") {
      findings.report(.malformedValue, "store.pooler: SQLite has none", at: pooler.mark)
    }
    readReplicas(node)
  }

  private func readReplicas(_ node: YAMLNode) {
    for replica in node["replicas"]?.items ?? [] {
      guard let url = replica.string else { continue }
      if url.hasPrefix("mysql:") || url.hasPrefix("mariadb:") {
        findings.report(
          .notServedYet, "store.replicas is accepted; this version does not serve MySQL and MariaDB yet", at: replica.mark)
      } else if contract.store.url.hasPrefix("sqlite:") {
        findings.report(.malformedValue, "store.replicas: SQLite has none", at: replica.mark)
      } else if contract.store.isBehindPooler {
        // Behind one a standby that was started again, and is behind where it was, is not told from one that was not.
        findings.report(.malformedValue, "store.replicas: none can be used with store.pooler", at: replica.mark)
      }
      contract.store.replicas.append(url)
    }
    guard let lag = node["lag"], let duration = lag.string.flatMap(DurationForm.duration) else { return }
    contract.store.lag = duration
    if !(Duration.seconds(2) ... .seconds(30)).contains(duration) {
      findings.report(.emptyBounds, "store.lag must be 2s to 30s", at: lag.mark)
    }
  }

  private func readTimeouts(_ node: YAMLNode) {
    func duration(_ node: YAMLNode?) -> Duration? { node?.string.flatMap(DurationForm.duration) }
    let statement = duration(node) ?? duration(node["statement"])
    if let statement { contract.store.timeout = statement }
    contract.store.transactionTimeout = duration(node["transaction"])
    if let lock = duration(node["lock"]) { contract.store.lockTimeout = lock }
    if let connect = duration(node["connect"]) { contract.store.connectTimeout = connect }
    if let wait = duration(node["wait"]) { contract.store.waitTimeout = wait }
  }

  private func readBackup() {
    guard let node = root["backup"], let to = node["to"]?.string else { return }
    let text = Array(to.dropFirst("file:".count).utf8)
    let path = PercentEncoding.decode(text.starts(with: Array("//".utf8)) ? text.dropFirst(2) : text[...], plusIsSpace: false) ?? ""
    var backup = BackupSettings(folder: path)
    if path.isEmpty {
      findings.report(
        .malformedValue, "backup.to: file: names no folder", at: node["to"]?.mark ?? node.mark, suggestion: "file:/srv/backups/shop")
    }
    if let every = node["every"]?.string.flatMap(DurationForm.duration) { backup.every = every }
    if let keep = node["keep"]?.string.flatMap(DurationForm.duration) { backup.keep = keep }
    if let ship = node["ship"]?.string.flatMap(DurationForm.duration) { backup.ship = ship }
    if backup.every < BackupSettings.everyMin {
      findings.report(.outOfRange, "backup.every must be 1m or more", at: node["every"]?.mark ?? node.mark)
    }
    if !BackupSettings.shipRange.contains(backup.ship) {
      findings.report(.outOfRange, "backup.ship must be 100ms to 1h", at: node["ship"]?.mark ?? node.mark)
    }
    if backup.keep < backup.every {
      findings.report(.emptyBounds, "backup.keep is less than backup.every", at: (node["keep"] ?? node).mark)
    }
    contract.backup = backup
  }

  private func readStoreURL(_ url: String, _ node: YAMLNode) {
    contract.store.url = url
    let mark = node["url"]?.mark ?? node.mark
    if url.hasPrefix("mysql:") || url.hasPrefix("mariadb:") {
      findings.report(.notServedYet, "store.url is accepted; this version does not serve MySQL and MariaDB yet", at: mark)
    } else if url == "sqlite:" {
      findings.report(.malformedValue, "store.url: sqlite: names no file", at: mark, suggestion: "sqlite:data/shop.db")
    }
  }

  private func readRoles() {
    for node in (root["roles"]?.items ?? []).prefix(200) {
      guard let role = node.string else { continue }
      if contract.roles.contains(role) {
        findings.report(.duplicateName, "the role \"\(role)\" stands twice", at: node.mark)
      } else if ["anyone", "authenticated", "nobody"].contains(role) {
        findings.report(.reservedName, "\"\(role)\" is a word of access rules and cannot be a role", at: node.mark)
      } else {
        contract.roles.append(role)
      }
    }
  }
}
