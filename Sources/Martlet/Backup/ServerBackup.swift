package import Backup
package import Base
package import Contract
package import PostgresStore
import Synchronization
package import Telemetry

/// What `martlet backup` and `martlet restore` do with a database of PostgreSQL's.
package enum ServerBackup {
  /// Runs what cleans up behind itself where it is given up, and gives it up when somebody ends the process by a signal.
  ///
  /// - Parameter body: is to ask now and then whether it goes on.
  package static func interruptible<T>(
    _ body: (_ goesOn: @escaping @Sendable () -> Bool) throws(BackupError) -> T
  ) throws(BackupError) -> T {
    let interruption = Interruption()
    let watch = InterruptWatch {
      interruption.isAsked.store(true, ordering: .releasing)
      while !interruption.isOver.load(ordering: .acquiring) { SystemThread.rest(nanoseconds: 20_000_000) }
    }
    defer {
      interruption.isOver.store(true, ordering: .releasing)
      watch.end()
    }
    return try body { !interruption.isAsked.load(ordering: .acquiring) }
  }

  /// Asks the server of a contract whether it can be copied into a folder.
  package static func making(
    _ contract: Contract, folder: BackupFolder, goesOn: @escaping @Sendable () -> Bool
  ) throws(BackupError) -> ClusterMaking {
    try ClusterMaking(of: url(contract), folder: folder, service: contract.service.name, version: Version.current, goesOn: goesOn)
  }

  /// Keeps a folder as the service does while it serves. Returns only where it is told to end.
  package static func keep(_ contract: Contract, _ settings: BackupSettings, logger: Logger) {
    ClusterKeeper(url: url(contract), options: ShippingOptions(settings, service: contract.service.name, logger: logger)).run()
  }

  private static func url(_ contract: Contract) -> String { contract.store.directURL ?? contract.store.url }

  /// The copy for a moment, and the tools of its server's version.
  package static func restoring(
    _ folder: BackupFolder, at time: Timestamp?, goesOn: @escaping @Sendable () -> Bool
  ) throws(BackupError) -> ClusterRestore {
    let backup = try folder.cluster(at: time)
    let tools = try ClusterTools(
      version: backup.server, programs: ClusterRestore.programs, environment: ChildProcess.environment, goesOn: goesOn)
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

/// Somebody wants the process to end, and what is under way has.
private final class Interruption: Sendable {
  let isAsked = Atomic<Bool>(false)
  let isOver = Atomic<Bool>(false)
}
