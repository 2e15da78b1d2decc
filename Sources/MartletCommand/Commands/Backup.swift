import Backup
import Base
import Contract
import Martlet
import SQLiteStore

let backupCommand = Command(
  name: "backup", operands: "[list|verify]", operandCount: 0...1,
  summary: "Copies the database while it is served; lists copies; restores one into a scratch place to see that it is whole.",
  flags: [
    .contract, Flag("to", "FOLDER", "where backups are kept (default: the contract's backup.to)"),
    Flag("at", "TIME", "verify: as it was at this moment, such as 2026-01-31T10:00:00Z (default: all that there is)"),
    Flag("scratch", "FOLDER", "verify: a folder with room for the database (default TMPDIR, or /var/tmp)"),
    Flag("format", "FORMAT", "text or json (default text)"),
  ], run: backup)

let restoreCommand = Command(
  name: "restore", summary: "Makes a database of a backup, as it was at a moment.",
  flags: [
    .contract, Flag("from", "FOLDER", "where backups are kept (default: the contract's backup.to)"),
    Flag("at", "TIME", "as it was at this moment, such as 2026-01-31T10:00:00Z (default: all that there is)"),
    Flag("into", "FILE", "the database's file (default: the one that the contract names)"),
    Flag("force", nil, "gives the database that is there another name; without it such a database is left alone"),
    Flag("format", "FORMAT", "text or json (default text)"),
  ], run: restore)

private func backup(_ invocation: Invocation) async throws(CommandFailure) -> ExitCode {
  let report = try BackupReport(invocation)
  switch invocation.operands.first {
  case nil: return try copy(invocation, report)
  case "list": return try list(invocation, report)
  case "verify": return try verify(invocation, report)
  case .some: throw CommandFailure(.usage, "martlet backup knows list and verify; see martlet backup --help")
  }
}

private func copy(_ invocation: Invocation, _ report: BackupReport) throws(CommandFailure) -> ExitCode {
  let contract = try invocation.contract()
  let path = try databasePath(contract)
  guard FileStamp(of: path) != nil else { throw CommandFailure(.unreachable, "there is no database \(path)") }
  let folder = try folder(invocation, "to", contract)
  let progress = ProgressReport(bytesMax: DatabaseBackup.size(of: path))
  let (timeline, manifest) = try inBackups { () throws(BackupError) in
    let made = try DatabaseBackup.make(of: path, service: contract.service.name, in: folder) { progress.show(bytes: $0) }
    // A schedule outside of the service keeps its folder small, too.
    if let keep = contract.backup?.keep { _ = try folder.prune(BackupRetention(keep: keep), now: SystemClock().now) }
    return made
  }
  progress.end()
  report.made(timeline, manifest, seconds: progress.seconds)
  return .done
}

private func list(_ invocation: Invocation, _ report: BackupReport) throws(CommandFailure) -> ExitCode {
  let folder = try folder(invocation, "to", nil)
  let entries = try inBackups { () throws(BackupError) in try BackupEntry.all(in: folder) }
  report.list(entries, folder)
  return entries.contains { $0.problem != nil } ? .failed : .done
}

private func verify(_ invocation: Invocation, _ report: BackupReport) throws(CommandFailure) -> ExitCode {
  let folder = try folder(invocation, "to", nil)
  let time = try moment(invocation)
  let scratch = invocation["scratch"] ?? Environment.value("TMPDIR") ?? "/var/tmp"
  let outcome = try inBackups { () throws(BackupError) in
    let plan = try folder.recovery(at: time)
    let progress = ProgressReport(bytesMax: nil)
    defer { progress.end() }
    return try DatabaseBackup.verify(plan, scratch: scratch) { progress.show(bytes: $0) }
  }
  report.verified(outcome)
  return outcome.report.miscounted.isEmpty && outcome.report.dangling.isEmpty ? .done : .failed
}

private func restore(_ invocation: Invocation) async throws(CommandFailure) -> ExitCode {
  let report = try BackupReport(invocation)
  // With both given no contract is needed: on the machine where all else is lost there may be none.
  let contract = invocation["from"] == nil || invocation["into"] == nil ? try invocation.contract() : nil
  let path: String
  if let into = invocation["into"] {
    path = into
  } else if let contract {
    path = try databasePath(contract)
  } else {
    throw CommandFailure(.usage, "--into FILE is missing")
  }
  let folder = try folder(invocation, "from", contract)
  let time = try moment(invocation)
  let outcome = try inBackups { () throws(BackupError) in
    let plan = try folder.recovery(at: time)
    if let name = contract?.service.name, name != plan.manifest.service {
      throw BackupError(
        .occupied,
        "\(folder.path) has backups of the service \(plan.manifest.service), and the contract is of \(name); --into FILE takes them")
    }
    let progress = ProgressReport(bytesMax: nil)
    defer { progress.end() }
    return try DatabaseBackup.restore(plan, to: path, keepsOld: invocation.has("force")) { progress.show(bytes: $0) }
  }
  report.restored(outcome, to: path)
  return .done
}

private func databasePath(_ contract: Contract) throws(CommandFailure) -> String {
  guard let path = StoreOpening.path(ofSQLite: contract.store.url) else {
    throw CommandFailure(.failed, "store.url is no SQLite database: PostgreSQL has tools of its own for backups (pg_basebackup, pg_dump)")
  }
  return path
}

/// The folder of backups: of the flag, or of the contract.
private func folder(_ invocation: Invocation, _ flag: String, _ contract: Contract?) throws(CommandFailure) -> BackupFolder {
  if let text = invocation[flag] { return BackupFolder(text.hasPrefix("file:") ? String(text.dropFirst(5)) : text) }
  let known: Contract
  if let contract { known = contract } else { known = try invocation.contract() }
  guard let backup = known.backup else {
    throw CommandFailure(.usage, "the contract has no backup.to: give --\(flag) FOLDER")
  }
  return BackupFolder(backup.folder)
}

private func moment(_ invocation: Invocation) throws(CommandFailure) -> Timestamp? {
  guard let text = invocation["at"] else { return nil }
  guard let time = Timestamp(text) else {
    throw CommandFailure(.usage, "--at must be a moment such as 2026-01-31T10:00:00Z or 2026-01-31T12:00:00.5+02:00")
  }
  return time
}

private func inBackups<T>(_ body: () throws(BackupError) -> T) throws(CommandFailure) -> T {
  do throws(BackupError) { return try body() } catch { throw CommandFailure(.failed, error.message) }
}
