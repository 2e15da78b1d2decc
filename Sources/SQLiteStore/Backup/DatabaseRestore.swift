package import Backup
package import Base
import CSQLite
import Crypto
import Store

/// Makes a database file of a backup.
package enum DatabaseRestore {
  /// What was restored.
  package struct Report: Sendable {
    package var end: RecoveryPlan.End
    /// Rows of each table at the end.
    package var rows: [String: Int64] = [:]
    /// Tables whose rows were not as many as the base's manifest says, where that was looked at: none may be.
    package var miscounted: [String] = []
    /// Rows that refer to nothing, at most 100, in words. They were so when the backup was made: its bytes are proven.
    package var dangling: [String] = []
  }

  /// Writes the database as it was at the plan's moment into a file that is not there: every byte of the backup is checked first by its
  /// checksum, then the file by SQLite's own check.
  ///
  /// - Parameters:
  ///   - path: the file. What goes wrong leaves none.
  ///   - countsBase: counts the rows of the base too, before the log is applied, and compares them with those of its making.
  ///   - progress: called with the bytes that were written.
  package static func write(
    _ plan: RecoveryPlan, to path: String, countsBase: Bool, progress: (Int) -> Void
  ) throws(BackupError) -> Report {
    do throws(BackupError) {
      let file = try inBackup { () throws(SystemError) in try DataFile(path, .creating) }
      try copyBase(plan, to: file, progress)
      let miscounted = countsBase ? try miscounted(plan, path) : []
      let end = try apply(plan, to: file, progress)
      try inBackup { () throws(SystemError) in try file.synchronize() }
      var report = try look(at: path, end)
      report.miscounted = miscounted
      return report
    } catch {
      remove(path)
      throw error
    }
  }

  /// As `write`, and puts the file in the place of a database that nobody has open.
  ///
  /// The database that was there gets another name, its last commits in it. Whoever ends this in the middle finds the old database or
  /// the new one, whole.
  ///
  /// - Parameter keepsOld: false refuses where there is a database.
  /// - Returns: the report, and the old database's new path.
  /// - Throws: `.occupied` where a process has the database open, or there is one and it may not be replaced.
  package static func replace(
    _ plan: RecoveryPlan, at path: String, keepsOld: Bool, countsBase: Bool, now: Timestamp, progress: (Int) -> Void
  ) throws(BackupError) -> (report: Report, old: String?) {
    let path = DatabaseFile.resolved(path)
    let lock: LockFile
    do throws(StoreError) {
      try DatabaseFile.createFolder(of: path)
      lock = try DatabaseFile.lock(path)
    } catch {
      throw BackupError(error.code == .unavailable ? .occupied : .storage, error.message)
    }
    defer { withExtendedLifetime(lock) {} }
    let hasOld = suffixes.contains { SystemFolder.exists(path + $0) }
    guard keepsOld || !hasOld else { throw BackupError(.occupied, "\(path) is there: --force has it renamed first") }
    let draft = draft(of: path)
    remove(draft)
    let report = try write(plan, to: draft, countsBase: countsBase, progress: progress)
    var old: String?
    do throws(BackupError) {
      if hasOld {
        let name = freeName(path, now)
        try setAside(path, as: name)
        old = name
      }
      try inBackup { () throws(SystemError) in try SystemFolder.move(draft, to: path) }
    } catch {
      remove(draft)
      throw error
    }
    return (report, old)
  }

  /// What the new database is called until it takes the other's place.
  package static func draft(of path: String) -> String { DatabaseFile.resolved(path) + ".restoring" }

  /// What a database is called that another takes the place of. Two may be set aside in one second.
  private static func freeName(_ path: String, _ now: Timestamp) -> String {
    let moment = Timestamp(microseconds: now.microseconds.dividedFloor(by: 1_000_000) * 1_000_000)
    let first = path + ".before-" + moment.description.filter { $0 != "-" && $0 != ":" }
    var (name, number) = (first, 2)
    while suffixes.contains(where: { SystemFolder.exists(name + $0) }) {
      name = "\(first)-\(number)"
      number += 1
    }
    return name
  }

  /// Gives the old database a second name; the first is then given to the new one.
  private static func setAside(_ path: String, as name: String) throws(BackupError) {
    // Whoever closes it last copies its log into it. Of one that cannot be opened the log goes along as it is.
    if SystemFolder.exists(path), let connection = try? Connection(path: path, role: .writer, options: SQLiteOptions()) {
      connection.close()
    }
    try inBackup { () throws(SystemError) in
      // The new database must not meet the old one's log.
      for suffix in suffixes.dropFirst() where SystemFolder.exists(path + suffix) {
        try SystemFolder.move(path + suffix, to: name + suffix)
      }
      if SystemFolder.exists(path) { try SystemFolder.link(path, as: name) }
    }
  }

  /// The names that belong to a database file.
  package static let suffixes = ["", "-wal", "-shm", "-journal"]

  package static func remove(_ path: String) {
    for suffix in suffixes { try? SystemFolder.remove(path + suffix) }
  }

  private static let pieceBytes = 1 << 20

  private static func copyBase(_ plan: RecoveryPlan, to file: DataFile, _ progress: (Int) -> Void) throws(BackupError) {
    let source = try inBackup { () throws(SystemError) in try DataFile(plan.basePath, .reading) }
    var hash = SHA256()
    var place: Int64 = 0
    while true {
      let piece = try inBackup { () throws(SystemError) in try source.read(pieceBytes, at: place) }
      place += Int64(piece.count)
      // What is longer than it should be is not written to its end, wherever that is.
      if piece.isEmpty || place > plan.manifest.bytes { break }
      hash.update(piece)
      try inBackup { () throws(SystemError) in try file.write(piece, at: place - Int64(piece.count)) }
      progress(Int(clamping: place))
    }
    guard place == plan.manifest.bytes, hash.finish().bytes.hexadecimal == plan.manifest.digest else {
      throw BackupError(
        .damaged,
        "\(plan.basePath) is damaged: its \(plan.manifest.bytes) bytes are not those that were written. "
          + "Give \(BackupNames.manifest(plan.manifest.commit)) beside it another name, and the copy before it is taken")
    }
  }

  private static func apply(_ plan: RecoveryPlan, to file: DataFile, _ progress: (Int) -> Void) throws(BackupError) -> RecoveryPlan.End {
    let pageSize = plan.manifest.pageSize
    var pages: UInt32?
    var written = Int(clamping: plan.manifest.bytes)
    let end = try plan.forEachCommit { (commit) throws(BackupError) in
      try commit.forEachPage(of: pageSize) { (number, bytes) throws(BackupError) in
        guard number > 0 else { throw BackupError(.damaged, "\(plan.timeline.path): the commit \(commit.number) has a page 0") }
        // A page behind the end is one that the commit let go of.
        guard number <= commit.databasePages else { return }
        try inBackup { () throws(SystemError) in try file.write(bytes, at: Int64(number - 1) * Int64(pageSize)) }
      }
      pages = commit.databasePages
      written += commit.pages.count
      progress(written)
    }
    if let pages { try inBackup { () throws(SystemError) in try file.truncate(to: Int64(pages) * Int64(pageSize)) } }
    return end
  }

  /// SQLite's own checks of the whole file, and its rows.
  private static func look(at path: String, _ end: RecoveryPlan.End) throws(BackupError) -> Report {
    var report = Report(end: end)
    try opened(path) { (connection) throws(DriverError) in
      let findings = try connection.rows("PRAGMA integrity_check(10)").compactMap { $0.first.flatMap { $0 } }
      guard findings == ["ok"] else {
        throw DriverError(code: SQLITE_CORRUPT, message: "integrity check: " + findings.joined(separator: "; "))
      }
      report.rows = try connection.rowCounts()
      report.dangling = try connection.rows("SELECT * FROM pragma_foreign_key_check LIMIT 100").map { row in
        let words = row.map { $0 ?? "null" }
        return words.count >= 3 ? "\(words[0]) row \(words[1]) refers to no row of \(words[2])" : words.joined(separator: " ")
      }
    }
    return report
  }

  /// Tables whose rows are not as many as they were when the base was made.
  private static func miscounted(_ plan: RecoveryPlan, _ path: String) throws(BackupError) -> [String] {
    var counts: [String: Int64] = [:]
    try opened(path) { (connection) throws(DriverError) in counts = try connection.rowCounts() }
    let names = Set(counts.keys).union(plan.manifest.rows.keys).sorted()
    return names.filter { counts[$0] != plan.manifest.rows[$0] }.map { name in
      "\(name) has \(counts[name].map(String.init) ?? "no") rows, and had \(plan.manifest.rows[name].map(String.init) ?? "none")"
    }
  }

  /// Opens the file for a look. It is ours alone, so that SQLite may hold it without a write-ahead log beside it.
  private static func opened(_ path: String, _ body: (Connection) throws(DriverError) -> Void) throws(BackupError) {
    do throws(DriverError) {
      let connection = try Connection(path: path, role: .checkpointer, options: SQLiteOptions())
      defer { connection.close() }
      try body(connection)
    } catch {
      throw BackupError(.damaged, "the restored database is not sound: \(error.storeError.message)")
    }
  }
}
