package import Base

/// A base and the log behind it: what a database is made of again.
package struct RecoveryPlan: Sendable {
  package var timeline: Timeline
  package var manifest: BaseManifest
  /// The last moment that counts; nil for all that there is.
  package var until: Timestamp?

  package init(timeline: Timeline, manifest: BaseManifest, until: Timestamp?) {
    self.timeline = timeline
    self.manifest = manifest
    self.until = until
  }

  package var basePath: String { timeline.path + "/" + manifest.file }

  /// How far the log goes, whatever the moment. Where that cannot be told it is far: who restores is told what is damaged.
  var reach: Timestamp {
    guard let last = timeline.segments.last, last.upperBound > manifest.commit else { return manifest.time }
    return (try? timeline.segment(last).commits.last?.time) ?? .maximum
  }

  /// What the log led to.
  package struct End: Sendable, Equatable {
    /// The last commit that counts, and when it was durable.
    package var commit: UInt64
    package var time: Timestamp
    /// Commits taken from the log, and the segments that were read.
    package var commits = 0
    package var segments = 0
  }

  /// Hands over each commit after the base up to the moment, checked: none is missing, and none has changed.
  ///
  /// - Throws: `.damaged` or `.missing`, naming the file or the commits, before anything behind that place is handed over.
  package func forEachCommit(_ body: (LoggedCommit) throws(BackupError) -> Void) throws(BackupError) -> End {
    var end = End(commit: manifest.commit, time: manifest.time)
    var digest: [UInt8]?
    for range in timeline.segments where range.upperBound > end.commit {
      guard range.lowerBound <= end.commit + 1 else { throw missing(end.commit + 1, range.lowerBound - 1) }
      let segment = try timeline.segment(range)
      try check(segment, range, after: range.lowerBound == 1 ? LogSegment.noPrevious : digest)
      digest = segment.digest
      end.segments += 1
      for commit in segment.commits where commit.number > end.commit {
        if let until, commit.time > until { return end }
        try body(commit)
        end.commit = commit.number
        end.time = max(end.time, commit.time)
        end.commits += 1
      }
    }
    return end
  }

  private func check(_ segment: LogSegment, _ range: ClosedRange<UInt64>, after digest: [UInt8]?) throws(BackupError) {
    let name = timeline.path + "/" + BackupNames.segment(range.lowerBound, range.upperBound)
    guard segment.timeline == manifest.timeline, segment.pageSize == manifest.pageSize else {
      throw BackupError(.damaged, "\(name) belongs to another database or timeline")
    }
    if let digest, segment.previous != digest {
      throw BackupError(.damaged, "\(name) does not follow the segment before it: one of them was replaced")
    }
  }

  private func missing(_ first: UInt64, _ last: UInt64) -> BackupError {
    BackupError(
      .missing,
      "\(timeline.path) lacks the segment with the commits \(first) to \(last): what came after cannot be restored. "
        + "A moment before it can (--at)")
  }
}
