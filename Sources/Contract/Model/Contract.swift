/// A loaded and validated contract: everything that `martlet.yaml` says, resolved and checked.
///
/// Only the loader makes one; whoever holds it may rely on every name in it being declared.
package struct Contract: Sendable {
  package var service = ServiceSettings()
  package var store = StoreSettings()
  package var backup: BackupSettings?
  /// Declared roles, in the order of the file.
  package var roles: [String] = []
  package var identity = IdentitySettings()
  /// In the order of the file; `users` first where the file does not declare it.
  package var resources: [Resource] = []
  /// In the order of the file.
  package var queries: [NamedQuery] = []
  /// Sections that are valid, but whose engine this version does not have yet: plain notices for `check` and `serve`.
  package var notices: [Diagnostic] = []

  package init() {}

  package func query(_ name: String) -> NamedQuery? { queries.first { $0.name == name } }

  /// The resource of that name, if there is one.
  package func resource(_ name: String) -> Resource? { resources.first { $0.name == name } }
}

/// `service:`
package struct ServiceSettings: Sendable {
  package var name = "service"
  /// The URL prefix, without its slash.
  package var version = "v1"
  package var description: String?
  package var healthEndpoint = "/health"
  package init() {}
}

/// `store:`
package struct StoreSettings: Sendable, Equatable {
  /// `sqlite:PATH` or `postgres://...`, substituted.
  package var url = "sqlite:data/martlet.db"
  package var pool = 20
  /// One statement.
  package var timeout: Duration = .seconds(30)
  /// A write, from its first statement to its commit; nil: as long as a statement.
  package var transactionTimeout: Duration?
  package var lockTimeout: Duration = .seconds(5)
  package var connectTimeout: Duration = .seconds(5)
  package var waitTimeout: Duration = .seconds(5)
  /// A pooler in transaction mode stands in between.
  package var isBehindPooler = false
  /// The database itself, past the pooler.
  package var directURL: String?
  /// Standbys that serve reads.
  package var replicas: [String] = []
  /// How old what they show may be.
  package var lag: Duration = .seconds(5)
  package init() {}
}

/// `backup:`
package struct BackupSettings: Sendable, Equatable {
  /// The folder that `to: file:PATH` names.
  package var folder: String
  /// From one whole copy to the next.
  package var every: Duration = .seconds(86_400)
  /// How far back moments stay restorable.
  package var keep: Duration = .seconds(14 * 86_400)
  /// How soon a commit is in the folder.
  package var ship: Duration = .seconds(1)

  package init(folder: String) { self.folder = folder }

  package static let everyMin = Duration.seconds(60)
  package static let shipRange = Duration.milliseconds(100)...Duration.seconds(3600)
}

/// `identity:` as far as callers' tokens go.
package struct IdentitySettings: Sendable {
  package var issuers: [Issuer] = []
  /// What `caller.NAME` may be used, and its type.
  package var claims: [(name: String, type: FieldType)] = []
  package init() {}
}

/// An issuer of tokens that are accepted here.
package struct Issuer: Sendable {
  package var name: String
  /// Compared with `iss`.
  package var issuer: String
  /// Compared with `aud`.
  package var audience: String?
  /// Path of a JWKS or PEM key file, relative to the contract.
  package var keyFile: String
  /// The claim roles are read from (an array of strings or one string), and what each value grants here.
  package var rolesClaim: String?
  package var roleMap: [String: [String]] = [:]
  package init(name: String, issuer: String, audience: String?, keyFile: String) {
    self.name = name
    self.issuer = issuer
    self.audience = audience
    self.keyFile = keyFile
  }
}
