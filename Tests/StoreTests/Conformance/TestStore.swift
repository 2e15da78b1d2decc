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

/// The stores that the suites run on. PostgreSQL takes part where `MARTLET_TEST_POSTGRES` names one (`script/test` does), and once
/// more through a pooler in transaction mode where `MARTLET_TEST_POOLER` names that.
enum TestStore: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case sqlite
  case postgres
  case pooler

  static let available: [TestStore] = allCases.filter {
    switch $0 {
    case .sqlite: true
    case .postgres: postgresURL != nil
    case .pooler: postgresURL != nil && poolerURL != nil
    }
  }

  static let postgresURL: String? = getenv("MARTLET_TEST_POSTGRES").map { String(cString: $0) }
  static let poolerURL: String? = getenv("MARTLET_TEST_POOLER").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }

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
    case .postgres, .pooler:
      var settings = PostgresOptions()
      settings.memory = memory
      settings.isBehindPooler = self == .pooler
      try await PostgresServer.with(options: settings, url: self == .pooler ? TestStore.poolerURL : nil) { server in
        try await body {
          try PostgresStore(url: server.url, options: server.options, loops: server.group.loops)
        }
      }
    }
  }
}
