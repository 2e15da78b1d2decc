package import Backup
package import Base
package import SQLiteStore

/// What `martlet backup` and `martlet restore` do with a database in a file.
package enum DatabaseBackup {
  /// Bytes of a database's file; nil where it is not there.
  package static func size(of path: String) -> Int? { FileStamp(of: path)?.bytes }

  /// Copies a database, whoever serves it meanwhile, into a folder of backups.
  ///
  /// - Parameter progress: told of the bytes that were copied.
  package static func make(
    of path: String, service: String, in folder: BackupFolder, clock: any Clock = SystemClock(), progress: (Int) -> Void
  ) throws(BackupError) -> (timeline: Timeline, manifest: BaseManifest) {
    let snapshot = try DatabaseSnapshot(path: path)
    // What was acknowledged by then is in the snapshot.
    let time = clock.now
    try snapshot.begin()
    let id = try TimelineID.random()
    let timeline = try folder.begin(id, at: time, isCopy: true)
    do throws(BackupError) {
      let making = BaseMaking(timeline: timeline, id: id, service: service, version: Version.current)
      let manifest = try making.make(of: snapshot, commit: 0, time: time) { bytes in
        progress(bytes)
        return true
      }
      return (timeline, manifest)
    } catch {
      try? SystemFolder.removeWithFiles(timeline.path)
      throw error
    }
  }

  /// What a backup is and how it fared when it was restored.
  package struct Outcome: Sendable {
    package var plan: RecoveryPlan
    package var report: DatabaseRestore.Report
    /// How long it took.
    package var nanoseconds: UInt64
    /// Where the database is that was there before.
    package var old: String?
  }

  /// Restores into a scratch place, looks at everything, and removes it again.
  ///
  /// - Parameter scratch: a folder with room for the database.
  package static func verify(
    _ plan: RecoveryPlan, scratch: String, clock: any Clock = SystemClock(), progress: (Int) -> Void
  ) throws(BackupError) -> Outcome {
    let begin = clock.monotonicNanoseconds
    let path = "\(scratch)/martlet-verify-\(try TimelineID.random().hexadecimal).db"
    let watch = InterruptWatch { DatabaseRestore.remove(path) }
    defer {
      DatabaseRestore.remove(path)
      watch.end()
    }
    let report = try DatabaseRestore.write(plan, to: path, countsBase: true, progress: progress)
    return Outcome(plan: plan, report: report, nanoseconds: clock.monotonicNanoseconds &- begin)
  }

  /// Restores a database file.
  ///
  /// - Parameter keepsOld: gives the database that is there another name; else it is refused.
  package static func restore(
    _ plan: RecoveryPlan, to path: String, keepsOld: Bool, clock: any Clock = SystemClock(), progress: (Int) -> Void
  ) throws(BackupError) -> Outcome {
    let begin = clock.monotonicNanoseconds
    let watch = InterruptWatch { DatabaseRestore.remove(DatabaseRestore.draft(of: path)) }
    defer { watch.end() }
    let (report, old) = try DatabaseRestore.replace(
      plan, at: path, keepsOld: keepsOld, countsBase: false, now: clock.now, progress: progress)
    return Outcome(plan: plan, report: report, nanoseconds: clock.monotonicNanoseconds &- begin, old: old)
  }
}
