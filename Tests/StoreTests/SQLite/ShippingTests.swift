import Backup
import Base
import Store
import Synchronization
import TestSupport
import Testing

@testable import SQLiteStore

@Suite("A shipped log", .timeLimit(.minutes(5))) struct ShippingTests {
  private static let insert = Statement(text: "INSERT INTO t (body) VALUES (?1)", parameters: [.bytes])

  /// A store that ships into `backups` beside it.
  private struct Shipped {
    let folder: TemporaryFolder
    let store: SQLiteStore
    let events: Events
    var backups: BackupFolder { BackupFolder(folder.path + "/backups") }

    func gauge(_ name: String) -> Double { store.gauges().first { $0.name == name }?.value ?? -1 }

    /// Until everything that was committed is in the folder, with a copy.
    func settle() async {
      while gauge("backup_copy_timestamp_seconds") <= 0 || gauge("backup_waiting_bytes") > 0 { await Task.yield() }
    }

    func write(_ count: Int, bytes: Int = 3000) async throws {
      for number in 0..<count {
        let body = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: bytes)
        guard case .committed = try await store.write(WriteBatch([.run(ShippingTests.insert, [.bytes(body)], rows: 1)])) else {
          throw StoreError(.storage, "not committed")
        }
      }
    }

    /// The backup at a moment, restored: its report and its file.
    func restored(at time: Timestamp? = nil) throws -> (report: DatabaseRestore.Report, bytes: [UInt8]) {
      let path = folder.path + "/second.db"
      defer { DatabaseRestore.remove(path) }
      let report = try DatabaseRestore.write(backups.recovery(at: time), to: path, countsBase: true) { _ in }
      return (report, Files.read(path) ?? [])
    }

    /// All commits of the newest timeline.
    func commits() throws -> [LoggedCommit] {
      guard let timeline = try backups.timelines().last else { return [] }
      return try timeline.segments.flatMap { (range) throws(BackupError) in try timeline.segment(range).commits }
    }
  }

  private final class Events: Sendable {
    private let all = Mutex<[ShippingEvent]>([])
    func add(_ event: ShippingEvent) { all.withLock { $0.append(event) } }
    func count(_ isMeant: (ShippingEvent) -> Bool) -> Int { all.withLock { $0.count(where: isMeant) } }
    var copies: Int { count { if case .copied = $0 { true } else { false } } }
    var breaks: Int { count { if case .broken = $0 { true } else { false } } }
    var failures: Int { count { if case .failing = $0 { true } else { false } } }
  }

  private func withStore(
    _ change: (inout SQLiteOptions) -> Void = { _ in }, prepare: (TemporaryFolder) throws -> Void = { _ in },
    _ body: (Shipped) async throws -> Void
  ) async throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    try prepare(folder)
    let events = Events()
    var options = SQLiteOptions()
    options.shipping = ShippingOptions(
      folder: folder.path + "/backups", service: "shop", every: .seconds(3600), keep: .seconds(86_400), interval: .milliseconds(20),
      version: "1", report: events.add)
    change(&options)
    let store = try SQLiteStore(path: folder.path + "/test.db", options: options)
    do {
      try await store.define(["CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB)"])
      try await body(Shipped(folder: folder, store: store, events: events))
    } catch {
      await store.close()
      throw error
    }
    await store.close()
  }

  private func count(_ report: DatabaseRestore.Report) -> Int64 { report.rows["t"] ?? 0 }

  @Test("leads to every one of its commits") func everyCommit() async throws {
    try await withStore { shipped in
      try await shipped.write(60)
      await shipped.settle()
      let commits = try shipped.commits()
      #expect(commits.map(\.number) == Array(1...UInt64(commits.count)))
      // Of two commits in one microsecond both are there or none.
      let times = Dictionary(grouping: commits, by: \.time).mapValues { $0.map(\.number).max() ?? 0 }
      let base = try shipped.backups.recovery(at: nil).manifest
      for (time, number) in times where time >= base.time {
        let report = try shipped.restored(at: time).report
        #expect(report.end.commit == max(number, base.commit))
        #expect(report.miscounted.isEmpty)
        // The last 60 commits made a row each.
        #expect(count(report) == max(0, 60 - Int64(commits.count) + Int64(report.end.commit)))
      }
      #expect(count(try shipped.restored().report) == 60)
    }
  }

  @Test("is whole to the byte, however often the log is begun anew, and after the end") func bytes() async throws {
    let change = { (options: inout SQLiteOptions) in options.checkpointPages = 20 }
    try await withStore(change) { shipped in
      await shipped.settle()
      for round in 0..<20 {
        try await shipped.write(15, bytes: 500 * round)
        if round % 5 == 0 { await shipped.settle() }
      }
      let salts = Set(try shipped.commits().map(\.salts))
      #expect(salts.count > 2)
      await shipped.store.close()
      // What came last was shipped before the store was closed.
      let (report, bytes) = try shipped.restored()
      #expect(count(report) == 300)
      #expect(bytes == Files.read(shipped.folder.path + "/test.db"))
      #expect(shipped.events.breaks == 0)
      #expect(!shipped.folder.names.contains { $0.hasSuffix("-wal") })
    }
  }

  @Test("has transactions that were larger than the cache, and nothing of those that were undone") func spilled() async throws {
    let change = { (options: inout SQLiteOptions) in options.cacheKibibytes = 64 }
    try await withStore(change) { shipped in
      await shipped.settle()
      let many = (0..<200).map { _ in WriteBatch.Step.run(Self.insert, [.bytes([UInt8](repeating: 1, count: 5000))], rows: 1) }
      let refused = WriteBatch(many + [.run(Self.insert, [.bytes([1])], rows: 7)])
      for _ in 0..<3 {
        guard case .unexpectedRows = try await shipped.store.write(refused) else { throw StoreError(.storage, "was not refused") }
        guard case .committed = try await shipped.store.write(WriteBatch(many)) else { throw StoreError(.storage, "not committed") }
        try await shipped.write(3)
      }
      await shipped.store.close()
      let (report, bytes) = try shipped.restored()
      #expect(count(report) == 609)
      #expect(bytes == Files.read(shipped.folder.path + "/test.db"))
    }
  }

  @Test("is followed by a new copy where commits did not fit, and no write waits or fails") func overflow() async throws {
    let change = { (options: inout SQLiteOptions) -> Void in options.shipping?.bytesMax = 100_000 }
    try await withStore(change) { shipped in
      await shipped.settle()
      try await shipped.write(1, bytes: 300_000)
      while shipped.events.breaks == 0 || shipped.events.copies < 2 { await Task.yield() }
      try await shipped.write(5)
      await shipped.settle()
      #expect(count(try shipped.restored().report) == 6)
      #expect(try shipped.backups.timelines().count >= 2)
    }
  }

  /// Somebody's `sqlite3 test.db "UPDATE ..."` beside the service, in pages that no commit of ours touches, in a log that is begun anew
  /// before the next one.
  @Test("begins anew where others have written into the file, before the next commit and before a copy") func others() async throws {
    try await withStore { shipped in
      try await shipped.write(200)
      await shipped.settle()
      let path = shipped.folder.path + "/test.db"
      let other = try Connection(path: path, role: .writer, options: SQLiteOptions())
      defer { other.close() }
      for round in 1...3 {
        try other.execute("UPDATE t SET body = zeroblob(2999) WHERE id = \(40 * round)")
        let log = try other.checkpoint()
        try #require(log.pages == log.copied)
        try await shipped.write(1)
        while shipped.events.breaks < round || shipped.events.copies < 1 + round { await Task.yield() }
        await shipped.settle()
        let (report, bytes) = try shipped.restored()
        #expect(count(report) == 200 + Int64(round))
        #expect(report.miscounted.isEmpty)
        let restored = shipped.folder.path + "/look.db"
        Files.write(restored, bytes)
        let look = try Connection(path: restored, role: .checkpointer, options: SQLiteOptions())
        #expect(try look.rows("SELECT count(*) FROM t WHERE length(body) = 2999").first?.first == String(round))
        look.close()
        DatabaseRestore.remove(restored)
      }
      // Our own commits, and copying the log, are nobody else's.
      let breaks = shipped.events.breaks
      try await shipped.write(50)
      await shipped.settle()
      #expect(shipped.events.breaks == breaks)
    }
  }

  @Test("waits for a folder that is away, says so, and goes on when it is there") func away() async throws {
    // A file stands where the folder shall be.
    let prepare = { (folder: TemporaryFolder) in _ = folder.write("backups", [1]) }
    try await withStore(prepare: prepare) { shipped in
      while shipped.store.backupTrouble == nil { await Task.yield() }
      #expect(shipped.store.backupTrouble?.contains(shipped.folder.path) == true)
      try await shipped.write(20)
      try SystemFolder.remove(shipped.folder.path + "/backups")
      await shipped.settle()
      while shipped.store.backupTrouble != nil { await Task.yield() }
      #expect(count(try shipped.restored().report) == 20)
      #expect(shipped.events.failures == 1)
    }
  }

  @Test("goes on with the same segment where the folder was away for a while") func interrupted() async throws {
    try await withStore { shipped in
      try await shipped.write(5)
      await shipped.settle()
      let timeline = try #require(try shipped.backups.timelines().last)
      try SystemFolder.move(timeline.path, to: timeline.path + ".away")
      try await shipped.write(20)
      while shipped.store.backupTrouble == nil { await Task.yield() }
      try await shipped.write(20)
      try SystemFolder.move(timeline.path + ".away", to: timeline.path)
      while shipped.store.backupTrouble != nil { await Task.yield() }
      await shipped.settle()
      #expect(try shipped.backups.timelines().count == 1)
      #expect(count(try shipped.restored().report) == 45)
      #expect(shipped.events.breaks == 0)
    }
  }

  @Test("ends with the store, also while its folder is away or a copy is made") func ending() async throws {
    for round in 0..<5 {
      let prepare = { (folder: TemporaryFolder) in if round == 0 { _ = folder.write("backups", [1]) } }
      try await withStore(prepare: prepare) { shipped in
        if round > 0 { try await shipped.write(100 * round, bytes: 20_000) }
      }
    }
  }

  @Test("has further copies on the way, and old ones go") func schedule() async throws {
    let change = { (options: inout SQLiteOptions) in
      options.shipping?.every = .milliseconds(100)
      options.shipping?.keep = .milliseconds(300)
    }
    try await withStore(change) { shipped in
      while shipped.events.copies < 8 { try await shipped.write(3) }
      await shipped.settle()
      let timeline = try #require(try shipped.backups.timelines().last)
      let copies = shipped.events.copies
      #expect(!timeline.bases.isEmpty && timeline.bases.count < copies)
      #expect(timeline.segments.first.map { $0.lowerBound > 1 } == true)
      // From each copy on to the same end.
      var end = try unlessGone { try shipped.restored() }
      while end == nil { end = try unlessGone { try shipped.restored() } }
      for base in timeline.bases {
        let path = shipped.folder.path + "/third.db"
        defer { DatabaseRestore.remove(path) }
        let report = try unlessGone {
          let plan = RecoveryPlan(timeline: timeline, manifest: try timeline.manifest(base), until: end?.report.end.time)
          return try DatabaseRestore.write(plan, to: path, countsBase: true) { _ in }
        }
        guard let report else { continue }
        #expect(report.miscounted.isEmpty)
        #expect(report.rows == end?.report.rows)
      }
    }
  }

  /// Nil where a file went while it was read, because it is kept no longer.
  private func unlessGone<T>(_ body: () throws -> T) throws -> T? {
    do {
      return try body()
    } catch let error as BackupError where error.message.hasSuffix("No such file or directory") {
      return nil
    }
  }
}
