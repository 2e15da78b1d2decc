import Base
import TestSupport
import Testing

@testable import Backup

@Suite("A recovery") struct RecoveryPlanTests {
  private let begun = Timestamp(microseconds: 0)

  private func withTimeline(
    bases: [UInt64] = [0], segments: [ClosedRange<UInt64>] = [1...2, 3...5, 6...6], _ body: (BackupFolder, Timeline) throws -> Void
  ) throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    try body(BackupFolder(folder.path), try BackupFiles.timeline(in: folder, begun: begun, bases: bases, segments: segments))
  }

  private func numbers(_ plan: RecoveryPlan) throws -> ([UInt64], RecoveryPlan.End) {
    var numbers: [UInt64] = []
    let end = try plan.forEachCommit { numbers.append($0.number) }
    return (numbers, end)
  }

  @Test("takes the log to its end, or to a moment") func moments() throws {
    try withTimeline { (folder, _) throws in
      let (all, end) = try numbers(folder.recovery(at: nil))
      #expect(all == [1, 2, 3, 4, 5, 6])
      #expect(end == RecoveryPlan.End(commit: 6, time: BackupFiles.time(6), commits: 6, segments: 3))
      // To the microsecond.
      #expect(try numbers(folder.recovery(at: BackupFiles.time(4))).0 == [1, 2, 3, 4])
      #expect(try numbers(folder.recovery(at: Timestamp(microseconds: 3_999_999))).0 == [1, 2, 3])
      #expect(try numbers(folder.recovery(at: begun)).0 == [])
      #expect(throws: BackupError.self) { try folder.recovery(at: Timestamp(microseconds: -1)) }
    }
  }

  @Test("begins with the newest base that is old enough") func bases() throws {
    try withTimeline(bases: [0, 4]) { (folder, _) throws in
      #expect(try numbers(folder.recovery(at: nil)).0 == [5, 6])
      #expect(try folder.recovery(at: BackupFiles.time(3)).manifest.commit == 0)
    }
  }

  @Test("names a segment that is missing", arguments: [1...2, 3...5]) func missing(_ gone: ClosedRange<UInt64>) throws {
    try withTimeline { (folder, timeline) throws in
      try SystemFolder.remove(timeline.path + "/" + BackupNames.segment(gone.lowerBound, gone.upperBound))
      let error = #expect(throws: BackupError.self) { try numbers(folder.recovery(at: nil)) }
      #expect(error?.code == .missing)
      #expect(error?.message.contains("commits \(gone.lowerBound) to \(gone.upperBound)") == true)
    }
  }

  @Test("names a segment of which a byte was changed, and takes nothing from it") func damaged() throws {
    try withTimeline { (folder, timeline) throws in
      let path = timeline.path + "/" + BackupNames.segment(3, 5)
      let whole = Files.read(path) ?? []
      for place in stride(from: 0, to: whole.count, by: 97) {
        var bytes = whole
        bytes[place] ^= 0xff
        Files.write(path, bytes)
        var taken: [UInt64] = []
        let error = #expect(throws: BackupError.self) {
          try folder.recovery(at: nil).forEachCommit { taken.append($0.number) }
        }
        #expect(error?.code == .damaged)
        #expect(error?.message.contains(path) == true)
        #expect(taken == [1, 2])
      }
      // A moment before it is not touched by it.
      #expect(throws: Never.self) { try numbers(folder.recovery(at: nil).until(BackupFiles.time(1))) }
    }
  }

  @Test("refuses a whole segment that stands in another's place") func replaced() throws {
    try withTimeline { (folder, timeline) throws in
      var other = BackupFiles.segment(3...5, after: [UInt8](repeating: 1, count: 32))
      Files.write(timeline.path + "/" + BackupNames.segment(3, 5), other.encoded())
      let error = #expect(throws: BackupError.self) { try numbers(folder.recovery(at: nil)) }
      #expect(error?.message.contains("does not follow") == true)
      // Of another name than its commits.
      Files.write(timeline.path + "/" + BackupNames.segment(3, 5), Files.read(timeline.path + "/" + BackupNames.segment(1, 2)) ?? [])
      #expect(throws: BackupError.self) { try numbers(folder.recovery(at: nil)) }
    }
  }

  @Test("names a manifest that cannot be read, and does without it for an earlier moment") func manifest() throws {
    try withTimeline { (folder, timeline) throws in
      var newer = timeline
      newer.path = folder.path + "/19700101T000100.000000Z-00000000"
      try SystemFolder.create(newer.path)
      Files.write(newer.path + "/" + BackupNames.manifest(0), Array("{}\n".utf8))
      let error = #expect(throws: BackupError.self) { try folder.recovery(at: nil) }
      #expect(error?.message.contains(newer.path) == true)
      #expect(try folder.recovery(at: BackupFiles.time(2)).timeline.name == timeline.name)
    }
  }

  @Test("goes on with the log where a copy was made by command beside it") func copyBeside() throws {
    let files = try TemporaryFolder()
    defer { files.remove() }
    let folder = BackupFolder(files.path)
    let log = try BackupFiles.timeline(in: files, begun: begun, bases: [0], segments: [1...2, 3...6])
    let copy = try BackupFiles.timeline(in: files, begun: Timestamp(microseconds: 4_500_000), bases: [0], isCopy: true)
    #expect(try folder.timelines().map(\.isCopy) == [false, true])
    #expect(try numbers(folder.recovery(at: nil)).0 == [1, 2, 3, 4, 5, 6])
    #expect(try numbers(folder.recovery(at: BackupFiles.time(5))).0 == [1, 2, 3, 4, 5])
    // Just its moment, and where the log ends before it.
    #expect(try folder.recovery(at: Timestamp(microseconds: 4_500_000)).timeline.name == copy.name)
    // A log that cannot be read is told of by whoever takes it.
    let last = log.path + "/" + BackupNames.segment(3, 6)
    let whole = Files.read(last) ?? []
    Files.write(last, [1])
    #expect(throws: BackupError.self) { try numbers(folder.recovery(at: nil)) }
    Files.write(last, whole)
    try SystemFolder.remove(last)
    #expect(try folder.recovery(at: nil).timeline.name == copy.name)
    #expect(try numbers(folder.recovery(at: BackupFiles.time(4))).0 == [1, 2])
  }

  @Test("takes the later run also where the clock was set back before it") func setBack() throws {
    let files = try TemporaryFolder()
    defer { files.remove() }
    let folder = BackupFolder(files.path)
    try BackupFiles.timeline(in: files, begun: BackupFiles.time(1000), bases: [0], segments: [1...2])
    let later = try folder.begin(BackupFiles.id, at: begun)
    Files.write(later.path + "/" + BackupNames.base(0), [1, 2, 3])
    Files.write(later.path + "/" + BackupNames.manifest(0), BackupFiles.manifest(0, bytes: [1, 2, 3]).encoded())
    for time in [nil, BackupFiles.time(10), BackupFiles.time(2000)] {
      #expect(try folder.recovery(at: time).timeline.name == later.name)
    }
  }

  @Test("refuses a folder that no later one can follow") func lastName() throws {
    let files = try TemporaryFolder()
    defer { files.remove() }
    let folder = BackupFolder(files.path)
    _ = try folder.begin(BackupFiles.id, at: .maximum)
    let error = #expect(throws: BackupError.self) { try folder.begin(BackupFiles.id, at: begun) }
    #expect(error?.message.contains("99991231T235959.999999Z") == true)
  }

  @Test("finds the timeline that was begun last, also of two in one moment, and where the clock was set back") func order() throws {
    try withTimeline { (folder, first) throws in
      for moment in [begun, BackupFiles.time(5), BackupFiles.time(5), BackupFiles.time(2)] {
        let next = try folder.begin(try TimelineID.random(), at: moment)
        #expect(try folder.timelines().last?.name == next.name)
      }
      #expect(try folder.timelines().first?.name == first.name)
      #expect(try folder.timelines().count == 5)
    }
  }

  @Test("knows nothing of a copy without a manifest, and of files of others") func drafts() throws {
    try withTimeline(bases: []) { (folder, timeline) throws in
      Files.write(timeline.path + "/" + BackupNames.base(0) + BackupNames.draftSuffix, [1])
      Files.write(timeline.path + "/" + BackupNames.base(0), [1])
      Files.write(folder.path + "/README", [1])
      let error = #expect(throws: BackupError.self) { try folder.recovery(at: nil) }
      #expect(error?.code == BackupError.Code.none)
      #expect(try BackupEntry.all(in: folder).isEmpty)
    }
  }
}

extension RecoveryPlan {
  fileprivate func until(_ time: Timestamp) -> RecoveryPlan {
    var plan = self
    plan.until = time
    return plan
  }
}
