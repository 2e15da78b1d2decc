import Base
import Synchronization
import TestSupport

@testable import HTTP
@testable import Reactor

/// One run: some connections to a server on one loop, until all of them have ended.
///
/// Safety: `@unchecked Sendable` because everything in it runs on the simulation's one thread.
final class SimulatedConnections: HTTPHandler, @unchecked Sendable {
  static let discardMax = 2048
  /// The clients' last deed lies before this, and every bound of the server's after it is shorter.
  private static let longest: UInt64 = 600_000
  private static let drainMax = 5000

  let world: SimulatedLoop
  private let budget = MemoryBudget(limit: 1 << 30)
  private let server: LoopServer
  private let shared = HTTPServerShared()
  private var clients: [SimulatedClient] = []
  private var problems: [String] = []
  private(set) var figures = SimulatedConnectionFigures()
  /// Of each connection: which requests its handler has had, and whether it has one now.
  private var handled: [[Int]] = []
  private var isHandling: [Bool] = []
  /// Of each connection: requests whose handler was let go on to its end, in time.
  private var finished: [Int] = []
  private var drainsAt: UInt64?
  private var isDrained = false

  init(seed: UInt64, losesBytes: Bool = false) throws {
    world = try SimulatedLoop(seed: seed)
    var configuration = HTTPServerConfiguration()
    configuration.memory = budget
    configuration.limits.pipelineBytesMax = 2048
    configuration.limits.bodyBufferBytesMax = 1024
    configuration.limits.outputBytesMax = 4096
    configuration.limits.discardBytesMax = SimulatedConnections.discardMax
    let box = HandlerReference()
    server = LoopServer(loop: world, configuration: configuration, handler: box, shared: shared)
    box.handler = self
    let isCalm = world.random.chance(20)
    let count = 1 + world.random.below(4)
    clients = (0..<count).map { SimulatedClient($0, in: world, isCalm: isCalm) }
    for client in clients { client.stream.losesBytes = losesBytes }
    handled = clients.map { _ in [] }
    isHandling = clients.map { _ in false }
    finished = clients.map { _ in 0 }
    if !isCalm, world.random.chance(25) { drainsAt = world.nowMilliseconds + UInt64(world.random.below(4000)) }
  }

  /// What went wrong: nothing, as it should be.
  func run() -> [String] {
    for client in clients {
      world.after(0, upTo: 500) { [self] in
        shared.open.wrappingAdd(1, ordering: .relaxed)
        server.serve(client.stream, of: String(client.number))
        client.start()
      }
    }
    if let drainsAt { world.after(Int(drainsAt - world.nowMilliseconds)) { [self] in drain() } }
    let start = world.nowMilliseconds
    world.run(before: start + SimulatedConnections.longest, check: checkBounds)
    for client in clients { check(client) }
    if shared.open.load(ordering: .relaxed) != 0 { report("\(shared.open.load(ordering: .relaxed)) connections stay open") }
    if isHandling.contains(true) { report("a handler goes on for ever") }
    if drainsAt != nil, !isDrained { report("the drain does not end") }
    server.memory.tell()
    if budget.held != 0 { report("\(budget.held) bytes are counted as held when nothing is open") }
    figures.events = world.events
    world.end()
    return problems
  }

  private func report(_ problem: String) { problems.append(problem) }

  private func drain() {
    figures.drains += 1
    let server = self.server
    let start = world.nowMilliseconds
    Task(executorPreference: world) { [self] in
      await server.drain(limit: .milliseconds(SimulatedConnections.drainMax))
      isDrained = true
      if world.nowMilliseconds > start + UInt64(SimulatedConnections.drainMax) { report("the drain took longer than its limit") }
    }
  }

  // MARK: The handler

  func respond(to request: HTTPRequest) async -> HTTPResponse {
    let parts = request.path.split(separator: "/").compactMap { Int($0) }
    guard parts.count == 2, parts[0] < clients.count, parts[1] < clients[parts[0]].requests.count else { return HTTPResponse(404) }
    let (number, place) = (parts[0], parts[1])
    if String(number) != request.peer { report("a request of connection \(number) came on \(request.peer)") }
    if isHandling[number] { report("connection \(number) has two requests at once") }
    if let last = handled[number].last, last >= place { report("request \(place) of connection \(number) comes after \(last)") }
    handled[number].append(place)
    isHandling[number] = true
    defer { isHandling[number] = false }
    figures.requests += 1
    let plan = clients[number].requests[place]
    let response = await answer(plan, request)
    if !Task.isCancelled, plan.handling != .stuck, plan.handling != .failing { finished[number] += 1 } else { figures.cancelled += 1 }
    return response
  }

  private func answer(_ plan: SimulatedRequest, _ request: HTTPRequest) async -> HTTPResponse {
    let bytes = plan.answer
    switch plan.handling {
    case .prompt: return HTTPResponse(200, body: .bytes(bytes))
    case .late:
      await world.pass(plan.milliseconds)
      return HTTPResponse(200, body: .bytes(bytes))
    case .collect:
      do {
        let body = try await request.body.collect(upTo: SimulatedRequest.collectMax)
        check(body, plan)
        return HTTPResponse(200, body: .bytes(body))
      } catch { return HTTPResponse(error.status) }
    case .pieces: return await pieces(plan, request)
    case .chunked, .measured, .failing:
      let milliseconds = plan.milliseconds / 10
      let isFailing = plan.handling == .failing
      return HTTPResponse(
        200,
        body: .stream(length: plan.handling == .measured ? bytes.count : nil) { [world] writer in
          var start = 0
          while start < bytes.count {
            let end = min(bytes.count, start + 700)
            try await writer.write(Array(bytes[start..<end]))
            start = end
            if start % 2100 == 0 { await world.pass(milliseconds) }
            if isFailing, start > bytes.count / 2 { break }
          }
          if isFailing { throw HTTPWriteError.disconnected }
        })
    case .stuck:
      await world.pass(40_000)
      return HTTPResponse(200, body: .bytes(bytes))
    case .closing:
      var response = HTTPResponse(200, body: .bytes(bytes))
      response.closesConnection = true
      return response
    case .empty: return HTTPResponse(204)
    }
  }

  private func pieces(_ plan: SimulatedRequest, _ request: HTTPRequest) async -> HTTPResponse {
    var body: [UInt8] = []
    var reader = request.body.makeReader()
    do {
      while let piece = try await reader.next() {
        body += piece
        if body.count % 3 == 0 { await world.pass(plan.milliseconds % 40) }
      }
    } catch { return HTTPResponse(error.status) }
    check(body, plan)
    return HTTPResponse(200, body: .bytes(body))
  }

  /// What the handler reads as a whole body is the one that was sent.
  private func check(_ body: [UInt8], _ plan: SimulatedRequest) {
    guard clients[plan.connection].temper != .garbles else { return }
    if body != plan.body { report("the handler of request \(plan.place) of \(plan.connection) reads another body") }
  }

  // MARK: What must hold

  private func checkBounds() {
    for case let connection? in server.connections {
      // One answer may be longer than the bound; what comes behind it waits.
      if connection.pending.count > server.limits.pipelineBytesMax + EventLoop.readBufferBytes { report("too much is read ahead") }
      if connection.body.count > EventLoop.readBufferBytes + server.limits.bodyBufferBytesMax { report("too much of a body is kept") }
    }
  }

  private func check(_ client: SimulatedClient) {
    let name = "\(client.temper) \(client.number)"
    let answers: [SimulatedAnswer]
    do {
      answers = try client.answers()
    } catch {
      return report("\(name): \(error)")
    }
    if handled[client.number] != Array(0..<handled[client.number].count) {
      report("\(name): handled \(handled[client.number])")
    }
    figures.answers += answers.count
    for (place, answer) in answers.enumerated() where place < client.requests.count {
      check(answer, to: client.requests[place], of: client, isHandled: place < handled[client.number].count, name)
    }
    let isSpared = client.isHonest && !client.stream.losesBytes
    guard isSpared else { return }
    figures.honest += 1
    let whole = answers.count(where: \.isWhole)
    if drainsAt == nil {
      let ends = answers.last?.endsConnection == true || client.requests.prefix(handled[client.number].count).contains { $0.mayEnd }
      if whole < client.requests.count, !ends { report("\(name): \(whole) of \(client.requests.count) answers, and no reason for it") }
    }
  }

  private func check(_ answer: SimulatedAnswer, to request: SimulatedRequest, of client: SimulatedClient, isHandled: Bool, _ name: String) {
    if answer.endsConnection, client.isHonest, drainsAt == nil, !request.mayEnd {
      // The last request of a client that has shut its side may be answered so.
      if request.place < client.requests.count - 1 { report("\(name): ended behind request \(request.place)") }
    }
    guard answer.status == 200, isHandled, client.temper != .garbles else { return }
    if request.handling == .failing, answer.isWhole, !request.isHead { report("\(name): a broken answer \(request.place) looks whole") }
    let wanted = request.isHead ? [] : request.answer
    let isRight = answer.isWhole && request.handling != .failing ? answer.body == wanted : wanted.starts(with: answer.body)
    if !isRight { report("\(name): another body in answer \(request.place)") }
  }
}

/// What happened, over all seeds.
struct SimulatedConnectionFigures {
  var requests = 0
  var answers = 0
  var honest = 0
  var cancelled = 0
  var drains = 0
  var events = 0

  mutating func add(_ other: SimulatedConnectionFigures) {
    requests += other.requests
    answers += other.answers
    honest += other.honest
    cancelled += other.cancelled
    drains += other.drains
    events += other.events
  }
}

/// The server wants its handler before the handler can be made.
private final class HandlerReference: HTTPHandler, @unchecked Sendable {
  weak var handler: SimulatedConnections?
  func respond(to request: HTTPRequest) async -> HTTPResponse { await handler?.respond(to: request) ?? HTTPResponse(500) }
}
