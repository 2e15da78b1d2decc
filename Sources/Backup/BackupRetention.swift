package import Base

/// Which files of a backup folder are kept no longer: pure, so that it can be looked at before anything is deleted.
///
/// Every moment of the time that is kept stays restorable: the newest base that is older than that time stays, and all that came after
/// it; of copies by command the newest that is older. Without such a base nothing goes. A manifest that cannot be read is nobody's
/// reason to delete anything.
package struct BackupRetention: Sendable {
  /// How far back moments stay restorable.
  package var keep: Duration

  package init(keep: Duration) { self.keep = keep }

  package struct Removal: Sendable, Equatable {
    /// Whole folders.
    package var timelines: [String] = []
    /// Files: a manifest stands before its copy.
    package var files: [String] = []
    package var isEmpty: Bool { timelines.isEmpty && files.isEmpty }
  }

  /// - Parameter timelines: with the time of each base whose manifest can be read, the oldest timeline first.
  package func removal(_ timelines: [(timeline: Timeline, times: [UInt64: Timestamp])], now: Timestamp) -> Removal {
    let horizon = Timestamp(microseconds: now.microseconds - Int64(clamping: keep.wholeMicroseconds))
    var removal = Removal()
    let shipped = timelines.filter { !$0.timeline.isCopy }
    var oldest: Timestamp?
    for place in shipped.indices.reversed() {
      let (timeline, times) = shipped[place]
      guard let anchor = timeline.bases.last(where: { base in times[base].map { $0 <= horizon } ?? false }) else { continue }
      oldest = times[anchor]
      for commit in timeline.bases where commit < anchor {
        removal.files.append(timeline.path + "/" + BackupNames.manifest(commit))
        removal.files.append(timeline.path + "/" + BackupNames.base(commit))
      }
      for commits in timeline.segments where commits.upperBound <= anchor {
        removal.files.append(timeline.path + "/" + BackupNames.segment(commits.lowerBound, commits.upperBound))
      }
      removal.timelines = shipped[..<place].map(\.timeline.path)
      break
    }
    // A copy by command says nothing of the log that a service ships beside it.
    let copies = timelines.filter(\.timeline.isCopy)
    if let place = copies.lastIndex(where: { $0.times.values.contains { $0 <= horizon } }), let time = copies[place].times.values.min() {
      removal.timelines += copies[..<(oldest.map { $0 >= time } ?? false ? place + 1 : place)].map(\.timeline.path)
    }
    return removal
  }
}

extension BackupFolder {
  /// Deletes what is kept no longer.
  ///
  /// - Returns: what was deleted.
  package func prune(_ retention: BackupRetention, now: Timestamp) throws(BackupError) -> BackupRetention.Removal {
    var known: [(timeline: Timeline, times: [UInt64: Timestamp])] = []
    for timeline in try timelines() where !SystemFolder.exists(timeline.path + "/" + ClusterBackup.lockName) {
      var times: [UInt64: Timestamp] = [:]
      for commit in timeline.bases { times[commit] = (try? timeline.manifest(commit))?.time }
      known.append((timeline, times))
    }
    let removal = retention.removal(known, now: now)
    try inBackup { () throws(SystemError) in
      for file in removal.files { try SystemFolder.remove(file) }
      for timeline in removal.timelines {
        // Without its manifests it is no backup any more, whatever ends this in the middle.
        for name in try SystemFolder.names(in: timeline) where BackupNames.commit(ofManifest: name) != nil {
          try SystemFolder.remove(timeline + "/" + name)
        }
        try SystemFolder.removeWithFiles(timeline)
      }
    }
    return removal
  }
}
