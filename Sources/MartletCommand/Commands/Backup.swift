import Backup
import Base
import Contract
import Martlet
import PostgresStore
import SQLiteStore
import Store
import Telemetry

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

let backupCommand = Command(
  name: "backup", operands: "[list|verify|receive]", operandCount: 0...1,
  summary: "Copies the database while it is served; lists copies; restores one to see that it is whole; receives PostgreSQL's log.",
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
    Flag("into", "PATH", "the database's file (default: the one that the contract names); of PostgreSQL a folder that is not there"),
    Flag("force", nil, "gives the database that is there another name; without it such a database is left alone"),
    Flag("format", "FORMAT", "text or json (default text)"),
  ], run: restore)

private func backup(_ invocation: Invocation) async throws(CommandFailure) -> ExitCode {
  let report = try BackupReport(invocation)
  switch invocation.operands.first {
  case nil:
    let contract = try invocation.contract()
    if StoreOpening.dialect(of: contract.store.url) == .postgres { return try copyCluster(invocation, contract, report) }
    return try copy(invocation, contract, report)
  case "list": return try list(invocation, report)
  case "verify":
    let folder = try folder(invocation, "to", nil)
    if try holdsClusters(folder) { return try verifyCluster(invocation, folder, report) }
    return try verify(invocation, folder, report)
  case "receive": return try receive(invocation)
  case .some: throw CommandFailure(.usage, "martlet backup knows list, verify and receive; see martlet backup --help")
  }
}

private func copy(_ invocation: Invocation, _ contract: Contract, _ report: BackupReport) throws(CommandFailure) -> ExitCode {
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
  let clusters = try inBackups { () throws(BackupError) in try folder.clusters() }
  report.list(entries, clusters, folder)
  let areSound = clusters.allSatisfy { if case .success = $0.backup { true } else { false } }
  return areSound && entries.allSatisfy { $0.problem == nil } ? .done : .failed
}

private func verify(_ invocation: Invocation, _ folder: BackupFolder, _ report: BackupReport) throws(CommandFailure) -> ExitCode {
  let time = try moment(invocation)
  let scratch = invocation.scratch
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
  let folder = try folder(invocation, "from", contract)
  if try holdsClusters(folder) { return try restoreCluster(invocation, folder, contract, report) }
  let path: String
  if let into = invocation["into"] {
    path = into
  } else if let contract {
    path = try databasePath(contract)
  } else {
    throw CommandFailure(.usage, "--into FILE is missing")
  }
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
    throw CommandFailure(.failed, "store.url is no database in a file: --into FILE says where the backup's shall be")
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

extension Invocation {
  fileprivate var scratch: String { self["scratch"] ?? Environment.value("TMPDIR") ?? "/var/tmp" }
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

// MARK: PostgreSQL

private func holdsClusters(_ folder: BackupFolder) throws(CommandFailure) -> Bool {
  try inBackups { () throws(BackupError) in try !folder.clusters().isEmpty }
}

/// As `inBackups`, until a signal comes; what is not there has exit code 3.
private func inCluster<T>(_ body: (_ goesOn: @escaping @Sendable () -> Bool) throws(BackupError) -> T) throws(CommandFailure) -> T {
  do throws(BackupError) {
    return try ServerBackup.interruptible(body)
  } catch {
    throw CommandFailure(error.code == .unavailable ? .unreachable : .failed, error.message)
  }
}

private func copyCluster(_ invocation: Invocation, _ contract: Contract, _ report: BackupReport) throws(CommandFailure) -> ExitCode {
  let folder = try folder(invocation, "to", contract)
  let backup = try inCluster { (goesOn) throws(BackupError) in
    let making = try ServerBackup.making(contract, folder: folder, goesOn: goesOn)
    let log = SystemFolder.exists(folder.path) ? try folder.logs().last : nil
    let backup = try making.make(log: log, spreads: false, clock: SystemClock())
    if let keep = contract.backup?.keep { _ = try folder.pruneClusters(BackupRetention(keep: keep), now: SystemClock().now) }
    return backup
  }
  report.made(backup)
  return .done
}

private func receive(_ invocation: Invocation) throws(CommandFailure) -> ExitCode {
  let contract = try invocation.contract()
  guard StoreOpening.dialect(of: contract.store.url) == .postgres else {
    throw CommandFailure(.usage, "receive is for PostgreSQL: a service with a database in a file ships its log itself")
  }
  guard var settings = contract.backup else { throw CommandFailure(.usage, "the contract has no backup section") }
  settings.folder = try folder(invocation, "to", contract).path
  ServerBackup.keep(contract, settings, logger: .standardError(level: .info, format: .text))
  return .done
}

private func verifyCluster(
  _ invocation: Invocation, _ folder: BackupFolder, _ report: BackupReport
) throws(CommandFailure) -> ExitCode {
  try refuseRoot()
  let contract = try invocation.contract()
  let time = try moment(invocation)
  let outcome = try inCluster { (goesOn) throws(BackupError) in
    let restore = try ServerBackup.restoring(folder, at: time, goesOn: goesOn)
    return try ServerBackup.verify(restore, scratch: invocation.scratch, address: try ClusterAddress(contract.store.url))
  }
  report.verified(outcome)
  return .done
}

private func restoreCluster(
  _ invocation: Invocation, _ folder: BackupFolder, _ contract: Contract?, _ report: BackupReport
) throws(CommandFailure) -> ExitCode {
  guard let into = invocation["into"] else {
    throw CommandFailure(.usage, "\(folder.path) has copies of a PostgreSQL cluster: --into FOLDER says where its data shall be")
  }
  try refuseRoot()
  let time = try moment(invocation)
  let restore = try inCluster { (goesOn) throws(BackupError) in
    let restore = try ServerBackup.restoring(folder, at: time, goesOn: goesOn)
    try restore.write(to: into)
    return restore
  }
  report.restored(restore, to: into)
  return .done
}

private func refuseRoot() throws(CommandFailure) {
  guard getuid() != 0 else {
    throw CommandFailure(.failed, "PostgreSQL takes no data of root's: call it as the user that the server runs as (runuser -u postgres)")
  }
}
