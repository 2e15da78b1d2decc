import Backup
import Base

/// A `pg_receivewal` that runs: it writes the log into a folder as it comes.
struct ClusterReceiver {
  let log: ClusterLog
  private let child: ChildProcess
  /// Tells its connection from all others.
  private let name: String
  private let begun: UInt64
  /// What had been received before.
  private let end: String?
  private let clock: any Clock

  /// What goes on for so long had begun well.
  private static let soundNanoseconds: UInt64 = 30_000_000_000

  init(_ making: ClusterMaking, _ log: ClusterLog, clock: any Clock) throws(BackupError) {
    self.log = log
    self.clock = clock
    name = "martlet_log_" + String(try TimelineID.random().hexadecimal.prefix(12))
    begun = clock.monotonicNanoseconds
    end = try log.end()
    // Without a slot: one that is forgotten has the server keep its log until its disk is full.
    child = try making.tools.start(
      "pg_receivewal",
      [
        "-D", log.path, "--synchronous", "--no-loop", "--status-interval=1", "--no-password",
        "-d", making.address.connection([("application_name", name)]),
      ])
  }

  /// How it ended; nil while it runs.
  func outcome() -> ChildProcess.End? { child.poll() }

  /// Whether anything had come by the time that it ended.
  func hasReceived() throws(BackupError) -> Bool {
    try log.end() != end || clock.monotonicNanoseconds &- begun >= ClusterReceiver.soundNanoseconds
  }

  /// Bytes of log that the server has written, and those that it knows to be in the folder, durably; nil while it sends nothing.
  func places(_ making: ClusterMaking) throws(BackupError) -> (written: Int64, received: Int64?) {
    let answer = try making.tools.ask(
      "SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0'), (SELECT pg_wal_lsn_diff(coalesce(flush_lsn, '0/0'), '0/0') "
        + "FROM pg_stat_replication WHERE application_name = '\(name)' AND state = 'streaming' LIMIT 1)", of: making.address.connection())
    let cells = answer.split(separator: "\t", omittingEmptySubsequences: false)
    guard cells.count == 2, let written = Int64(cells[0]), written >= 0 else {
      throw BackupError(.unavailable, "the server does not tell how far its log is")
    }
    return (written, Int64(cells[1]).flatMap { $0 >= 0 ? $0 : nil })
  }

  func stop() { _ = child.wait { false } }
}
