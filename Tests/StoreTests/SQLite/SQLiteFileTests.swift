import Base
import SQLiteStore
import Store
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@Suite("A SQLite file") struct SQLiteFile {
  private func inFolder(_ body: (String) async throws -> Void) async throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    try await body(folder.path + "/data/deep/test.db")
  }

  private func mode(_ path: String) -> mode_t {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
  }

  private func author(_ number: UInt64) -> WriteBatch {
    WriteBatch([Library.insert("authors", Library.id(number), ["name": .string("author \(number)")], dialect: .sqlite)])
  }

  @Test("is made with its folder, for its owner only") func modes() async throws {
    try await inFolder { path in
      let store = try SQLiteStore(path: path)
      try await store.ping()
      let folder = String(path.dropLast("/test.db".count))
      #expect(mode(folder) == 0o700)
      #expect(mode(path) == 0o600)
      await store.close()
      #expect(Files.names(in: folder) == ["test.db", "test.db.lock"])
    }
  }

  @Test("belongs to one store at a time") func lock() async throws {
    try await inFolder { path in
      let store = try SQLiteStore(path: path)
      let error = #expect(throws: StoreError.self) { _ = try SQLiteStore(path: path) }
      #expect(error?.code == .unavailable)
      #expect(error?.message.contains("\(getpid())") == true)
      await store.close()
      let next = try SQLiteStore(path: path)
      await next.close()
    }
  }

  @Test("that was not closed in order is checked: good ones are opened, damaged ones are not") func uncleanStop() async throws {
    try await inFolder { path in
      let store = try SQLiteStore(path: path)
      try await Library.prepare(store)
      for number in 0..<200 as Range<UInt64> { _ = try await store.write(author(number)) }
      // What a killed process leaves: the file and its log as they are now.
      let left = path + ".left"
      Files.write(left, try #require(Files.read(path)))
      Files.write(left + "-wal", try #require(Files.read(path + "-wal")))
      await store.close()
      #expect(Files.read(left + "-wal")?.isEmpty == false)

      let recovered = try SQLiteStore(path: left)
      #expect(try await Library.count("authors", recovered) == 200)
      await recovered.close()

      var damaged = try #require(Files.read(left))
      let page = damaged.count / 4096 / 2 * 4096
      for place in page..<min(page + 4096 * 4, damaged.count) { damaged[place] = 0xa5 }
      Files.write(left, damaged)
      Files.write(left + "-wal", [0, 1, 2, 3])
      let error = #expect(throws: StoreError.self) { _ = try SQLiteStore(path: left) }
      #expect(error?.code == .corrupt)
    }
  }

  @Test("that links lead to is one file by all of its names") func links() async throws {
    try await inFolder { path in
      let folder = SystemFolder.parent(of: path)
      try SystemFolder.create(folder + "/disk")
      let (first, second) = (folder + "/first.db", folder + "/second.db")
      #expect(symlink("second.db", first) == 0)
      #expect(symlink(folder + "/disk/real.db", second) == 0)
      let store = try SQLiteStore(path: first)
      #expect(store.path == folder + "/disk/real.db")
      for other in [first, second, folder + "/disk/real.db"] {
        let error = #expect(throws: StoreError.self) { _ = try SQLiteStore(path: other) }
        #expect(error?.code == .unavailable)
      }
      try await Library.prepare(store)
      await store.close()
      #expect(Files.read(folder + "/disk/real.db")?.isEmpty == false)
      // Links that lead nowhere, or in a circle, are an error and no loop.
      #expect(symlink("circle.db", folder + "/circle.db") == 0)
      let error = #expect(throws: StoreError.self) { _ = try SQLiteStore(path: folder + "/circle.db") }
      #expect(error?.code == .storage)
    }
  }

  @Test("that is none is refused") func notADatabase() async throws {
    try await inFolder { path in
      let folder = String(path.dropLast("/data/deep/test.db".count))
      Files.write(folder + "/text", Array(repeating: 0x41, count: 8192))
      let error = #expect(throws: StoreError.self) { _ = try SQLiteStore(path: folder + "/text") }
      #expect(error?.code == .corrupt)
    }
  }

  @Test("opened to be read only is left as it is") func readOnly() async throws {
    try await inFolder { path in
      let store = try SQLiteStore(path: path)
      try await Library.prepare(store)
      await store.close()
      let before = try #require(Files.read(path))
      var options = SQLiteOptions()
      options.isReadOnly = true
      let reader = try SQLiteStore(path: path, options: options)
      #expect(try await Library.count("authors", reader) == 0)
      let error = await #expect(throws: StoreError.self) { _ = try await reader.write(self.author(1)) }
      #expect(error?.code == .readOnly)
      await reader.close()
      #expect(Files.read(path) == before)
      let missing = #expect(throws: StoreError.self) { _ = try SQLiteStore(path: path + ".none", options: options) }
      #expect(missing?.code == .storage)
    }
  }
}
