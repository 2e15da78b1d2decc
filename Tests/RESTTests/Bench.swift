import Base
import Contract
import HTTP
import Identity
import Service
import Store
import Synchronization
import Telemetry
import Testing

@testable import REST

/// Operations that answer what a test says and keep what they were asked.
final class FakeOperations: Operations {
  private struct State {
    var asked: [Service.Operation] = []
    var authorizations: [String?] = []
    var imports: [RecordImport] = []
    var imported: [UInt8] = []
  }
  private let state = Mutex(State())
  let result: Result<Answer, Failure>
  let callers: Result<Caller, Failure>
  let positions: PositionTokens?
  /// Where changes are said to stand.
  let commit: UInt64?

  init(
    _ result: Result<Answer, Failure> = .success(Answer(.ok)), caller: Result<Caller, Failure> = .success(.anonymous),
    positions: PositionTokens? = nil, commit: UInt64? = nil
  ) {
    self.result = result
    self.positions = positions
    self.commit = commit
    callers = caller
  }

  var asked: [Service.Operation] { state.withLock(\.asked) }
  var imports: [RecordImport] { state.withLock(\.imports) }
  var imported: [UInt8] { state.withLock(\.imported) }
  var authorizations: [String?] { state.withLock(\.authorizations) }

  func perform(_ operation: Service.Operation) async throws(Failure) -> Answer {
    state.withLock { $0.asked.append(operation) }
    if let commit { operation.context.receipt?.note(commit) }
    return try result.get()
  }

  func perform(_ batch: Batch) async throws(Failure) -> Answer {
    state.withLock { $0.asked += batch.items.map(\.operation) }
    return try result.get()
  }

  func export(_ operation: Service.Operation, as form: TransferForm) async throws(Failure) -> any RecordPages {
    state.withLock { $0.asked.append(operation) }
    return FakePages(texts: [try result.get().body])
  }

  func perform(_ order: RecordImport, from pieces: any BytePieces) async throws(Failure) -> Answer {
    state.withLock { $0.imports.append(order) }
    var pieces = pieces
    while let piece = try await pieces.next() { state.withLock { $0.imported += piece } }
    return try result.get()
  }

  func caller(authorization: String?) async throws(Failure) -> Caller {
    state.withLock { $0.authorizations.append(authorization) }
    return try callers.get()
  }

  func knownCaller(authorization: ArraySlice<UInt8>, now: Timestamp) -> Caller? { nil }
}

struct FakePages: RecordPages {
  var texts: [[UInt8]]
  mutating func next() async throws(Failure) -> AnswerPiece? { texts.isEmpty ? nil : AnswerPiece(texts.removeFirst()) }
}

struct FixedClock: Clock {
  var now: Timestamp { Timestamp(microseconds: 1_769_853_600_000_000) }
  var monotonicNanoseconds: UInt64 { 1000 }
}

struct FixedRandom: RandomSource {
  func next() -> UInt64 { 42 }
}

struct FakeHealth: HealthSource {
  var states: [DependencyHealth] = [DependencyHealth(name: "store", isHealthy: true, nanoseconds: 1_234_567)]
  var isDraining = false
  func dependencies() async -> [DependencyHealth] { states }
}

/// A handler over a small contract, and what came of a request to it.
struct Bench {
  let handler: RESTHandler
  let operations: FakeOperations
  let logged = Logged()

  final class Logged: Sendable {
    private let entries = Mutex<[RequestLog]>([])
    func append(_ entry: RequestLog) { entries.withLock { $0.append(entry) } }
    var all: [RequestLog] { entries.withLock { $0 } }
  }

  init(
    _ result: Result<Answer, Failure> = .success(Answer(.ok)), caller: Result<Caller, Failure> = .success(.anonymous),
    health: FakeHealth = FakeHealth(), metrics: ServiceMetrics? = nil, memory: MemoryBudget = .unbounded,
    positions: PositionTokens? = nil, commit: UInt64? = nil, change: (inout RESTOptions) -> Void = { _ in }
  ) throws {
    var options = RESTOptions()
    change(&options)
    operations = FakeOperations(result, caller: caller, positions: positions, commit: commit)
    let logged = logged
    handler = RESTHandler(
      contract: try Bench.contract(), operations: operations, health: health, options: options, clock: FixedClock(),
      random: FixedRandom(), metrics: metrics, figures: { Array("figure 1\n".utf8) }, log: { logged.append($0) }, memory: memory)
  }

  func send(
    _ method: HTTPMethod, _ target: String, _ headers: [(name: String, value: String)] = [], body: String = ""
  ) async throws -> Received {
    let request = try HTTPRequest(method, target, headers: headers, body: Array(body.utf8), peer: "203.0.113.7")
    return Received(await handler.respond(to: request))
  }

  static func contract() throws -> Contract {
    let result = ContractLoader.load(text: text)
    return try #require(result.contract, "\(result.diagnostics)")
  }

  static let text = """
    martlet: 1
    service: {name: shop, version: v1, description: A small shop.}
    roles: [support, finance, admin]
    resources:
      customers:
        description: People who buy.
        fields:
          user:  {ref: users, default: caller.id, unique: true, immutable: true}
          email: {type: email, unique: true, required: true, personal: true}
          name:  {type: string, length: 1..200, required: true}
          notes: {type: text, read: [support]}
        access: {create: authenticated, read: record.user == caller.id, update: record.user == caller.id, delete: [admin]}
      products:
        fields:
          sku:   {type: string, pattern: "[A-Z0-9-]{3,32}", unique: true, required: true}
          price: {type: money, required: true, minimum: 0}
          stock: {type: integer, minimum: 0, default: 0}
          weight: {type: decimal, precision: "8,3"}
          extra: {type: json}
        access: {read: anyone, create: [admin], update: [admin], delete: [admin]}
      orders:
        fields:
          customer: {ref: customers, required: true, immutable: true}
          status: {type: enum, values: [pending, paid, cancelled], default: pending, index: true}
          placed: {type: timestamp, default: now}
          items:  {many: order_items, by: order}
        indexes: [[-placed], [status, -placed]]
        history: true
        access: {create: authenticated, read: record.customer.user == caller.id, update: nobody, delete: [admin]}
        states:
          field: status
          transitions:
            pay:    {from: pending, to: paid, access: [finance]}
            cancel: {from: [pending, paid], to: cancelled, access: record.customer.user == caller.id}
      order_items:
        fields:
          order:    {ref: orders, required: true, immutable: true, on_delete: cascade}
          quantity: {type: integer, minimum: 1, maximum: 1000, required: true}
        access: {read: record.order.customer.user == caller.id, create: record.order.customer.user == caller.id}
    """
}

/// An answer, easy to look at.
struct Received {
  let response: HTTPResponse
  init(_ response: HTTPResponse) { self.response = response }

  var status: Int { response.status }
  var text: String {
    if case .bytes(let bytes) = response.body { String(decoding: bytes, as: UTF8.self) } else { "" }
  }
  func header(_ name: String) -> String? { response.headers.first(name) }

  /// The problem document's code.
  var code: String? { member("code") }
  var detail: String? { member("detail") }

  /// A string member, found without a reader so that the test does not lean on what it tests.
  func member(_ name: String) -> String? {
    let mark = "\"\(name)\":\""
    guard let start = text.range(of: mark) else { return nil }
    var out = ""
    var rest = text[start...].dropFirst(mark.count)
    while let character = rest.popFirst(), character != "\"" {
      if character == "\\", let next = rest.popFirst() { out.append(next) } else { out.append(character) }
    }
    return out
  }
}

extension String {
  /// The first place of a text (without Foundation).
  func range(of text: String) -> String.Index? {
    var index = startIndex
    while index != endIndex {
      if self[index...].hasPrefix(text) { return index }
      index = self.index(after: index)
    }
    return nil
  }

  func contains(text: String) -> Bool { range(of: text) != nil }
}
