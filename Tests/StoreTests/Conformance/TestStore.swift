import Base
import PostgresStore
import Reactor
import SQLiteStore
import Store
import TestSupport
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
  func run(memory: MemoryBudget = .unbounded, _ body: @escaping @Sendable (any Store) async throws -> Void) async throws {
    try await runReopening(memory: memory) { open in
      let store = try open()
      let result = await Task { try await body(store) }.result
      await store.close()
      try result.get()
    }
  }

  /// Runs `body` with what opens a store over one empty database, as often as it likes.
  func runReopening(
    memory: MemoryBudget = .unbounded, _ body: @escaping @Sendable (_ open: @Sendable () throws -> any Store) async throws -> Void
  ) async throws {
    switch self {
    case .sqlite:
      let folder = try TemporaryFolder()
      defer { folder.remove() }
      try await body {
        var options = SQLiteOptions()
        options.memory = memory
        return try SQLiteStore(path: folder.path + "/data/test.db", options: options)
      }
    case .postgres:
      try await PostgresServer.with { server in
        try await body {
          var options = PostgresOptions()
          options.memory = memory
          return try PostgresStore(url: server.url, options: options, loops: server.group.loops)
        }
      }
    }
  }
}
