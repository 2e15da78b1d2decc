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
  ///
  /// - Parameter isCopy: it will have no log.
  package func begin(_ id: TimelineID, at time: Timestamp, isCopy: Bool = false) throws(BackupError) -> Timeline {
    try inBackup { () throws(SystemError) in try SystemFolder.create(path) }
    var begun = time
    if let last = try timelines().last, let lastBegun = TimelineID.begun(last.name), lastBegun >= begun {
      guard lastBegun < .maximum else { throw BackupError(.occupied, "\(last.path) has a name that no later one can follow") }
      begun = Timestamp(microseconds: lastBegun.microseconds + 1)
    }
    let name = id.folderName(begun: begun, isCopy: isCopy)
    let timeline = Timeline(path: path + "/" + name, name: name)
    try inBackup { () throws(SystemError) in
      try SystemFolder.create(timeline.path)
      try SystemFolder.synchronize(path)
    }
    return timeline
  }

  /// The newest base that is not newer than a moment, and the log behind it.
  ///
  /// A copy by command counts where no log goes on past it, and where just its moment is asked for.
  ///
  /// - Parameter time: the last moment that counts; nil for all that there is.
  /// - Throws: `.none` where there is no such base, `.damaged` where the one that would be it cannot be read.
  package func recovery(at time: Timestamp?) throws(BackupError) -> RecoveryPlan {
    let all = try timelines()
    let shipped = try newest(of: all.filter { !$0.isCopy }, at: time)
    let copied = try newest(of: all.filter(\.isCopy), at: time)
    if let shipped, let copied, copied.manifest.time != time, copied.manifest.time < shipped.reach { return shipped }
    if let plan = copied ?? shipped { return plan }
    throw BackupError(.none, time.map { "\(path) has no backup of \($0) or before" } ?? "\(path) has no backup")
  }

  private func newest(of timelines: [Timeline], at time: Timestamp?) throws(BackupError) -> RecoveryPlan? {
    for timeline in timelines.reversed() {
      for commit in timeline.bases.reversed() {
        let manifest: BaseManifest
        do throws(BackupError) {
          manifest = try timeline.manifest(commit)
        } catch {
          // Of one that cannot be read the folder's name alone tells its time.
          if let time, timeline.isBegun(after: time) { break }
          throw error
        }
        // A folder's name may be later than what it has: the clock was set back.
        if let time, manifest.time > time { continue }
        return RecoveryPlan(timeline: timeline, manifest: manifest, until: time)
      }
    }
    return nil
  }
}
