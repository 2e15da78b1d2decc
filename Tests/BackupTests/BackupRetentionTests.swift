import Base
import TestSupport
import Testing

@testable import Backup

@Suite("What is kept of backups") struct BackupRetentionTests {
  private typealias Known = (timeline: Timeline, times: [UInt64: Timestamp])

  private func known(_ name: String, _ times: [UInt64: Int64], segments: [ClosedRange<UInt64>] = []) -> Known {
    var timeline = Timeline(path: name, name: name)
    timeline.bases = times.keys.sorted()
    timeline.segments = segments
    return (timeline, times.mapValues { Timestamp(microseconds: $0 * 1_000_000) })
  }

  private func removal(_ known: [Known], now: Int64, keep: Int64 = 100) -> BackupRetention.Removal {
    BackupRetention(keep: .seconds(keep)).removal(known, now: Timestamp(microseconds: now * 1_000_000))
  }

  @Test("is the newest copy older than the time that is kept, and all that came after") func anchor() {
    let all = [known("a", [0: 0]), known("b", [0: 50]), known("c", [0: 120]), known("d", [0: 180])]
    #expect(removal(all, now: 99).isEmpty)
    #expect(removal(all, now: 100).isEmpty)
    #expect(removal(all, now: 149).isEmpty)
    #expect(removal(all, now: 150).timelines == ["a"])
    #expect(removal(all, now: 230).timelines == ["a", "b"])
    // The last one stays however old it is.
    #expect(removal(all, now: 1_000_000).timelines == ["a", "b", "c"])
  }

  @Test("leaves out what lies before that copy in its own timeline") func within() {
    let one = known("a", [0: 0, 5: 50, 9: 90], segments: [1...3, 4...6, 7...9, 10...12])
    #expect(removal([one], now: 149).isEmpty)
    #expect(
      removal([one], now: 150).files == ["a/" + BackupNames.manifest(0), "a/" + BackupNames.base(0), "a/" + BackupNames.segment(1, 3)])
    #expect(removal([one], now: 200).files.contains("a/" + BackupNames.segment(7, 9)))
    #expect(!removal([one], now: 200).files.contains("a/" + BackupNames.segment(10, 12)))
  }

  /// A copy each night, beside a service that ships into one timeline for weeks.
  @Test("keeps the log that goes on beside copies by command") func copiesBeside() {
    var all = [known("a", [0: 0, 10: 60, 20: 120], segments: [1...10, 11...20, 21...30])]
    all += [known("b-copy", [0: 30]), known("c-copy", [0: 90]), known("d-copy", [0: 150])]
    #expect(removal(all, now: 135).isEmpty)
    #expect(removal(all, now: 165).timelines == ["b-copy"])
    #expect(
      removal(all, now: 165).files == ["a/" + BackupNames.manifest(0), "a/" + BackupNames.base(0), "a/" + BackupNames.segment(1, 10)])
    #expect(removal(all, now: 230).timelines == ["b-copy", "c-copy"])
    // The newest state of before the time that is kept stays.
    #expect(removal(all, now: 260).timelines == ["b-copy", "c-copy"])
    #expect(removal(all, now: 1_000_000).timelines == ["b-copy", "c-copy"])
    #expect(removal(Array(all[1...]), now: 1_000_000).timelines == ["b-copy", "c-copy"])
  }

  @Test("deletes nothing because of a copy that cannot be read") func unreadable() {
    var broken = known("b", [0: 50])
    broken.times = [:]
    #expect(removal([known("a", [0: 0]), broken], now: 1000).isEmpty)
    #expect(removal([known("a", [0: 0]), broken, known("c", [0: 60])], now: 1000).timelines == ["a", "b"])
  }

  @Test("has no bound that it breaks at") func bounds() {
    let keep = BackupRetention(keep: .seconds(Int64.max / 4))
    #expect(keep.removal([known("a", [0: 0])], now: .maximum).isEmpty)
    #expect(keep.removal([known("a", [0: 0])], now: .minimum).isEmpty)
  }

  @Test("is deleted from the disk, and what stays can be restored") func disk() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let day: Int64 = 86_400_000_000
    for number in 0..<4 {
      try BackupFiles.timeline(
        in: folder, begun: Timestamp(microseconds: Int64(number) * day), bases: [0, 3], segments: [1...2, 3...4, 5...6])
    }
    let backups = BackupFolder(folder.path)
    let now = Timestamp(microseconds: 4 * day)
    let removed = try backups.prune(BackupRetention(keep: .seconds(2 * 86_400 - 10)), now: now)
    #expect(removed.timelines.count == 2)
    #expect(try backups.timelines().count == 2)
    #expect(try backups.timelines()[0].bases == [3])
    #expect(try backups.timelines()[0].segments == [3...4, 5...6])
    let end = try backups.recovery(at: Timestamp(microseconds: 3 * day - 1)).forEachCommit { _ in }
    #expect(end.commit == 6)
    #expect(try backups.prune(BackupRetention(keep: .seconds(2 * 86_400 - 10)), now: now).isEmpty)
  }
}
