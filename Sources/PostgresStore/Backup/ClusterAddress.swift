package import Backup
import CPostgres
import Store

/// Where a cluster's own programs find its server: libpq's form of a URL, without what must not be seen. Arguments can be read by
/// everybody on the machine, so the password goes by the environment.
package struct ClusterAddress: Sendable {
  private let parameters: [ConnectionSettings.Parameter]
  package let password: String?

  /// - Throws: `.unavailable` where libpq cannot read it. The URL is not repeated: it may hold a password.
  package init(_ url: String) throws(BackupError) {
    guard let given = ConnectionSettings.parse(url) else {
      throw BackupError(.unavailable, "the store's URL is no connection string of PostgreSQL's")
    }
    guard !given.contains(where: { $0.keyword == "sslpassword" }) else {
      throw BackupError(.unavailable, "sslpassword would be seen by everybody on the machine: backups need a key without one")
    }
    password = given.first { $0.keyword == "password" }?.value
    // `options` are for the service's sessions, and no server takes them for a replication.
    parameters = given.filter { !["password", "options", "application_name", "target_session_attrs"].contains($0.keyword) }
  }

  /// Who connects; the system's user where nothing is said.
  package var user: String? { value("user") }
  package var database: String? { value("dbname") }
  /// For messages.
  package var host: String { value("host") ?? value("hostaddr") ?? "the local socket" }

  private func value(_ keyword: String) -> String? { parameters.first { $0.keyword == keyword }?.value }

  /// What the programs take behind `-d`. A server that has fallen silent is given up after a minute.
  ///
  /// - Parameter more: keywords and values that count more than those of the URL.
  func connection(_ more: [(String, String)] = []) -> String {
    var all = [
      ("connect_timeout", "10"), ("keepalives_idle", "15"), ("keepalives_interval", "15"), ("keepalives_count", "3"),
      ("tcp_user_timeout", "60000"),
    ].filter { value($0.0) == nil }
    all += parameters.map { ($0.keyword, $0.value) }.filter { given in !more.contains { $0.0 == given.0 } } + more
    return all.map { "\($0)=\(ClusterAddress.quoted($1))" }.joined(separator: " ")
  }

  /// A value of a connection string.
  static func quoted(_ text: String) -> String {
    "'" + text.map { $0 == "'" || $0 == "\\" ? "\\" + String($0) : String($0) }.joined() + "'"
  }
}
