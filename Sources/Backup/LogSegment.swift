import Base
import Crypto

/// A file of commits that follow each other: a piece of a database's write-ahead log, kept elsewhere.
///
/// ```
/// "MARTLOG1"  8 octets
/// timeline   16 octets     page size  4 octets     commits  4 octets
/// previous   32 octets     the digest at the end of the segment before it; zeros for a timeline's first
/// commits                  number, time, salts, position, pages of the database, pages; and the pages
/// digest     32 octets     SHA-256 of all that stands before it
/// ```
package struct LogSegment: Sendable, Equatable {
  package var timeline: TimelineID
  package var pageSize: Int
  /// What the segment before it ends in.
  package var previous: [UInt8]
  package var commits: [LoggedCommit]
  /// What the segment after it must name.
  package private(set) var digest: [UInt8] = []

  private static let mark = Array("MARTLOG1".utf8)
  private static let headerBytes = 8 + TimelineID.count + 4 + 4 + SHA256Digest.count
  /// A segment with more is none of ours.
  package static let bytesMax = 1 << 30

  package static let noPrevious = [UInt8](repeating: 0, count: SHA256Digest.count)

  package init(timeline: TimelineID, pageSize: Int, previous: [UInt8], commits: [LoggedCommit]) {
    self.timeline = timeline
    self.pageSize = pageSize
    self.previous = previous
    self.commits = commits
  }

  /// The file's bytes; `digest` is known from then on.
  package mutating func encoded() -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(LogSegment.headerBytes + SHA256Digest.count + commits.reduce(0) { $0 + LoggedCommit.headerBytes + $1.pages.count })
    out.append(contentsOf: LogSegment.mark)
    out.append(contentsOf: timeline.bytes)
    out.append(bigEndian: UInt32(clamping: pageSize))
    out.append(bigEndian: UInt32(clamping: commits.count))
    out.append(contentsOf: previous)
    for commit in commits { commit.append(to: &out, pageSize: pageSize) }
    digest = SHA256.hash(out).bytes
    out.append(contentsOf: digest)
    return out
  }

  /// Reads a file's bytes.
  ///
  /// - Throws: what is wrong with them, without the file's name.
  package init(_ bytes: [UInt8]) throws(BackupError) {
    guard bytes.count >= LogSegment.headerBytes + SHA256Digest.count else { throw LogSegment.damaged("it has \(bytes.count) bytes") }
    let end = bytes.count - SHA256Digest.count
    guard SHA256.hash(bytes[..<end]).bytes == Array(bytes[end...]) else { throw LogSegment.damaged("its checksum is another") }
    var reader = ByteReader(bytes)
    guard let mark = reader.take(8), Array(mark) == LogSegment.mark else { throw LogSegment.damaged("it is no segment of a log") }
    guard let id = reader.take(TimelineID.count), let pageSize = reader.number32(), PageSize.isValid(Int(pageSize)),
      let count = reader.number32(), let previous = reader.take(SHA256Digest.count)
    else { throw LogSegment.damaged("its head makes no sense") }
    self.init(timeline: TimelineID(Array(id)), pageSize: Int(pageSize), previous: Array(previous), commits: [])
    digest = Array(bytes[end...])
    for _ in 0..<count {
      guard let commit = LoggedCommit(&reader, pageSize: self.pageSize), reader.left >= SHA256Digest.count else {
        throw LogSegment.damaged("a commit is cut off")
      }
      if let last = commits.last, commit.number != last.number &+ 1 || commit.time < last.time {
        throw LogSegment.damaged("its commits do not follow each other")
      }
      commits.append(commit)
    }
    guard reader.left == SHA256Digest.count, !commits.isEmpty else { throw LogSegment.damaged("it has more than it says") }
  }

  private static func damaged(_ why: String) -> BackupError { BackupError(.damaged, why) }
}

/// What a database's pages may have.
package enum PageSize {
  package static func isValid(_ bytes: Int) -> Bool { (512...65_536).contains(bytes) && bytes & (bytes - 1) == 0 }
}
