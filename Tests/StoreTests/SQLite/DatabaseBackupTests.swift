import Backup
import Base
import Store
import TestSupport
import Testing

@testable import SQLiteStore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@Suite("A backup of a SQLite database", .timeLimit(.minutes(2))) struct DatabaseBackupTests {
  private static let insert = Statement(text: "INSERT INTO t (body) VALUES (?1)", parameters: [.bytes])

  private func withStore(_ body: (SQLiteStore, TemporaryFolder) async throws -> Void) async throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let store = try SQLiteStore(path: folder.path + "/test.db")
    do {
      try await store.define(["CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB)", "CREATE TABLE \"odd \"\" name\" (id INTEGER)"])
      try await body(store, folder)
    } catch {
      await store.close()
      throw error
    }
    await store.close()
  }

  private func write(_ count: Int, _ store: SQLiteStore) async throws {
    for _ in 0..<count {
      let batch = WriteBatch([.run(Self.insert, [.bytes([UInt8](repeating: 7, count: 3000))], rows: 1)])
      guard case .committed = try await store.write(batch) else { throw StoreError(.storage, "not committed") }
    }
  }

  /// A base of the store's database as it is now.
  private func base(
    _ path: String, in folder: TemporaryFolder, goesOn: (Int) -> Bool = { _ in true }
  ) throws -> (BackupFolder, Timeline, BaseManifest) {
    let backups = BackupFolder(folder.path + "/backups")
    let id = try TimelineID.random()
    let snapshot = try DatabaseSnapshot(path: path)
    try snapshot.begin()
    let timeline = try backups.begin(id, at: SystemClock().now)
    let making = BaseMaking(timeline: timeline, id: id, service: "shop", version: "1")
    return (backups, timeline, try making.make(of: snapshot, commit: 0, time: SystemClock().now, goesOn: goesOn))
  }

  private func restore(_ plan: RecoveryPlan, to path: String) throws -> DatabaseRestore.Report {
    try DatabaseRestore.write(plan, to: path, countsBase: true) { _ in }
  }

  @Test("is the moment that it was begun, whatever is written meanwhile") func snapshot() async throws {
    try await withStore { store, folder in
      try await write(200, store)
      let snapshot = try DatabaseSnapshot(path: store.path)
      try snapshot.begin()
      try await write(50, store)
      let backups = BackupFolder(folder.path + "/backups")
      let id = try TimelineID.random()
      let making = BaseMaking(timeline: try backups.begin(id, at: SystemClock().now), id: id, service: "shop", version: "1")
      let manifest = try making.make(of: snapshot, commit: 0, time: SystemClock().now) { _ in true }
      #expect(manifest.rows == ["t": 200, "odd \" name": 0])
      try await write(1, store)
      let report = try restore(backups.recovery(at: nil), to: folder.path + "/second.db")
      #expect(report.rows == manifest.rows)
      #expect(report.miscounted.isEmpty && report.dangling.isEmpty)
      // Nothing else is left behind by the look at it.
      #expect(!folder.names.contains { $0.hasPrefix("second.db-") })
      let second = try SQLiteStore(path: folder.path + "/second.db")
      try await write(1, second)
      #expect(try await second.inspect("SELECT count(*) FROM t", []) == [["201"]])
      await second.close()
      #expect(try await store.inspect("SELECT count(*) FROM t", []) == [["251"]])
    }
  }

  @Test("that is broken off leaves nothing that looks like one") func brokenOff() async throws {
    try await withStore { store, folder in
      try await write(1000, store)
      let error = #expect(throws: BackupError.self) { try base(store.path, in: folder) { $0 < 1 << 20 } }
      #expect(error?.code == .cancelled)
      let backups = BackupFolder(folder.path + "/backups")
      #expect(try backups.timelines().count == 1)
      #expect(try backups.timelines()[0].drafts.isEmpty)
      let none = #expect(throws: BackupError.self) { try backups.recovery(at: nil) }
      #expect(none?.code == BackupError.Code.none)
    }
  }

  @Test("of which a byte was changed is named and refused, and no file is left") func flips() async throws {
    try await withStore { store, folder in
      try await write(20, store)
      let (backups, timeline, manifest) = try base(store.path, in: folder)
      let path = timeline.path + "/" + manifest.file
      let whole = Files.read(path) ?? []
      try #require(whole.count > 20_000)
      for place in [0, 18, 99, 100, 4096, 5000, whole.count / 2, whole.count - 1] {
        var bytes = whole
        bytes[place] ^= 0x01
        Files.write(path, bytes)
        let error = #expect(throws: BackupError.self) { try restore(backups.recovery(at: nil), to: folder.path + "/second.db") }
        #expect(error?.code == .damaged)
        #expect(error?.message.contains(path) == true)
        #expect(!folder.names.contains { $0.hasPrefix("second.db") })
      }
      Files.write(path, Array(whole.dropLast(4096)))
      #expect(throws: BackupError.self) { try restore(backups.recovery(at: nil), to: folder.path + "/second.db") }
      #expect(try BackupEntry.all(in: backups)[0].problem?.contains(path) == true)
      try SystemFolder.remove(path)
      let error = #expect(throws: BackupError.self) { try restore(backups.recovery(at: nil), to: folder.path + "/second.db") }
      #expect(error?.code == .missing)
      #expect(error?.message.contains(path) == true)
    }
  }

  @Test("does not take the place of a database that is open, nor of one that nobody gave up") func replacing() async throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let path = folder.path + "/test.db"
    let store = try SQLiteStore(path: path)
    try await store.define(["CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB)"])
    try await write(3, store)
    let (backups, _, _) = try base(path, in: folder)
    try await write(4, store)
    let plan = try backups.recovery(at: nil)
    func replace(_ keepsOld: Bool) throws -> String? {
      try DatabaseRestore.replace(plan, at: path, keepsOld: keepsOld, countsBase: false, now: Timestamp(microseconds: 0)) { _ in }.old
    }
    for keepsOld in [true, false] {
      let error = #expect(throws: BackupError.self) { try replace(keepsOld) }
      #expect(error?.code == .occupied)
    }
    await store.close()
    let error = #expect(throws: BackupError.self) { try replace(false) }
    #expect(error?.code == .occupied)
    let old = try #require(try replace(true))
    #expect(old == path + ".before-19700101T000000Z")
    for (file, count) in [(path, "3"), (old, "7")] {
      let store = try SQLiteStore(path: file)
      #expect(try await store.inspect("SELECT count(*) FROM t", []) == [[count]])
      await store.close()
    }
  }

  @Test("takes the place of a database behind a link there, and again within the same second") func linked() async throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    try SystemFolder.create(folder.path + "/disk")
    let (path, real) = (folder.path + "/test.db", folder.path + "/disk/real.db")
    try #require(symlink("disk/real.db", path) == 0)
    let store = try SQLiteStore(path: path)
    try await store.define(["CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB)"])
    try await write(3, store)
    let (backups, _, _) = try base(path, in: folder)
    try await write(4, store)
    await store.close()
    let plan = try backups.recovery(at: nil)
    let olds = try (0..<3).map { _ in
      try DatabaseRestore.replace(plan, at: path, keepsOld: true, countsBase: false, now: Timestamp(microseconds: 0)) { _ in }.old
    }
    #expect(olds == ["", "-2", "-3"].map { real + ".before-19700101T000000Z" + $0 })
    for (file, count) in zip([path] + olds.compactMap(\.self), ["3", "7", "3", "3"]) {
      let store = try SQLiteStore(path: file)
      #expect(try await store.inspect("SELECT count(*) FROM t", []) == [[count]])
      await store.close()
    }
    #expect(try !SystemFolder.names(in: folder.path + "/disk").contains { $0.contains("restoring") })
  }

  @Test("leaves no draft where the old database cannot be set aside") func notSetAside() async throws {
    try await withStore { store, folder in
      try await write(5, store)
      let (backups, _, _) = try base(store.path, in: folder)
      // A name with the moment behind it would be too long.
      let path = folder.path + "/" + String(repeating: "x", count: 236)
      Files.write(path, [1])
      #expect(throws: BackupError.self) {
        try DatabaseRestore.replace(
          backups.recovery(at: nil), at: path, keepsOld: true, countsBase: false, now: Timestamp(microseconds: 0)
        ) { _ in }
      }
      #expect(!folder.names.contains { $0.contains("restoring") })
      #expect(SystemFolder.exists(path))
    }
  }

  @Test("is not read past its end") func tooLong() async throws {
    try await withStore { store, folder in
      try await write(5, store)
      let (backups, timeline, manifest) = try base(store.path, in: folder)
      let path = timeline.path + "/" + manifest.file
      let file = try DataFile(path, .writing)
      // A terabyte, of which nothing is on the disk.
      try file.truncate(to: 1 << 40)
      let error = #expect(throws: BackupError.self) { try restore(backups.recovery(at: nil), to: folder.path + "/second.db") }
      #expect(error?.code == .damaged)
      #expect(error?.message.contains(BackupNames.manifest(0)) == true)
    }
  }

  @Test("does not meet the log of the database that was there before") func staleLog() async throws {
    try await withStore { store, folder in
      try await write(5, store)
      let (backups, _, _) = try base(store.path, in: folder)
      let path = folder.path + "/other.db"
      // What a database that was lost leaves behind.
      Files.write(path + "-wal", Files.read(store.path + "-wal") ?? [])
      try #require((Files.read(path + "-wal") ?? []).count > 4096)
      let plan = try backups.recovery(at: nil)
      #expect(throws: BackupError.self) {
        try DatabaseRestore.replace(plan, at: path, keepsOld: false, countsBase: false, now: SystemClock().now) { _ in }
      }
      _ = try DatabaseRestore.replace(plan, at: path, keepsOld: true, countsBase: false, now: Timestamp(microseconds: 0)) { _ in }
      #expect(folder.names.contains("other.db.before-19700101T000000Z-wal"))
      #expect(!folder.names.contains("other.db-wal"))
    }
  }

  @Test("cannot be made of what is no database") func noDatabase() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    #expect(throws: BackupError.self) { try DatabaseSnapshot(path: folder.path + "/none.db") }
    let path = folder.write("text.db", [UInt8](repeating: 65, count: 5000))
    #expect(throws: BackupError.self) { try DatabaseSnapshot(path: path) }
    #expect(folder.names == ["text.db"])
  }
}
