import Base
import Contract
import Identity
import JSON
import Service
import Store
import Synchronization
import TestSupport

/// One run: a service that is killed and started again, and clients that do not give up before they know.
///
/// Safety: `@unchecked Sendable` because everything in it runs on the world's one thread.
final class SimulatedService: @unchecked Sendable {
  private let base: SimulatedBase
  private let seed: UInt64
  private let world: SimulatedWorld
  private var engine: Engine
  private var store: SimulatedStore
  /// How often it has been killed.
  private var generation = 0
  private var problems: [String] = []
  private(set) var figures = SimulatedFigures()
  /// What the clients learnt, in order.
  private(set) var story: [String] = []
  /// Requests without their key: a mutant, to see whether it is found out.
  var forgetsKeys = false

  init(_ base: SimulatedBase, seed: UInt64) {
    self.base = base
    self.seed = seed
    world = SimulatedWorld(seed: seed)
    store = SimulatedStore(base.file, in: world)
    engine = SimulatedService.engine(base, store, world)
  }

  private static func engine(_ base: SimulatedBase, _ store: SimulatedStore, _ world: SimulatedWorld) -> Engine {
    Engine(
      contract: base.contract, layout: Layout(base.contract), store: store, key: base.key, verifier: base.verifier, clock: world,
      random: world)
  }

  /// What went wrong: nothing, as it should be.
  func run() throws -> [String] {
    let clients = (0..<SimulatedBase.clientCount).map { SimulatedClient(number: $0, of: self) }
    let counter = "counter-\(seed)"
    for client in clients { _ = world.task { await client.run(counter) } }
    for _ in 0..<world.below(3) { _ = world.schedule(after: .milliseconds(world.below(60))) { [self] in restart() } }
    guard world.run() else { return ["it never came to an end"] }
    noteGroups()
    for client in clients where !client.isDone { problems.append("client \(client.number) waits for ever") }
    try check(clients, counter)
    return problems
  }

  private func restart() {
    noteGroups()
    generation += 1
    figures.kills += 1
    store.kill()
    store = SimulatedStore(base.file, in: world)
    engine = SimulatedService.engine(base, store, world)
  }

  private func noteGroups() { figures.largestGroup = max(figures.largestGroup, store.groups.max() ?? 0) }

  func report(_ problem: String) { problems.append(problem) }

  func isOnce(_ mark: String) -> Bool {
    (try? base.file.rows("SELECT count(*) FROM entries WHERE mark = ?", [.string(mark)])) == [["1"]]
  }

  // MARK: The network

  enum Reply: Sendable {
    case answer(Answer)
    case refused(FailureCode)
    /// The request, the answer or the service was lost: the client knows nothing.
    case lost
  }

  /// Sends one request and waits for what comes of it, or not so long.
  func send(
    _ action: Operation.Action, _ resource: String, _ name: String?, by client: Int, body: String, key: String?, ifMatch: String?
  ) async -> Reply {
    let (mine, engine) = (generation, engine)
    if world.chance(8) {
      await world.pass(.milliseconds(1 + world.below(20)))
      figures.lost += 1
      return .lost
    }
    let reply = OneShot<Reply>()
    let authorization = base.authorizations[client]
    let idempotency = forgetsKeys ? key.map { _ in String(world.next()) } : key
    let work = world.task { [self] in
      let result = await perform(action, resource, name, authorization, body, idempotency, ifMatch, engine)
      // A process that is gone sends nothing, and some answers get lost.
      let isLost = generation != mine || world.chance(10)
      reply.give(isLost ? .lost : result)
    }
    let patience = world.schedule(after: .milliseconds(2 + world.below(400))) { [world] in
      reply.give(.lost)
      if world.chance(50) { work.cancel() }
    }
    let result = await reply.wait()
    patience.cancel()
    if case .lost = result { figures.lost += 1 }
    if case .answer(let answer) = result, answer.isReplayed { figures.replays += 1 }
    if case .refused(.preconditionFailed) = result { figures.conflicts += 1 }
    story.append("\(client) \(action) \(result.words)")
    return result
  }

  private func perform(
    _ action: Operation.Action, _ resource: String, _ name: String?, _ authorization: String, _ body: String, _ key: String?,
    _ ifMatch: String?, _ engine: Engine
  ) async -> Reply {
    do throws(Failure) {
      let known = engine.knownCaller(authorization: Array(authorization.utf8)[...], now: world.now)
      let caller = if let known { known } else { try await engine.caller(authorization: authorization) }
      let context = RequestContext(requestID: "simulated", ip: "127.0.0.1", method: "GET", time: world.now)
      var operation = Operation(action, resource: resource, key: name, caller: caller, context: context)
      operation.body = Array(body.utf8)
      if let key { operation.idempotency = Idempotency(key: key, fingerprint: Array("\(action) \(name ?? "") \(body)".utf8)) }
      if let ifMatch { operation.preconditions.ifMatch = .tags([Bench.opaque(ifMatch)]) }
      return .answer(try await engine.perform(operation))
    } catch {
      return .refused(error.code)
    }
  }

  func pause() async { await world.pass(.milliseconds(1 + world.below(30))) }
  func chance(_ percent: Int) -> Bool { world.chance(percent) }

  // MARK: What must hold

  private func check(_ clients: [SimulatedClient], _ counter: String) throws {
    for client in clients {
      for (mark, id) in client.made {
        let rows = try base.file.rows("SELECT lower(hex(id)) FROM entries WHERE mark = ?", [.string(mark)])
        guard rows.map({ $0.first ?? nil }) == [id.replacing("-", with: "")] else {
          problems.append("\(mark) is acknowledged as \(id) and stands there as \(rows)")
          continue
        }
      }
    }
    let increments = clients.reduce(0) { $0 + $1.increments }
    let rows = try base.file.rows("SELECT value, revision, lower(hex(id)) FROM counters WHERE name = ?", [.string(counter)])
    guard rows.count == 1, let id = rows[0][2] else { return problems.append("\(rows.count) counters of one unique name") }
    if rows[0][0] != String(increments) { problems.append("\(increments) acknowledged increments, the counter is \(rows[0][0] ?? "")") }
    // An event for each revision, in their order and in the order of time.
    let text = SimulatedService.dashed(id)
    let events = try base.file.rows(
      "SELECT revision, time FROM _martlet_events WHERE resource = 'counters' AND record = ? ORDER BY position", [.string(text)])
    let revisions = events.map { $0[0] ?? "" }
    if revisions != (0...increments).map({ String($0 + 1) }) {
      problems.append("the counter's events: \(revisions), \(increments) increments")
    }
    let times = events.compactMap { $0[1].flatMap { Int64($0) } }
    if zip(times, times.dropFirst()).contains(where: { $0 >= $1 }) { problems.append("events out of time: \(times)") }
    let positions = try base.file.rows(
      "SELECT count(*), max(position) - ?1 FROM _martlet_events WHERE position > ?1", [.integer(base.lastPosition)])
    if positions[0][0] != positions[0][1] { problems.append("positions have gaps: \(positions)") }
    base.lastPosition += positions[0][1].flatMap { Int64($0) } ?? 0
  }

  private static func dashed(_ hex: String) -> String {
    let letters = Array(hex)
    return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(letters[$0]) }.joined(separator: "-")
  }
}

extension SimulatedService.Reply {
  var words: String {
    switch self {
    case .answer(let answer): "\(answer.status.rawValue)\(answer.isReplayed ? " again" : "")"
    case .refused(let code): code.rawValue
    case .lost: "lost"
    }
  }
}

/// Makes entries and counts a counter up, each step with a key of its own, again and again until it knows what came of it.
///
/// Safety: as the service.
final class SimulatedClient: @unchecked Sendable {
  let number: Int
  private let service: SimulatedService
  /// Marks of entries that were acknowledged, with their ids.
  private(set) var made: [(mark: String, id: String)] = []
  private(set) var increments = 0
  private(set) var isDone = false
  private var lastKey = 0

  private static let stepsMax = 4

  init(number: Int, of service: SimulatedService) {
    self.number = number
    self.service = service
  }

  func run(_ counter: String) async {
    guard let id = await theCounter(counter) else { return }
    for step in 0..<SimulatedClient.stepsMax {
      if service.chance(50) { await makeEntry("\(counter)/\(number)/\(step)") } else { await countUp(id) }
    }
    isDone = true
  }

  /// Repeats one request under its key until the service has said what came of it.
  private func settle(
    _ action: Operation.Action, _ resource: String, _ name: String? = nil, body: String = "", ifMatch: String? = nil
  ) async -> SimulatedService.Reply {
    lastKey += 1
    let key = action.isRead ? nil : "\(number)-\(lastKey)-\(resource)-\(name ?? "")-\(body.hashValueOfBytes)"
    while true {
      let reply = await service.send(action, resource, name, by: number, body: body, key: key, ifMatch: ifMatch)
      switch reply {
      case .answer: return reply
      case .refused(let code) where code.status < 500 && code != .idempotencyInFlight && code != .conflict: return reply
      case .refused, .lost: await service.pause()
      }
    }
  }

  /// All clients race to make it; one of them does.
  private func theCounter(_ name: String) async -> String? {
    switch await settle(.create, "counters", body: "{\"name\": \"\(name)\"}") {
    case .answer(let answer): return answer.json.id
    case .refused(.unique): break
    case let other:
      service.report("the counter: \(other.words)")
      return nil
    }
    var parameters = ListParameters()
    parameters.equals = [("name", name)]
    guard case .answer(let answer) = await settle(.list(parameters), "counters"), let row = answer.json.rows.first else {
      service.report("the counter that is there is not found")
      return nil
    }
    return row.id
  }

  private func makeEntry(_ mark: String) async {
    guard case .answer(let answer) = await settle(.create, "entries", body: "{\"mark\": \"\(mark)\"}") else {
      return service.report("\(mark) was refused")
    }
    made.append((mark, answer.json.id))
    if !service.isOnce(mark) { service.report("\(mark) is acknowledged and not there once") }
  }

  private func countUp(_ id: String) async {
    while true {
      guard case .answer(let read) = await settle(.read(ReadParameters()), "counters", id), let tag = read.etag,
        case .integer(let value)? = read.json["value"]
      else { return service.report("the counter cannot be read") }
      switch await settle(.update, "counters", id, body: "{\"value\": \(value + 1)}", ifMatch: tag) {
      case .answer(let answer):
        increments += 1
        if answer.json["value"] != .integer(value + 1) { service.report("counted to \(value + 1), answered \(answer.json)") }
        return
      case .refused(.preconditionFailed): continue
      case let other: return service.report("counting: \(other.words)")
      }
    }
  }
}

extension Operation.Action {
  fileprivate var isRead: Bool {
    switch self {
    case .read, .list, .history: true
    default: false
    }
  }
}

extension String {
  /// The same in every process, unlike `hashValue` (FNV-1a).
  fileprivate var hashValueOfBytes: UInt64 {
    utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}
