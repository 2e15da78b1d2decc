package import Backup
package import Base
package import Contract
package import PostgresStore
package import Telemetry

/// What `martlet backup` and `martlet restore` do with a database of PostgreSQL's.
package enum ServerBackup {
  /// Asks the server of a contract whether it can be copied into a folder.
  package static func making(_ contract: Contract, folder: BackupFolder) throws(BackupError) -> ClusterMaking {
    try ClusterMaking(of: url(contract), folder: folder, service: contract.service.name, version: Version.current)
  }

  /// Keeps a folder as the service does while it serves. Returns only where it is told to end.
  package static func keep(_ contract: Contract, _ settings: BackupSettings, logger: Logger) {
    ClusterKeeper(url: url(contract), options: ShippingOptions(settings, service: contract.service.name, logger: logger)).run()
  }

  private static func url(_ contract: Contract) -> String { contract.store.directURL ?? contract.store.url }

  /// The copy for a moment, and the tools of its server's version.
  package static func restoring(_ folder: BackupFolder, at time: Timestamp?) throws(BackupError) -> ClusterRestore {
    let backup = try folder.cluster(at: time)
    let tools = try ClusterTools(version: backup.server, programs: ClusterRestore.programs, environment: ChildProcess.environment)
    return ClusterRestore(tools: tools, backup: backup, log: folder.log(of: backup), until: time)
  }

  /// What was found, and how long it took.
  package struct Outcome: Sendable {
    package var restore: ClusterRestore
    package var look: ClusterRestore.Look
    package var nanoseconds: UInt64
  }

  /// Restores into a scratch place, starts a server on it, counts, and removes it again.
  package static func verify(
    _ restore: ClusterRestore, scratch: String, address: ClusterAddress, clock: any Clock = SystemClock()
  ) throws(BackupError) -> Outcome {
    let begin = clock.monotonicNanoseconds
    let folder = SystemFolder.absolute("\(scratch)/mv-\(String(try TimelineID.random().hexadecimal.prefix(12)))")
    try inBackup { () throws(SystemError) in try SystemFolder.create(folder) }
    defer { try? SystemFolder.removeTree(folder) }
    try restore.write(to: folder + "/data")
    let look = try restore.look(at: folder + "/data", in: folder, user: address.user, database: address.database)
    return Outcome(restore: restore, look: look, nanoseconds: clock.monotonicNanoseconds &- begin)
  }
}
