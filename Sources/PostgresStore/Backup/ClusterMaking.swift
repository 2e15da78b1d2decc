package import Backup
package import Base

/// Makes copies of a PostgreSQL cluster beside whoever uses it, by `pg_basebackup`, and looks at them by `pg_verifybackup`.
package struct ClusterMaking: Sendable {
  let tools: ClusterTools
  let address: ClusterAddress
  package let folder: BackupFolder
  private let service: String
  /// Of Martlet.
  private let version: String

  private static let programs = ["pg_basebackup", "pg_verifybackup", "pg_receivewal", "psql"]

  /// Asks the server whether it can be copied.
  ///
  /// - Parameter goesOn: asked some times a second while a program runs; false ends it.
  /// - Throws: `.unavailable` with what is missing on this machine, of the server or of its user, and what to do; `.occupied` where the
  ///   folder has copies of something else.
  package init(
    of url: String, folder: BackupFolder, service: String, version: String, environment: [String: String] = ChildProcess.environment,
    goesOn: @escaping @Sendable () -> Bool = { true }
  ) throws(BackupError) {
    address = try ClusterAddress(url)
    tools = try ClusterTools(of: address, programs: ClusterMaking.programs, environment: environment, goesOn: goesOn)
    self.folder = folder
    self.service = service
    self.version = version
    try checkServer()
    try checkFolder()
  }

  private func checkServer() throws(BackupError) {
    let cells = try tools.ask(
      "SELECT pg_is_in_recovery(), current_setting('wal_level'), r.rolreplication OR r.rolsuper, r.rolname "
        + "FROM pg_roles r WHERE r.rolname = current_user", of: address.connection()
    ).split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    guard cells.count == 4 else { throw BackupError(.unavailable, "the server of \(address.host) does not tell of itself") }
    guard cells[0] == "f" else {
      throw BackupError(.unavailable, "the server of \(address.host) is a standby: backups are made of the primary")
    }
    guard cells[1] != "minimal" else {
      throw BackupError(
        .unavailable, "the server has wal_level = minimal: set wal_level = replica in its postgresql.conf and start it anew")
    }
    guard cells[2] == "t" else {
      throw BackupError(
        .unavailable, "the user \(cells[3]) lacks the attribute REPLICATION: a superuser says ALTER ROLE \"\(cells[3])\" REPLICATION")
    }
    do throws(BackupError) {
      _ = try tools.ask("IDENTIFY_SYSTEM", of: address.connection([("replication", "true")]))
    } catch {
      throw BackupError(
        .unavailable,
        "\(address.host) refuses a connection for replication: pg_hba.conf needs a line with the database `replication` for \(cells[3]); "
          + "and where a pooler stands before the server, store.direct must name the server itself. \(error.message)")
    }
  }

  private func checkFolder() throws(BackupError) {
    guard SystemFolder.exists(folder.path) else { return }
    guard try folder.timelines().allSatisfy(\.bases.isEmpty) else {
      throw BackupError(.occupied, "\(folder.path) has backups of a database in a file: give PostgreSQL's a folder of their own")
    }
  }

  /// Makes a copy that has all of the log that it needs to stand by itself, and a digest (SHA-256) of every file. What is broken off
  /// counts for nothing, and is removed by the next.
  ///
  /// - Parameters:
  ///   - log: the folder that the log behind it comes to; nil where none is received.
  ///   - spreads: has the server write what it must write over some minutes, not at once.
  package func make(log: ClusterLog?, spreads: Bool, clock: any Clock) throws(BackupError) -> ClusterBackup {
    if SystemFolder.exists(folder.path) { try folder.removeDrafts() }
    let timeline = try folder.begin(try TimelineID.random(), at: clock.now)
    do throws(BackupError) {
      let lock = try hold(timeline)
      defer { withExtendedLifetime(lock) {} }
      // A copy begins with another file of log and a checkpoint, after which the server may drop what nobody has received yet.
      let session = log == nil ? nil : try tools.keepLog(address)
      defer { withExtendedLifetime(session) {} }
      let draft = timeline.path + "/" + ClusterBackup.dataName + BackupNames.draftSuffix
      try tools.run(
        "pg_basebackup",
        [
          "-D", draft, "-F", "plain", "-X", "stream", "-c", spreads ? "spread" : "fast", "--manifest-checksums=SHA256", "--no-password",
          "-d", address.connection([("application_name", "martlet backup")]),
        ], failure: "the cluster cannot be copied")
      try tools.run("pg_verifybackup", ["-q", draft], code: .damaged, failure: "\(draft) is not what was copied")
      var backup = ClusterBackup(
        service: service, server: tools.version, ended: clock.now,
        bytes: try inBackup { () throws(SystemError) in try SystemFolder.bytes(of: draft) }, firstLog: try ClusterMaking.firstLog(draft),
        lastLog: try ClusterMaking.lastLog(draft), log: log?.name, version: version)
      backup.path = timeline.path
      try inBackup { () throws(SystemError) in
        try SystemFolder.move(draft, to: backup.dataPath)
        try DataFile.place(
          [backup.encoded()], at: timeline.path + "/" + ClusterBackup.manifestName, suffix: BackupNames.draftSuffix)
      }
      return backup
    } catch {
      try? SystemFolder.removeTree(timeline.path)
      throw error
    }
  }

  private func hold(_ timeline: Timeline) throws(BackupError) -> LockFile {
    let path = timeline.path + "/" + ClusterBackup.lockName
    do throws(LockFile.Refusal) {
      return try LockFile(path: path)
    } catch {
      throw BackupError(.storage, "\(path) cannot be locked: \(error)")
    }
  }

  /// `START WAL LOCATION: 0/2000028 (file 000000010000000000000002)`
  private static func firstLog(_ data: String) throws(BackupError) -> String {
    let label = data + "/backup_label"
    let text = String(
      decoding: try inBackup { () throws(SystemError) in try DataFile.contents(label, bytesMax: 65_536) }, as: UTF8.self)
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("START WAL LOCATION") }),
      let name = line.split(separator: " ").last?.dropLast(), ClusterLog.isWhole(String(name))
    else { throw BackupError(.damaged, "\(label) does not say where the log begins") }
    return String(name)
  }

  private static func lastLog(_ data: String) throws(BackupError) -> String {
    let names = try inBackup { () throws(SystemError) in try SystemFolder.names(in: data + "/pg_wal") }
    guard let last = names.filter(ClusterLog.isWhole).max(by: { ClusterLog.place($0) < ClusterLog.place($1) }) else {
      throw BackupError(.damaged, "\(data)/pg_wal has no log")
    }
    return last
  }
}
