import Base

/// A folder of one run of commits: copies of the database (bases) and the commits between and after them (segments).
package struct Timeline: Sendable, Equatable {
  /// The folder's path.
  package var path: String
  package var name: String
  /// Commits that a manifest is there for, rising. Whether it can be read is another question.
  package var bases: [UInt64] = []
  /// Commits of the segments, by their names, rising.
  package var segments: [ClosedRange<UInt64>] = []
  /// What was not finished.
  package var drafts: [String] = []

  package init(path: String, name: String) {
    self.path = path
    self.name = name
  }

  /// A copy by command, which nothing is shipped behind: whoever serves the database meanwhile ships into another timeline.
  package var isCopy: Bool { name.hasSuffix(TimelineID.copySuffix) }

  /// Reads what is in the folder; files that it does not know are left alone.
  init(reading path: String, name: String) throws(BackupError) {
    self.init(path: path, name: name)
    for file in try inBackup({ () throws(SystemError) in try SystemFolder.names(in: path) }) {
      if let commit = BackupNames.commit(ofManifest: file) {
        bases.append(commit)
      } else if let commits = BackupNames.commits(ofSegment: file) {
        segments.append(commits)
      } else if file.hasSuffix(BackupNames.draftSuffix) {
        drafts.append(file)
      }
    }
  }

  /// The manifest of a base, checked; its copy is not looked at.
  package func manifest(_ commit: UInt64) throws(BackupError) -> BaseManifest {
    let file = path + "/" + BackupNames.manifest(commit)
    let bytes = try inBackup { () throws(SystemError) in try DataFile.contents(file, bytesMax: BaseManifest.bytesMax) }
    do throws(BackupError) {
      let manifest = try BaseManifest(bytes)
      guard manifest.commit == commit else { throw BackupError(.damaged, "it speaks of another base") }
      return manifest
    } catch {
      throw BackupError(error.code, "\(file) is damaged: \(error.message)")
    }
  }

  /// A segment, checked.
  package func segment(_ commits: ClosedRange<UInt64>) throws(BackupError) -> LogSegment {
    let file = path + "/" + BackupNames.segment(commits.lowerBound, commits.upperBound)
    let bytes = try inBackup { () throws(SystemError) in try DataFile.contents(file, bytesMax: LogSegment.bytesMax) }
    do throws(BackupError) {
      let segment = try LogSegment(bytes)
      guard segment.commits.first?.number == commits.lowerBound, segment.commits.last?.number == commits.upperBound else {
        throw BackupError(.damaged, "it has other commits than its name says")
      }
      return segment
    } catch {
      throw BackupError(error.code, "\(file) is damaged: \(error.message)")
    }
  }

  /// Whether it was begun after a moment, by its name.
  func isBegun(after time: Timestamp) -> Bool { TimelineID.begun(name).map { $0 > time } ?? false }
}
