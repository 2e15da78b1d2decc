package import Backup
package import Base

/// Makes a cluster's data folder of a backup, and looks at one by starting a server on it.
package struct ClusterRestore: Sendable {
  package var tools: ClusterTools
  package var backup: ClusterBackup
  /// The log behind the copy; nil where none was received.
  package var log: ClusterLog?
  /// The last moment that counts; nil for all that there is.
  package var until: Timestamp?

  package static let programs = ["pg_verifybackup", "pg_ctl", "psql", "postgres"]

  package init(tools: ClusterTools, backup: ClusterBackup, log: ClusterLog?, until: Timestamp?) {
    self.tools = tools
    self.backup = backup
    self.log = log
    self.until = until
  }

  /// Copies into a folder that is not there, checks every file of the copy and of the log behind it, and tells the server how far to
  /// recover when it is started.
  /// What goes wrong leaves no folder.
  package func write(to data: String) throws(BackupError) {
    guard !SystemFolder.exists(data) else { throw BackupError(.occupied, "\(data) is there: give a folder that is not") }
    try log?.check(behind: backup, until: until, goesOn: tools.goesOn)
    do throws(BackupError) {
      try inBackup { () throws(SystemError) in try SystemFolder.create(SystemFolder.parent(of: data)) }
      let end = try inBackup { () throws(SystemError) in
        try ChildProcess.run("/bin/cp", ["-R", "-p", backup.dataPath, data], environment: ["LC_ALL=C"], goesOn: tools.goesOn)
      }
      guard end.code == 0 else { throw BackupError(.storage, "\(backup.dataPath) cannot be copied to \(data): \(end.complaint)") }
      try tools.run("pg_verifybackup", ["-q", data], code: .damaged, failure: "\(backup.dataPath) is damaged")
      try configure(data)
    } catch {
      if SystemFolder.exists(data) { try? SystemFolder.removeTree(data) }
      throw error
    }
  }

  private func configure(_ data: String) throws(BackupError) {
    let target = until.map { "recovery_target_time = '\($0.description.dropLast())+00'\nrecovery_target_action = 'promote'\n" } ?? ""
    // The file that was being received has another name.
    let fetch = log.map { log in
      let folder = quoted(SystemFolder.absolute(log.path))
      return "cp \(folder)/%f \"%p\" 2>/dev/null || cp \(folder)/%f\(ClusterLog.partialSuffix) \"%p\" 2>/dev/null"
    }
    let settings = """

      # Written by martlet restore.
      restore_command = '\(fetch ?? "false")'
      recovery_target_timeline = 'latest'
      \(target)
      """
    try inBackup { () throws(SystemError) in
      let file = try DataFile(data + "/postgresql.auto.conf", .writing)
      try file.write(Array(settings.utf8), at: try file.size)
      try file.synchronize()
      // Where the server has its settings elsewhere (Debian), the copy has none.
      if !SystemFolder.exists(data + "/postgresql.conf") { _ = try DataFile(data + "/postgresql.conf", .creating) }
      try DataFile.place([[]], at: data + "/recovery.signal", suffix: BackupNames.draftSuffix)
    }
  }

  /// For the shell, within a text of PostgreSQL's settings, where `%` is a mark and `'` ends it.
  private func quoted(_ path: String) -> String {
    var text = "\""
    for character in path {
      switch character {
      case "%": text += "%%"
      case "'": text += "''"
      case "\"", "$", "`", "\\": text += "\\" + String(character)
      default: text.append(character)
      }
    }
    return text + "\""
  }

  /// What a server that was started on it says.
  package struct Look: Sendable {
    /// Of each table, by its schema and name.
    package var rows: [String: Int64] = [:]
    /// When the last transaction that was recovered was committed.
    package var point: Timestamp
  }

  /// Starts a server on a restored folder, where nobody else reaches it, waits until it has recovered, counts, and stops it.
  ///
  /// - Parameter folder: for its socket; short, as the system allows a socket's path some 100 bytes.
  package func look(at data: String, in folder: String, user: String?, database: String?) throws(BackupError) -> Look {
    let access = folder + "/hba"
    try inBackup { () throws(SystemError) in try DataFile.place([Array("local all all trust\n".utf8)], at: access, suffix: ".part") }
    let settings = [
      "listen_addresses=", "unix_socket_directories=\(folder)", "hba_file=\(access)", "port=5432", "archive_mode=off", "ssl=off",
      "logging_collector=off", "external_pid_file=", "shared_buffers=128MB", "huge_pages=off",
      // Or it must have room for as many sessions as the server that was copied, whose settings may not be here.
      "hot_standby=off",
    ]
    // It ends with this process.
    let child = try tools.start("postgres", ["-D", data] + settings.flatMap { ["-c", $0] })
    defer { ClusterRestore.stop(child) }
    let server =
      "host=\(folder) port=5432 dbname=\(ClusterAddress.quoted(database ?? user ?? "postgres"))"
      + (user.map { " user=" + ClusterAddress.quoted($0) } ?? "")
    func ask(_ statement: String) throws(BackupError) -> String { try tools.ask(statement, of: server) }
    try wait(for: child) { () throws(BackupError) in _ = try ask("SELECT 1") }
    try checkEnd(try ask("SELECT substr(pg_walfile_name(pg_last_wal_replay_lsn()), 9)"))
    let moment = try ask(
      "SELECT to_char(pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
    var look = Look(point: Timestamp(moment) ?? backup.ended)
    let statements = try ask(ClusterRestore.counting)
    guard !statements.isEmpty else { return look }
    for line in try ask(statements).split(separator: "\n") {
      let cells = line.split(separator: "\t")
      if cells.count == 2 { look.rows[String(cells[0])] = Int64(cells[1]) }
    }
    return look
  }

  private static let pauseNanosecondsMax: UInt64 = 2_000_000_000

  /// Until a server answers, which it does once it has recovered, however long that takes.
  private func wait(for child: ChildProcess, _ asked: () throws(BackupError) -> Void) throws(BackupError) {
    var pause: UInt64 = 50_000_000
    while true {
      if let end = child.poll() { throw BackupError(.damaged, "the restored cluster does not start: \(end.complaint)") }
      guard tools.goesOn() else { throw BackupError(.cancelled, "it was given up") }
      if (try? asked()) != nil { return }
      SystemThread.rest(nanoseconds: pause)
      pause = min(ClusterRestore.pauseNanosecondsMax, pause * 2)
    }
  }

  private static let stopNanoseconds: UInt64 = 60_000_000_000

  private static func stop(_ child: ChildProcess) {
    let clock = SystemClock()
    let begin = clock.monotonicNanoseconds
    child.end()
    _ = child.wait { clock.monotonicNanoseconds &- begin < stopNanoseconds }
  }

  /// A server that meets a damaged file of the log takes that for its end, without a word.
  ///
  /// - Parameter last: the place of the last file that was recovered: its name without the history's number.
  private func checkEnd(_ last: String) throws(BackupError) {
    guard until == nil, let log, last.utf8.count == 16 else { return }
    let names = try inBackup { () throws(SystemError) in try SystemFolder.names(in: log.path) }
    // Of the file that is being received nobody knows how far it is written.
    guard let beyond = names.first(where: { ClusterLog.isWhole($0) && ClusterLog.place($0) > last }) else { return }
    throw BackupError(
      .damaged,
      "the log ends in its file ...\(last), and \(log.path)/\(beyond) is there: the one before that is damaged or missing. A moment "
        + "before it can be restored (--at)")
  }

  /// A statement that makes the statement that counts the rows of all tables.
  private static let counting = """
    SELECT string_agg(format('SELECT %L, count(*) FROM %I.%I', n.nspname || '.' || c.relname, n.nspname, c.relname), ' UNION ALL ' \
    ORDER BY n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
    """
}
