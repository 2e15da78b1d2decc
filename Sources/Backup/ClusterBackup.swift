package import Base
import JSON

/// A whole copy of a PostgreSQL cluster, made by the server's own tools: `cluster/` in a folder of its own, and `cluster.json`,
/// written when that was verified.
package struct ClusterBackup: Sendable, Equatable {
  package var service: String
  /// The major version of the server.
  package var server: Int
  /// When its making ended: the first moment that it can be restored to.
  package var ended: Timestamp
  package var bytes: Int64
  /// The first file of the write-ahead log that it needs, and the last that it has itself.
  package var firstLog: String
  package var lastLog: String
  /// The folder of log that goes on behind it; nil where nobody received any.
  package var log: String?
  /// Of Martlet.
  package var version: String
  /// The folder, which is not written down in it.
  package var path = ""

  package init(
    service: String, server: Int, ended: Timestamp, bytes: Int64, firstLog: String, lastLog: String, log: String?, version: String
  ) {
    self.service = service
    self.server = server
    self.ended = ended
    self.bytes = bytes
    self.firstLog = firstLog
    self.lastLog = lastLog
    self.log = log
    self.version = version
  }

  package static let dataName = "cluster"
  package static let manifestName = "cluster.json"
  /// Held by whoever makes it; where it is free and there is no manifest, its maker is gone.
  package static let lockName = "lock"

  package var name: String { String(path.split(separator: "/").last ?? "") }
  package var dataPath: String { path + "/" + ClusterBackup.dataName }

  package func encoded() -> [UInt8] {
    ProvenLine.encoded([
      "format": 1, "store": "postgres", "service": .string(service), "server": .integer(Int64(server)),
      "ended": .string(ended.description), "bytes": .integer(bytes), "first_log": .string(firstLog), "last_log": .string(lastLog),
      "log": log.map { .string($0) } ?? .null, "martlet": .string(version),
    ])
  }

  package init(_ bytes: [UInt8]) throws(BackupError) {
    let value = try ProvenLine.value(bytes)
    guard value["format"]?.integerValue == 1, value["store"]?.stringValue == "postgres", let service = value["service"]?.stringValue,
      let server = value["server"]?.integerValue, let ended = value["ended"]?.stringValue.flatMap({ Timestamp($0) }),
      let size = value["bytes"]?.integerValue, let firstLog = value["first_log"]?.stringValue, ClusterLog.isWhole(firstLog),
      let lastLog = value["last_log"]?.stringValue, ClusterLog.isWhole(lastLog)
    else { throw BackupError(.damaged, "it is of another version of Martlet, or lacks a part") }
    let log = value["log"]?.stringValue
    guard log.map({ ClusterLog.begun($0) != nil }) ?? true else { throw BackupError(.damaged, "it names no folder of log") }
    self.init(
      service: service, server: Int(clamping: server), ended: ended, bytes: size, firstLog: firstLog, lastLog: lastLog, log: log,
      version: value["martlet"]?.stringValue ?? "")
  }
}

extension BackupFolder {
  /// Copies of a cluster, the oldest first; with what is wrong with those whose manifest cannot be read.
  package func clusters() throws(BackupError) -> [(name: String, backup: Result<ClusterBackup, BackupError>)] {
    var found: [(name: String, backup: Result<ClusterBackup, BackupError>)] = []
    for timeline in try timelines() {
      let file = timeline.path + "/" + ClusterBackup.manifestName
      guard SystemFolder.exists(file) else { continue }
      do throws(BackupError) {
        var backup = try ClusterBackup(try inBackup { () throws(SystemError) in try DataFile.contents(file, bytesMax: 1 << 20) })
        backup.path = timeline.path
        found.append((timeline.name, .success(backup)))
      } catch {
        found.append((timeline.name, .failure(BackupError(error.code, "\(file) is damaged: \(error.message)"))))
      }
    }
    return found
  }

  /// The newest copy whose making had ended by a moment.
  ///
  /// - Throws: `.none` where there is none, `.damaged` where the one that might be it cannot be read.
  package func cluster(at time: Timestamp?) throws(BackupError) -> ClusterBackup {
    for (name, backup) in try clusters().reversed() {
      if let time, let begun = TimelineID.begun(name), begun > time { continue }
      let backup = try backup.get()
      if let time, backup.ended > time { continue }
      return backup
    }
    throw BackupError(.none, time.map { "\(path) has no backup of \($0) or before" } ?? "\(path) has no backup")
  }

  /// The log behind a copy; nil where nobody received any.
  package func log(of backup: ClusterBackup) -> ClusterLog? {
    backup.log.map { ClusterLog(path: path + "/" + $0, name: $0) }.flatMap { SystemFolder.exists($0.path) ? $0 : nil }
  }

  /// Deletes copies of a cluster that are kept no longer, and the log that none of the others needs. The newest copy from before the
  /// time that is kept stays, with all that came after it. A manifest that cannot be read is no reason to delete anything.
  ///
  /// - Returns: how many files of log went, and how many copies.
  package func pruneClusters(_ retention: BackupRetention, now: Timestamp) throws(BackupError) -> (files: Int, copies: Int) {
    let horizon = Timestamp(microseconds: now.microseconds &- Int64(clamping: retention.keep.wholeMicroseconds))
    var all: [ClusterBackup] = []
    for (_, backup) in try clusters() {
      guard case .success(let backup) = backup else { return (0, 0) }
      all.append(backup)
    }
    guard let anchor = all.lastIndex(where: { $0.ended <= horizon }), anchor > 0 else { return (0, 0) }
    try inBackup { () throws(SystemError) in
      for backup in all[..<anchor] {
        // Without its manifest it is no backup any more, whatever ends this in the middle.
        try SystemFolder.remove(backup.path + "/" + ClusterBackup.manifestName)
        try SystemFolder.removeTree(backup.path)
      }
    }
    let kept = all[anchor...]
    var files = 0
    let logs = try logs()
    for log in logs {
      let first = kept.filter { $0.log == log.name }.map { ClusterLog.place($0.firstLog) }.min { $0.lexicographicallyPrecedes($1) }
      // What is being received belongs to nobody as long as its first copy is being made.
      guard first != nil || log.name != logs.last?.name else { continue }
      files += try log.remove(before: first)
    }
    return (files, anchor)
  }

  /// Removes what copies that were broken off have left; those that are being made stay.
  package func removeDrafts() throws(BackupError) {
    for timeline in try timelines() {
      let lock = timeline.path + "/" + ClusterBackup.lockName
      guard SystemFolder.exists(lock), !SystemFolder.exists(timeline.path + "/" + ClusterBackup.manifestName),
        let held = try? LockFile(path: lock)
      else { continue }
      try inBackup { () throws(SystemError) in try SystemFolder.removeTree(timeline.path) }
      withExtendedLifetime(held) {}
    }
  }
}
