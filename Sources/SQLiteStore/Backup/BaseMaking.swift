package import Backup
package import Base

/// Makes a base: a whole copy of a database, with a manifest that says so once the copy is on the disk.
package struct BaseMaking: Sendable {
  package var timeline: Timeline
  package var id: TimelineID
  package var service: String
  /// Of Martlet.
  package var version: String

  package init(timeline: Timeline, id: TimelineID, service: String, version: String) {
    self.timeline = timeline
    self.id = id
    self.service = service
    self.version = version
  }

  /// Copies a snapshot. What is broken off leaves no base.
  ///
  /// - Parameters:
  ///   - commit: the last commit of the timeline that the snapshot has, and when that was so.
  ///   - goesOn: asked after each piece, told of the bytes so far; false breaks it off.
  package func make(
    of snapshot: DatabaseSnapshot, commit: UInt64, time: Timestamp, goesOn: (_ bytes: Int) -> Bool
  ) throws(BackupError) -> BaseManifest {
    let target = timeline.path + "/" + BackupNames.base(commit)
    let draft = target + BackupNames.draftSuffix
    try inBackup { () throws(SystemError) in try SystemFolder.remove(draft) }
    var pace = CopyPace()
    let rows = try snapshot.rows()
    let copy = try snapshot.copy(to: draft) { bytes in
      pace.rest()
      return goesOn(bytes)
    }
    snapshot.close()
    let manifest = BaseManifest(
      timeline: id, service: service, commit: commit, time: time, file: BackupNames.base(commit), bytes: copy.bytes,
      pageSize: snapshot.pageSize, digest: copy.digest, rows: rows, version: version)
    try inBackup { () throws(SystemError) in
      try SystemFolder.move(draft, to: target)
      try DataFile.place(
        [manifest.encoded()], at: timeline.path + "/" + BackupNames.manifest(commit), suffix: BackupNames.draftSuffix)
    }
    return manifest
  }
}

/// Leaves the processor and the disk to requests half of the time.
private struct CopyPace {
  private let clock = SystemClock()
  private var last: UInt64

  init() { last = clock.monotonicNanoseconds }

  /// No longer than this, however slow the disk is.
  private static let restMax: UInt64 = 50_000_000

  /// Rests for as long as the work since the last rest took.
  mutating func rest() {
    SystemThread.rest(nanoseconds: min(CopyPace.restMax, clock.monotonicNanoseconds &- last))
    last = clock.monotonicNanoseconds
  }
}
