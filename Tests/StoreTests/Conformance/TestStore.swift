import Base
import PostgresStore
import Reactor
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
  func run(_ body: @escaping @Sendable (any Store) async throws -> Void) async throws {
    try await runReopening { open in
      let store = try open()
      let result = await Task { try await body(store) }.result
      await store.close()
      try result.get()
    }
  }

  /// Runs `body` with what opens a store over one empty database, as often as it likes.
  func runReopening(_ body: @escaping @Sendable (_ open: @Sendable () throws -> any Store) async throws -> Void) async throws {
    switch self {
    case .sqlite:
      let folder = try TemporaryFolder.make()
      defer { TemporaryFolder.remove(folder) }
      try await body { try SQLiteStore(path: folder + "/data/test.db") }
    case .postgres:
      try await PostgresServer.with { server in
        try await body { try PostgresStore(url: server.url, loops: server.group.loops) }
      }
    }
  }
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
