package import Base

/// Where backups are kept: a folder with a folder for each timeline.
package struct BackupFolder: Sendable {
  package let path: String

  package init(_ path: String) { self.path = path }

  /// The oldest first.
  package func timelines() throws(BackupError) -> [Timeline] {
    let names = try inBackup { () throws(SystemError) in try SystemFolder.names(in: path) }
    var timelines: [Timeline] = []
    for name in names where TimelineID.begun(name) != nil {
      timelines.append(try Timeline(reading: path + "/" + name, name: name))
    }
    return timelines
  }

  /// Makes the folder of a timeline, and those above where they are missing. It is the last one of them, whatever the clock says.
  package func begin(_ id: TimelineID, at time: Timestamp) throws(BackupError) -> Timeline {
    try inBackup { () throws(SystemError) in try SystemFolder.create(path) }
    var begun = time
    if let last = try timelines().last.flatMap({ TimelineID.begun($0.name) }), last >= begun {
      begun = Timestamp(microseconds: last.microseconds + 1)
    }
    let name = id.folderName(begun: begun)
    let timeline = Timeline(path: path + "/" + name, name: name)
    try inBackup { () throws(SystemError) in
      try SystemFolder.create(timeline.path)
      try SystemFolder.synchronize(path)
    }
    return timeline
  }

  /// The newest base that is not newer than a moment, and the log behind it.
  ///
  /// - Parameter time: the last moment that counts; nil for all that there is.
  /// - Throws: `.none` where there is no such base, `.damaged` where the one that would be it cannot be read.
  package func recovery(at time: Timestamp?) throws(BackupError) -> RecoveryPlan {
    for timeline in try timelines().reversed() {
      if let time, timeline.isBegun(after: time) { continue }
      for commit in timeline.bases.reversed() {
        let manifest = try timeline.manifest(commit)
        if let time, manifest.time > time { continue }
        return RecoveryPlan(timeline: timeline, manifest: manifest, until: time)
      }
    }
    throw BackupError(.none, time.map { "\(path) has no backup of \($0) or before" } ?? "\(path) has no backup")
  }
}
