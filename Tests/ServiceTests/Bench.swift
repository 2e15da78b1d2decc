import Base
import Contract
import Identity
import JSON
import SQLiteStore
import Service
import Store
import Synchronization
import TestSupport
import Testing

/// A clock that a test moves.
final class TestClock: Clock {
  private let time = Mutex(Timestamp("2026-03-01T12:00:00Z") ?? Timestamp(microseconds: 0))
  var now: Timestamp { time.withLock { $0 } }
  var monotonicNanoseconds: UInt64 { UInt64(now.microseconds) * 1000 }
  func advance(seconds: Int64) { time.withLock { $0.microseconds += seconds * 1_000_000 } }
}

/// A contract at work on a SQLite file of its own, or on another store (see `BenchStore`).
final class Bench: Sendable {
  let contract: Contract
  let layout: Layout
  let store: any Store
  let engine: Engine
  let clock = TestClock()
  private let minter: TokenMinter
  private let key: ServiceKey
  private let folder: TemporaryFolder

  convenience init(_ yaml: String, memory: MemoryBudget = .unbounded) async throws { try await self.init(yaml, on: nil, memory: memory) }

  /// - Parameter given: nil: a SQLite file of its own. Who gives a store closes it.
  init(_ yaml: String, on given: (any Store)?, memory: MemoryBudget = .unbounded) async throws {
    let result = ContractLoader.load(text: yaml)
    let whole = try #require(result.contract, "\(result.errors.map { $0.rendered() })")
    contract = Bench.isParted ? Bench.parted(whole) : whole
    folder = try TemporaryFolder()
    var options = SQLiteOptions()
    options.memory = memory
    store = try given ?? SQLiteStore(path: folder.path + "/test.db", options: options)
    _ = try await SchemaManager(clock: clock).prepare(store, contract)
    key = try ServiceKey.ephemeral()
    let verifier = try TokenVerifier(
      contract.identity, roles: contract.roles, service: contract.service.name, key: key, folder: folder.path, now: clock.now
    ) { _ in }
    minter = TokenMinter(service: contract.service.name, key: key)
    layout = try await SchemaManager(clock: clock).layout(store, contract)
    engine = Engine(contract: contract, layout: layout, store: store, key: key, verifier: verifier, clock: clock, memory: memory)
  }

  deinit { folder.remove() }

  /// Contracts that are loaded now are in parts.
  @TaskLocal static var isParted = false

  /// With every resource in parts by the year that can be.
  private static func parted(_ contract: Contract) -> Contract {
    var contract = contract
    for place in contract.resources.indices {
      let resource = contract.resources[place]
      let isUnique = resource.fields.contains(where: \.isUnique) || resource.indexes.contains(where: \.isUnique)
      guard !resource.isUsers, resource.keyTellsTime, !isUnique, resource.partitioning == nil else { continue }
      contract.resources[place].partitioning = Partitioning(every: .year)
    }
    return contract
  }

  /// Another engine on the same store, with the same key: as a second process.
  func twin() -> Engine {
    Engine(contract: contract, layout: layout, store: store, key: key, verifier: nil, clock: clock)
  }

  func token(_ subject: String, roles: [String] = []) throws -> String {
    try minter.mint(subject: subject, roles: roles, scopes: [], lifetime: .seconds(3600), now: clock.now)
  }

  /// The caller behind a fresh token; its row of `users` is made.
  func caller(_ subject: String, roles: [String] = []) async throws -> Caller {
    try await engine.caller(authorization: "Bearer " + token(subject, roles: roles))
  }

  var context: RequestContext {
    RequestContext(requestID: "test", ip: "127.0.0.1", method: "GET", time: clock.now)
  }

  func perform(
    _ action: Operation.Action, _ resource: String, _ key: String? = nil, as caller: Caller = .anonymous, body: String = "",
    key idempotencyKey: String? = nil, ifMatch: String? = nil, ifNoneMatch: String? = nil
  ) async throws(Failure) -> Answer {
    var operation = Operation(action, resource: resource, key: key, caller: caller, context: context)
    operation.body = Array(body.utf8)
    if let idempotencyKey {
      operation.idempotency = Idempotency(key: idempotencyKey, fingerprint: Array("\(action)\(resource)\(key ?? "")\(body)".utf8))
    }
    if let ifMatch { operation.preconditions.ifMatch = .tags([Bench.opaque(ifMatch)]) }
    if let ifNoneMatch { operation.preconditions.ifNoneMatch = ifNoneMatch == "*" ? .any : .tags([Bench.opaque(ifNoneMatch)]) }
    return try await engine.perform(operation)
  }

  static func opaque(_ tag: String) -> String {
    tag.replacing("\"", with: "")
  }

  func create(_ resource: String, _ body: String, as caller: Caller = .anonymous) async throws -> JSONValue {
    try JSONValue(parsing: try await perform(.create, resource, as: caller, body: body).body)
  }

  func read(_ resource: String, _ id: String, as caller: Caller = .anonymous) async throws(Failure) -> JSONValue {
    try await perform(.read(ReadParameters()), resource, id, as: caller).json
  }

  func list(
    _ resource: String, as caller: Caller = .anonymous, _ change: (inout ListParameters) -> Void = { _ in }
  ) async throws(Failure) -> JSONValue {
    var parameters = ListParameters()
    change(&parameters)
    return try await perform(.list(parameters), resource, as: caller).json
  }

  /// What an operation is refused with; fails the test where it is not.
  func refusal(_ run: () async throws(Failure) -> some Any, _ place: SourceLocation = #_sourceLocation) async -> FailureCode? {
    do throws(Failure) {
      _ = try await run()
      Issue.record("it was not refused", sourceLocation: place)
      return nil
    } catch {
      return error.code
    }
  }
}

extension Answer {
  /// The body; null where it is empty.
  var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }
}

extension JSONValue {
  var id: String { self["id"]?.stringValue ?? "" }
  var rows: [JSONValue] { self["data"]?.arrayValue ?? [] }
  func page(_ name: String) -> JSONValue { self["page"]?[name] ?? .null }
}
