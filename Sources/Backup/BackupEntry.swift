package import Base

/// One base of a folder, as a list shows it.
package struct BackupEntry: Sendable {
  package var timeline: Timeline
  /// Nil where it cannot be read.
  package var manifest: BaseManifest?
  /// When the last commit of the log behind it was durable; nil without one.
  package var until: Timestamp?
  /// What keeps it from being restored, as far as a look at the manifest and the last segment tells.
  package var problem: String?

  /// The oldest first. A timeline that has no base yet is no entry.
  package static func all(in folder: BackupFolder) throws(BackupError) -> [BackupEntry] {
    var entries: [BackupEntry] = []
    for timeline in try folder.timelines() {
      for commit in timeline.bases {
        var entry = BackupEntry(timeline: timeline)
        do throws(BackupError) {
          let manifest = try timeline.manifest(commit)
          entry.manifest = manifest
          let base = timeline.path + "/" + manifest.file
          let size = try inBackup { () throws(SystemError) in try DataFile(base, .reading).size }
          if size != manifest.bytes { throw BackupError(.damaged, "\(base) is damaged: it has \(size) bytes of \(manifest.bytes)") }
          if let last = timeline.segments.last, last.upperBound > commit {
            entry.until = try timeline.segment(last).commits.last?.time
          }
        } catch {
          entry.problem = error.message
        }
        entries.append(entry)
      }
    }
    return entries
  }
}
