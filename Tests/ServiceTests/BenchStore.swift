import PostgresStore
import Reactor
import Store
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The stores that a suite runs its contracts on. PostgreSQL takes part where `MARTLET_TEST_POSTGRES` names one.
enum BenchStore: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case sqlite
  case postgres
  /// PostgreSQL, with every resource in parts that can be.
  case parted

  static let available: [BenchStore] = allCases.filter { store in
    switch store {
    case .sqlite: true
    case .postgres: postgresURL != nil
    case .parted: postgresURL != nil && isEverySuiteParted
    }
  }

  /// For the suites that have most to do with where a row lies.
  static let withParts: [BenchStore] = allCases.filter { $0 == .sqlite || postgresURL != nil }

  private static let isEverySuiteParted = getenv("MARTLET_TEST_PARTED") != nil

  static let postgresURL: String? = getenv("MARTLET_TEST_POSTGRES").map { String(cString: $0) }

  var testDescription: String { rawValue }

  /// Runs `body` with a contract on an empty database, which is gone afterwards.
  func run(_ yaml: String, _ body: @escaping @Sendable (Bench) async throws -> Void) async throws {
    guard self != .sqlite, let base = BenchStore.postgresURL else { return try await body(Bench(yaml)) }
    let group = try EventLoopGroup(count: 1)
    defer {
      group.stop()
      group.join()
    }
    let schema = "martlet_bench_\(UInt64.random(in: .min ... .max))"
    var few = PostgresOptions()
    few.pool = 1
    let admin = try PostgresStore(url: base, options: few, loops: group.loops)
    let result = await Task {
      try await admin.define(["CREATE SCHEMA \(schema)"])
      var options = PostgresOptions()
      options.pool = 6
      let url = base + (base.contains("?") ? "&" : "?") + "options=-c%20search_path%3D\(schema)"
      let store = try PostgresStore(url: url, options: options, loops: group.loops)
      let result = await Task { try await Bench.$isParted.withValue(self == .parted) { try await body(Bench(yaml, on: store)) } }.result
      await store.close()
      try await admin.define(["DROP SCHEMA \(schema) CASCADE"])
      try result.get()
    }.result
    await admin.close()
    try result.get()
  }
}
