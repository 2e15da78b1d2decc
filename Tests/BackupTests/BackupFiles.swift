import Base
import TestSupport

@testable import Backup

/// Makes files of backups, as a service would.
enum BackupFiles {
  static let id = TimelineID(Array(0..<16))
  static let pageSize = 512

  /// A commit that fills some pages with its number, a second after the one before it.
  static func commit(_ number: UInt64, pages: [UInt32] = [1, 3]) -> LoggedCommit {
    var bytes: [UInt8] = []
    for page in pages {
      bytes.append(bigEndian: page)
      bytes += [UInt8](repeating: 0, count: LoggedCommit.pageHeaderBytes - 4)
      bytes += [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: pageSize)
    }
    return LoggedCommit(
      number: number, time: time(number), salts: 7, position: UInt32(2 * number), databasePages: 4, pages: bytes)
  }

  static func time(_ number: UInt64) -> Timestamp { Timestamp(microseconds: 1_000_000 * Int64(number)) }

  static func segment(_ commits: ClosedRange<UInt64>, after previous: [UInt8] = LogSegment.noPrevious) -> LogSegment {
    LogSegment(timeline: id, pageSize: pageSize, previous: previous, commits: commits.map { commit($0) })
  }

  static func manifest(_ commit: UInt64, bytes: [UInt8], time: Timestamp? = nil) -> BaseManifest {
    BaseManifest(
      timeline: id, service: "shop", commit: commit, time: time ?? BackupFiles.time(commit), file: BackupNames.base(commit),
      bytes: Int64(bytes.count), pageSize: pageSize, digest: "", rows: ["orders": 3, "a \"b\"": 0], version: "1")
  }

  /// A timeline with a base and segments that follow each other; answers with its folder's name.
  @discardableResult static func timeline(
    in folder: TemporaryFolder, begun: Timestamp, bases: [UInt64], segments: [ClosedRange<UInt64>] = [], isCopy: Bool = false
  ) throws -> Timeline {
    let timeline = try BackupFolder(folder.path).begin(id, at: begun, isCopy: isCopy)
    for base in bases {
      Files.write(timeline.path + "/" + BackupNames.base(base), [1, 2, 3])
      let time = Timestamp(microseconds: begun.microseconds + time(base).microseconds)
      Files.write(timeline.path + "/" + BackupNames.manifest(base), manifest(base, bytes: [1, 2, 3], time: time).encoded())
    }
    var previous = LogSegment.noPrevious
    for range in segments {
      var segment = segment(range, after: previous)
      Files.write(timeline.path + "/" + BackupNames.segment(range.lowerBound, range.upperBound), segment.encoded())
      previous = segment.digest
    }
    return timeline
  }
}
