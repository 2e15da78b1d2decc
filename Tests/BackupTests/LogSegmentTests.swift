import Base
import Crypto
import Testing

@testable import Backup

@Suite("A segment of the log") struct LogSegmentTests {
  private func encoded() -> [UInt8] {
    var segment = BackupFiles.segment(5...7)
    return segment.encoded()
  }

  @Test("is read as it was written") func roundTrip() throws {
    var segment = BackupFiles.segment(5...7, after: [UInt8](repeating: 9, count: 32))
    let bytes = segment.encoded()
    #expect(try LogSegment(bytes) == segment)
    var pages: [UInt32] = []
    segment.commits[0].forEachPage(of: BackupFiles.pageSize) { number, bytes in
      pages.append(number)
      #expect(bytes.allSatisfy { $0 == 5 } && bytes.count == BackupFiles.pageSize)
    }
    #expect(pages == [1, 3])
  }

  @Test("is refused with any byte changed") func flips() {
    let whole = encoded()
    for place in whole.indices {
      var bytes = whole
      bytes[place] ^= 0x10
      #expect(throws: BackupError.self) { try LogSegment(bytes) }
    }
  }

  @Test("is refused cut off anywhere, and with more behind it") func cuts() {
    let whole = encoded()
    for count in whole.indices { #expect(throws: BackupError.self) { try LogSegment(Array(whole[..<count])) } }
    #expect(throws: BackupError.self) { try LogSegment(whole + [0]) }
  }

  /// Bytes whose checksum is right, and whose numbers are nonsense.
  @Test("is refused where it makes no sense", arguments: [8 + 16, 8 + 16 + 4, 8 + 16 + 4 + 4 + 32, 8 + 16 + 4 + 4 + 32 + 32])
  func nonsense(_ place: Int) {
    for value in [UInt8(0x7f), 0xff, 0x80] {
      var bytes = Array(encoded().dropLast(32))
      for offset in 0..<4 { bytes[place + offset] = value }
      bytes += SHA256.hash(bytes).bytes
      #expect(throws: BackupError.self) { try LogSegment(bytes) }
    }
  }

  @Test("needs commits that follow each other, in number and time") func order() {
    let orders: [[LoggedCommit]] = [[], [BackupFiles.commit(1), BackupFiles.commit(3)], [BackupFiles.commit(2), BackupFiles.commit(1)]]
    for commits in orders {
      var segment = LogSegment(timeline: BackupFiles.id, pageSize: 512, previous: LogSegment.noPrevious, commits: commits)
      #expect(throws: BackupError.self) { try LogSegment(segment.encoded()) }
    }
    var early = BackupFiles.commit(2)
    early.time = Timestamp(microseconds: 0)
    var segment = LogSegment(
      timeline: BackupFiles.id, pageSize: 512, previous: LogSegment.noPrevious, commits: [BackupFiles.commit(1), early])
    #expect(throws: BackupError.self) { try LogSegment(segment.encoded()) }
  }
}

@Suite("The manifest of a base") struct BaseManifestTests {
  @Test("is read as it was written") func roundTrip() throws {
    let manifest = BackupFiles.manifest(12, bytes: [1])
    #expect(try BaseManifest(manifest.encoded()) == manifest)
  }

  @Test("is refused with any byte changed, and cut off anywhere") func damage() {
    let whole = BackupFiles.manifest(12, bytes: [1]).encoded()
    for place in whole.indices {
      var bytes = whole
      bytes[place] ^= 0x01
      #expect(throws: BackupError.self) { try BaseManifest(bytes) }
      #expect(throws: BackupError.self) { try BaseManifest(Array(whole[..<place])) }
    }
  }

  @Test("is refused where it lacks a part or speaks of another folder") func parts() {
    var manifest = BackupFiles.manifest(12, bytes: [1])
    manifest.file = "../base.db"
    #expect(throws: BackupError.self) { try BaseManifest(manifest.encoded()) }
    manifest.file = "base.db"
    manifest.pageSize = 1000
    #expect(throws: BackupError.self) { try BaseManifest(manifest.encoded()) }
  }
}
