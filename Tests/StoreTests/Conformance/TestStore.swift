import Base
import SQLiteStore
import Store
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The stores that the suites run on. PostgreSQL takes part where `MARTLET_TEST_POSTGRES` names one (`script/test` does).
enum TestStore: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case sqlite
  case postgres

  static let available: [TestStore] = allCases.filter { $0 == .sqlite || postgresURL != nil }

  static let postgresURL: String? = getenv("MARTLET_TEST_POSTGRES").map { String(cString: $0) }

  var testDescription: String { rawValue }

  /// Runs `body` with a store of its own over an empty database, which is gone afterwards.
  func run(_ body: (any Store) async throws -> Void) async throws {
    let database = try await TestDatabase.make(self)
    defer { database.remove() }
    let store = try await database.open()
    do {
      try await body(store)
    } catch {
      await store.close()
      throw error
    }
    await store.close()
  }
}

/// An empty database that can be opened more than once, one store after the other.
struct TestDatabase: Sendable {
  let kind: TestStore
  /// SQLite: the folder; PostgreSQL: the schema.
  let place: String

  static func make(_ kind: TestStore) async throws -> TestDatabase {
    switch kind {
    case .sqlite: return TestDatabase(kind: kind, place: try TemporaryFolder.make())
    case .postgres: throw StoreError(.unavailable, "PostgreSQL takes no part yet")
    }
  }

  func open(_ options: SQLiteOptions = SQLiteOptions()) async throws -> any Store {
    try SQLiteStore(path: place + "/data/test.db", options: options)
  }

  func remove() { TemporaryFolder.remove(place) }
}

/// Folders that tests make and remove.
enum TemporaryFolder {
  static func make() throws -> String {
    let root = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(root)/martlet-test.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw StoreError(.storage, "mkdtemp failed") }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  static func remove(_ path: String) {
    for name in contents(path) {
      let inner = path + "/" + name
      if unlink(inner) != 0 { remove(inner) }
    }
    rmdir(path)
  }

  static func contents(_ path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}
