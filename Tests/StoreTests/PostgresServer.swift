import Base
import Glibc
import PostgresStore
import Reactor
import Store
import Testing

/// A schema of its own on the server that the tests are given, with a store over it.
final class PostgresServer: Sendable {
  struct Missing: Error, CustomStringConvertible {
    var description: String {
      "set MARTLET_TEST_POSTGRES to the URL of a PostgreSQL server that tests may make schemas on, such as "
        + "postgres://postgres@127.0.0.1:5432/postgres"
    }
  }

  let group: EventLoopGroup
  let store: PostgresStore
  let schema: String
  let url: String
  let options: PostgresOptions

  static func baseURL() throws -> String {
    guard let value = getenv("MARTLET_TEST_POSTGRES") else { throw Missing() }
    return String(cString: value)
  }

  private init(group: EventLoopGroup, store: PostgresStore, schema: String, url: String, options: PostgresOptions) {
    self.group = group
    self.store = store
    self.schema = schema
    self.url = url
    self.options = options
  }

  private static func end(_ group: EventLoopGroup) {
    group.stop()
    group.join()
  }

  /// Runs a body with a store on an empty schema, on the first of its loops.
  ///
  /// - Parameter relay: puts something between store and server: takes the server's URL and gives the one to use.
  static func with<T: Sendable>(
    options: PostgresOptions = PostgresOptions(), loops: Int = 1, url changed: String? = nil,
    _ body: @escaping @Sendable (PostgresServer) async throws -> T
  ) async throws -> T {
    let base = try baseURL()
    await Turnstile.shared.enter()
    defer { Task { await Turnstile.shared.leave() } }
    let group = try EventLoopGroup(count: loops)
    let schema = "martlet_test_\(UInt64.random(in: .min ... .max))"
    var few = PostgresOptions()
    few.pool = 2
    let admin = try PostgresStore(url: base, options: few, loops: group.loops)
    let separator = base.contains("?") ? "&" : "?"
    let path = separator + "options=-c%20search_path%3D\(schema)"
    let url = (changed ?? base) + path
    var settings = options
    if options.isBehindPooler { settings.directURL = base + path }
    let options = settings
    let result: Result<T, any Error>
    do {
      try await admin.define(["CREATE SCHEMA \(schema)"])
      let store = try PostgresStore(url: url, options: options, loops: group.loops)
      let server = PostgresServer(group: group, store: store, schema: schema, url: url, options: options)
      result = await Task(executorPreference: group.loops[0]) { try await body(server) }.result
      await store.close()
      try await admin.define(["DROP SCHEMA \(schema) CASCADE"])
      await admin.close()
    } catch {
      await admin.close()
      end(group)
      throw error
    }
    end(group)
    return try result.get()
  }
}

extension Query {
  /// A read that writes no JSON and hands every column over.
  init(_ text: String, _ values: [(ColumnKind, Value)] = [], captures: [ColumnKind], rowsMax: Int = 1000) {
    self.init(
      Statement(text: text, parameters: values.map(\.0)), values.map(\.1),
      encoding: RowEncoding(
        fields: [], captures: captures.enumerated().map { RowEncoding.Capture(column: $0.offset, kind: $0.element) }),
      rowsMax: rowsMax)
  }

  /// A read of one column as JSON, under the key `v`.
  init(json text: String, as kind: ColumnKind) {
    self.init(
      Statement(text: text, parameters: []), [],
      encoding: RowEncoding(
        fields: [RowEncoding.Field(key: Array("\"v\":".utf8), column: 0, content: .scalar(kind))],
        captures: [RowEncoding.Capture(column: 0, kind: kind)]),
      rowsMax: 1000)
  }
}

extension Rows {
  var text: String { String(decoding: json, as: UTF8.self) }
}

extension WriteBatch.Step {
  static func run(_ text: String, _ values: [(ColumnKind, Value)] = [], rows: Int?) -> Self {
    .run(Statement(text: text, parameters: values.map(\.0)), values.map(\.1), rows: rows)
  }

  static func guarding(_ text: String, _ values: [(ColumnKind, Value)] = []) -> Self {
    .guarding(Statement(text: text, parameters: values.map(\.0)), values.map(\.1))
  }
}

/// A call came to something that the test did not expect.
struct Unexpected: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Lets a few tests at a time have connections: a server has a hundred by default.
private actor Turnstile {
  static let shared = Turnstile()
  private var free = 4
  private var waiting: [CheckedContinuation<Void, Never>] = []

  func enter() async {
    if free > 0 { free -= 1 } else { await withCheckedContinuation { waiting.append($0) } }
  }

  func leave() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}
