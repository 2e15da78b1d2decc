import Base
import Crypto
import TestSupport
import Testing

@testable import Backup

@Suite("The log behind a copy of a cluster") struct ClusterLogTests {
  private static let bytes = 1 << 20

  private func name(_ place: Int, history: Int = 1) -> String {
    func padded(_ number: Int) -> String {
      let text = String(number, radix: 16, uppercase: true)
      return String(repeating: "0", count: 8 - text.count) + text
    }
    return padded(history) + padded(0) + padded(place)
  }

  private func remove(_ path: String) { #expect(throws: Never.self) { try SystemFolder.remove(path) } }

  private func fill(_ log: ClusterLog, _ places: [Int]) {
    for place in places { Files.write(log.path + "/" + name(place), [UInt8](repeating: UInt8(place), count: Self.bytes)) }
  }

  private func backup(first: Int, last: Int, log: ClusterLog?, ended: Int64 = 0) -> ClusterBackup {
    ClusterBackup(
      service: "shop", server: 15, ended: Timestamp(microseconds: ended * 1_000_000), bytes: 1, firstLog: name(first),
      lastLog: name(last), log: log?.name, version: "1")
  }

  /// A folder with a log of the places 2 to 6, proven second by second, and 7 that is being received.
  private func withLog(_ body: (_ folder: BackupFolder, _ log: ClusterLog) throws -> Void) throws {
    let temporary = try TemporaryFolder()
    defer { temporary.remove() }
    let folder = BackupFolder(temporary.path + "/backups")
    let log = try folder.beginLog(at: Timestamp(microseconds: 0))
    for place in 2...6 {
      fill(log, [place])
      #expect(try log.prove(now: Timestamp(microseconds: Int64(place) * 1_000_000)) == 1)
    }
    Files.write(log.path + "/" + name(7) + ClusterLog.partialSuffix, [UInt8](repeating: 0, count: Self.bytes))
    try body(folder, log)
  }

  private func complaint(_ log: ClusterLog, _ backup: ClusterBackup, until: Int64? = nil) -> String? {
    do throws(BackupError) {
      try log.check(behind: backup, until: until.map { Timestamp(microseconds: $0 * 1_000_000) })
      return nil
    } catch {
      return error.message
    }
  }

  @Test("is whole, and each file is proven once") func whole() throws {
    try withLog { (folder, log) throws in
      #expect(try log.prove(now: Timestamp(microseconds: 0)) == 0)
      #expect(complaint(log, backup(first: 2, last: 3, log: log)) == nil)
      #expect(complaint(log, backup(first: 4, last: 4, log: log)) == nil)
      // The copy has all of it, and more.
      #expect(complaint(log, backup(first: 8, last: 9, log: log)) == nil)
      #expect(try log.end() == "0000000000000007")
      #expect(try folder.logs() == [log])
      #expect(folder.log(of: backup(first: 2, last: 2, log: log)) == log)
    }
  }

  @Test("names any file that has changed, whichever byte", arguments: [0, 500_000, (1 << 20) - 1]) func changed(byte: Int) throws {
    try withLog { (_, log) throws in
      let path = log.path + "/" + name(4)
      var bytes = try #require(Files.read(path))
      bytes[byte] ^= 1
      Files.write(path, bytes)
      #expect(complaint(log, backup(first: 2, last: 3, log: log))?.contains(name(4)) == true)
      // What was committed before it was received does not need it; nor does a copy that was made behind it.
      #expect(complaint(log, backup(first: 2, last: 3, log: log), until: 2) == nil)
      #expect(complaint(log, backup(first: 5, last: 5, log: log)) == nil)
      #expect(complaint(log, backup(first: 2, last: 3, log: log), until: 3)?.contains(name(4)) == true)
    }
  }

  @Test("names a file that is cut, empty, or longer", arguments: [0, 1, 1 << 19, (1 << 20) + 1]) func otherSize(count: Int) throws {
    try withLog { (_, log) throws in
      Files.write(log.path + "/" + name(4), [UInt8](repeating: 4, count: count))
      #expect(complaint(log, backup(first: 2, last: 3, log: log)) != nil)
    }
  }

  @Test("names a file that is missing", arguments: [3, 4, 6]) func missing(place: Int) throws {
    try withLog { (_, log) throws in
      remove(log.path + "/" + name(place))
      #expect(complaint(log, backup(first: 2, last: 2, log: log))?.contains("lacks the file ...\(name(place).dropFirst(8))") == true)
    }
  }

  @Test("lacks what lies between a copy and where receiving began") func hole() throws {
    try withLog { (_, log) throws in
      #expect(complaint(log, backup(first: 0, last: 0, log: log))?.contains("...0000000000000001") == true)
      #expect(complaint(log, backup(first: 0, last: 1, log: log)) == nil)
    }
  }

  @Test("has a proof of every file but the last") func unproven() throws {
    try withLog { (_, log) throws in
      remove(log.path + "/" + name(6) + ".json")
      #expect(complaint(log, backup(first: 2, last: 2, log: log)) == nil)
      remove(log.path + "/" + name(4) + ".json")
      #expect(complaint(log, backup(first: 2, last: 2, log: log))?.contains(name(4)) == true)
      // One of another file is none.
      Files.write(log.path + "/" + name(4) + ".json", try #require(Files.read(log.path + "/" + name(3) + ".json")))
      #expect(complaint(log, backup(first: 2, last: 2, log: log))?.contains(name(4)) == true)
    }
  }

  @Test(
    "goes on from file to file",
    arguments: [
      ("0000000000000001", 1 << 24, "0000000000000002"), ("00000000000000FE", 1 << 24, "00000000000000FF"),
      ("00000000000000FF", 1 << 24, "0000000100000000"), ("0000000A00000003", 1 << 30, "0000000B00000000"),
      ("0000000000000FFF", 1 << 20, "0000000100000000"), ("FFFFFFFF000000FF", 1 << 24, "10000000000000000"),
    ] as [(String, Int64, String)]) func next(place: String, bytes: Int64, next: String)
  {
    #expect(ClusterLog.next(place, bytes: bytes) == next)
    for odd in [0, -1, 3 << 20, 1 << 19, 1 << 31, Int64.max, Int64.min] { #expect(ClusterLog.next(place, bytes: odd) == nil) }
  }

  @Test("ends with the last of several histories") func histories() throws {
    try withLog { (_, log) throws in
      Files.write(log.path + "/" + name(7, history: 2), [UInt8](repeating: 9, count: Self.bytes))
      Files.write(log.path + "/00000002.history", [1])
      #expect(try log.prove(now: Timestamp(microseconds: 9)) == 1)
      #expect(complaint(log, backup(first: 2, last: 2, log: log)) == nil)
    }
  }

  @Test("stays with the copies that are kept") func kept() throws {
    try withLog { (folder, log) throws in
      func place(_ backup: ClusterBackup) throws -> ClusterBackup {
        var backup = backup
        backup.path = try folder.begin(try .random(), at: backup.ended).path
        Files.write(backup.path + "/" + ClusterBackup.manifestName, backup.encoded())
        return backup
      }
      let first = try place(backup(first: 2, last: 2, log: log, ended: 100))
      let second = try place(backup(first: 4, last: 4, log: log, ended: 200))
      let retention = BackupRetention(keep: .seconds(50))
      func pruned(_ now: Int64) throws -> [Int] {
        let removed = try folder.pruneClusters(retention, now: Timestamp(microseconds: now * 1_000_000))
        return [removed.copies, removed.files]
      }
      #expect(try pruned(249) == [0, 0])
      // A manifest that cannot be read is no reason to delete.
      let manifest = first.path + "/" + ClusterBackup.manifestName
      Files.write(manifest, [1])
      #expect(try pruned(250) == [0, 0])
      Files.write(manifest, first.encoded())
      #expect(try pruned(250) == [1, 2])
      #expect(try folder.clusters().count == 1)
      #expect(complaint(log, second) == nil)
      #expect(try folder.cluster(at: nil) == second)
      #expect(throws: BackupError.self) { try folder.cluster(at: Timestamp(microseconds: 199_999_999)) }
      // The log of a folder that nobody needs goes with the last copy of it.
      let next = try folder.beginLog(at: Timestamp(microseconds: 300_000_000))
      fill(next, [1])
      _ = try place(backup(first: 1, last: 1, log: next, ended: 300))
      #expect(try pruned(350) == [1, 3])
      #expect(try folder.logs() == [next])
    }
  }

  @Test("a copy that was broken off goes, and one that is being made stays") func drafts() throws {
    let temporary = try TemporaryFolder()
    defer { temporary.remove() }
    let folder = BackupFolder(temporary.path)
    let (dead, alive) = (try folder.begin(try .random(), at: BackupFiles.time(1)), try folder.begin(try .random(), at: BackupFiles.time(2)))
    Files.write(dead.path + "/" + ClusterBackup.lockName, [])
    Files.write(dead.path + "/cluster.part", [])
    let lock = try LockFile(path: alive.path + "/" + ClusterBackup.lockName)
    try folder.removeDrafts()
    #expect(try folder.timelines().map(\.path) == [alive.path])
    withExtendedLifetime(lock) {}
  }

  @Test("no byte of a manifest can change unseen") func manifest() throws {
    let log = ClusterLog(path: "", name: "wal-20260131T100000.123456Z-1a2b3c4d")
    let bytes = backup(first: 2, last: 3, log: log).encoded()
    #expect(try ClusterBackup(bytes) == backup(first: 2, last: 3, log: log))
    for place in bytes.indices {
      var broken = bytes
      broken[place] ^= 1
      #expect(throws: BackupError.self) { try ClusterBackup(broken) }
      #expect(throws: BackupError.self) { try ClusterBackup(Array(bytes[..<place])) }
    }
  }
}
