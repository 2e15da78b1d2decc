package import Backup
import Base

/// The server's own programs, of the version of the server.
package struct ClusterTools: Sendable {
  /// The major version.
  package let version: Int
  private let folder: String
  private let environment: [String]
  /// Asked some times a second while one of them runs; false ends it.
  let goesOn: @Sendable () -> Bool

  private static let debianFolder = "/usr/lib/postgresql"

  /// Finds the programs of a major version: in the folders of `PATH`, then where Debian keeps them.
  ///
  /// - Parameters:
  ///   - programs: what must be there.
  ///   - environment: of this process; what libpq and the system look at is handed on.
  ///   - goesOn: asked some times a second while one of them runs; false ends it.
  /// - Throws: `.unavailable` with what is missing and what to install.
  package init(
    version: Int, programs: [String], environment: [String: String], password: String? = nil,
    goesOn: @escaping @Sendable () -> Bool = { true }
  ) throws(BackupError) {
    let texts = ClusterTools.inherited(environment, password)
    let folders = ClusterTools.path(environment) + ["\(ClusterTools.debianFolder)/\(version)/bin"]
    var other: Int?
    for folder in folders where programs.allSatisfy({ SystemFolder.exists(folder + "/" + $0) }) {
      guard let name = programs.first, let end = try? ChildProcess.run(folder + "/" + name, ["--version"], environment: texts),
        let found = ClusterTools.major(end.output)
      else { continue }
      guard found == version else {
        other = found
        continue
      }
      self.version = version
      self.folder = folder
      self.environment = texts
      self.goesOn = goesOn
      return
    }
    throw BackupError(
      .unavailable,
      "\(programs.joined(separator: ", ")) of PostgreSQL \(version) are not there together: neither in a folder of PATH nor in "
        + "\(ClusterTools.debianFolder)/\(version)/bin\(other.map { ", but those of \($0)" } ?? ""). Debian: postgresql-client-\(version) "
        + "makes backups, postgresql-\(version) restores them")
  }

  /// The programs of the version that a server says it has.
  ///
  /// - Throws: `.unavailable` where no `psql` is there, or the server does not answer, with what it says.
  init(
    of address: ClusterAddress, programs: [String], environment: [String: String], goesOn: @escaping @Sendable () -> Bool
  ) throws(BackupError) {
    let texts = ClusterTools.inherited(environment, address.password)
    let folders = ClusterTools.path(environment) + ClusterTools.debianFolders
    guard let psql = folders.map({ $0 + "/psql" }).first(where: SystemFolder.exists) else {
      throw BackupError(
        .unavailable, "psql is not there: neither in PATH nor in \(ClusterTools.debianFolder)/*/bin (Debian: postgresql-client)")
    }
    let number = try ClusterTools.ask(psql, "SHOW server_version_num", address.connection(), texts, goesOn)
    guard let number = Int(number), number >= 100_000 else {
      throw BackupError(.unavailable, "the server of \(address.host) does not tell its version, but \(number)")
    }
    try self.init(version: number / 10_000, programs: programs, environment: environment, password: address.password, goesOn: goesOn)
  }

  private static func path(_ environment: [String: String]) -> [String] {
    (environment["PATH"] ?? "").split(separator: ":").map(String.init).filter { $0.hasPrefix("/") }
  }

  /// The newest first: its psql speaks with every older server.
  private static var debianFolders: [String] {
    let versions = ((try? SystemFolder.names(in: debianFolder)) ?? []).compactMap { Int($0) }
    return versions.sorted(by: >).map { "\(debianFolder)/\($0)/bin" }
  }

  /// What a program of PostgreSQL's may see of this process's environment; the secrets of others are none of its business.
  private static func inherited(_ environment: [String: String], _ password: String?) -> [String] {
    let names: Set<String> = ["PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TZ", "LD_LIBRARY_PATH"]
    var known = environment.filter { names.contains($0.key) || $0.key.hasPrefix("PG") || $0.key.hasPrefix("KRB5") }
    if let password { known["PGPASSWORD"] = password }
    known["LC_ALL"] = "C"
    // They are for the service's sessions, and for programs that ask somebody.
    for name in ["PGOPTIONS", "PGAPPNAME", "PGTARGETSESSIONATTRS"] { known[name] = nil }
    return known.map { "\($0.key)=\($0.value)" }
  }

  /// `pg_basebackup (PostgreSQL) 15.4 (Debian ...)`
  static func major(_ text: String) -> Int? {
    text.split(separator: " ").first { $0.first?.isNumber == true }.flatMap { Int($0.prefix { $0.isNumber }) }
  }

  package func path(_ program: String) -> String { folder + "/" + program }

  /// Starts one and leaves it to the caller.
  func start(_ program: String, _ arguments: [String], holdsInput: Bool = false) throws(BackupError) -> ChildProcess {
    try inBackup { () throws(SystemError) in
      try ChildProcess(path(program), arguments, environment: environment, holdsInput: holdsInput)
    }
  }

  /// Has the server keep the log that it has now, for as long as the answer is held: by a slot that ends with its session, so that
  /// nothing is left of it, whatever becomes of this process.
  func keepLog(_ address: ClusterAddress) throws(BackupError) -> ChildProcess {
    let name = "martlet_copy_" + String(try TimelineID.random().hexadecimal.prefix(12))
    let session = try start(
      "psql",
      [
        "-X", "-A", "-t", "-q", "-w", "-v", "ON_ERROR_STOP=1", "-d", address.connection([("application_name", name)]),
        "-c", "SELECT slot_name FROM pg_create_physical_replication_slot('\(name)', true, true)", "-f", "-",
      ], holdsInput: true)
    let clock = SystemClock()
    let begin = clock.monotonicNanoseconds
    while true {
      if let end = session.poll() {
        throw BackupError(.unavailable, "the server keeps no log for the time of a copy: \(end.complaint) (max_replication_slots)")
      }
      if session.said.hasSuffix("\n") { return session }
      guard goesOn() else { throw BackupError(.cancelled, "psql was given up") }
      guard clock.monotonicNanoseconds &- begin < ClusterTools.answerNanoseconds else {
        throw BackupError(.unavailable, "the server keeps no log for the time of a copy: it does not answer within 30 s")
      }
      SystemThread.rest(nanoseconds: 20_000_000)
    }
  }

  /// Runs one to its end.
  ///
  /// - Returns: its output.
  /// - Throws: `code` with `failure` and what it complains of, where it does not end with 0; `.cancelled` where it was given up.
  @discardableResult package func run(
    _ program: String, _ arguments: [String], code: BackupError.Code = .storage, failure: String
  ) throws(BackupError) -> String {
    let end = try inBackup { () throws(SystemError) in
      try ChildProcess.run(path(program), arguments, environment: environment, goesOn: goesOn)
    }
    guard end.code == 0 else {
      guard goesOn() else { throw BackupError(.cancelled, "\(program) was given up") }
      throw BackupError(code, "\(failure): \(end.complaint) (\(program) ended with \(end.code))")
    }
    return end.output
  }

  /// Asks a server. No answer within half a minute is none.
  ///
  /// - Returns: the rows, without the last line's end; columns are parted by a tab.
  /// - Throws: `.unavailable` with what psql complains of.
  func ask(_ statement: String, of connection: String) throws(BackupError) -> String {
    try ClusterTools.ask(path("psql"), statement, connection, environment, goesOn)
  }

  private static let answerNanoseconds: UInt64 = 30_000_000_000

  private static func ask(
    _ psql: String, _ statement: String, _ connection: String, _ environment: [String], _ goesOn: () -> Bool
  ) throws(BackupError) -> String {
    let clock = SystemClock()
    let begin = clock.monotonicNanoseconds
    let arguments = ["-X", "-A", "-t", "-q", "-w", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", connection, "-c", statement]
    let end = try inBackup { () throws(SystemError) in
      try ChildProcess.run(psql, arguments, environment: environment) {
        goesOn() && clock.monotonicNanoseconds &- begin < answerNanoseconds
      }
    }
    guard end.code == 0 else {
      let why = end.complaint.isEmpty ? "it does not answer within 30 s" : end.complaint
      throw BackupError(.unavailable, "the server cannot be asked: \(why)")
    }
    return end.output.hasSuffix("\n") ? String(end.output.dropLast()) : end.output
  }
}
