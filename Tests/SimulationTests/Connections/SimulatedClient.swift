import Base
import HTTP
import TestSupport

@testable import Reactor

/// A client of one simulated connection: sends its requests in pieces and at its own pace, and reads what comes. Most are honest;
/// the others leave, stop, or send what is no request.
///
/// Safety: `@unchecked Sendable` because it is touched on the simulation's one thread.
final class SimulatedClient: @unchecked Sendable {
  enum Temper: CaseIterable {
    case honest
    /// Resets the connection some time.
    case leaves
    /// Sends no more than a part, and shuts its side.
    case breaksOff
    /// Sends no more than a part, and waits.
    case dawdles
    /// Takes no more from some time on.
    case readsNothing
    /// Sends other bytes somewhere among its own.
    case garbles
  }
  private enum Piece {
    case bytes(ArraySlice<UInt8>)
    /// Goes on when the server says so, or after a second.
    case waitForContinue
  }

  let number: Int
  let temper: Temper
  let requests: [SimulatedRequest]
  let stream: SimulatedStream
  private let world: SimulatedLoop
  private var pieces: [Piece] = []
  private var next = 0
  private(set) var received: [UInt8] = []
  private(set) var isGone = false
  private var takesNothing = false
  private var isTakePlanned = false
  private var waitsForContinue = false
  /// Shuts its side behind its last request, before the answers have come.
  private let shutsEarly: Bool

  init(_ number: Int, in world: SimulatedLoop, isCalm: Bool) {
    self.number = number
    self.world = world
    temper = isCalm || world.random.chance(50) ? .honest : world.random.pick(Temper.allCases)
    let count = 1 + world.random.below(5)
    var requests = (0..<count).map { SimulatedRequest(&world.random, connection: number, place: $0, isCalm: isCalm) }
    // How an answer is to be read must be known.
    if [.garbles, .breaksOff, .dawdles].contains(temper) { for place in requests.indices { requests[place].isHead = false } }
    self.requests = requests
    shutsEarly = world.random.chance(20)
    stream = SimulatedStream(world, capacity: world.random.chance(50) ? 1 + world.random.below(3000) : 200_000)
    plan()
    stream.onOutput = { [unowned self] in planTake() }
  }

  /// Cuts everything into pieces.
  private func plan() {
    var bytes: [UInt8] = []
    var stops: [Int] = []
    for request in requests {
      let (head, body) = request.encoded(&world.random)
      bytes += head
      if request.waitsForContinue { stops.append(bytes.count) }
      bytes += body
    }
    switch temper {
    case .breaksOff, .dawdles: bytes = Array(bytes.prefix(world.random.below(bytes.count)))
    case .garbles:
      let place = world.random.below(bytes.count)
      bytes.insert(contentsOf: (0..<(1 + world.random.below(60))).map { _ in UInt8(truncatingIfNeeded: world.random.next()) }, at: place)
      stops = []
    case .honest, .leaves, .readsNothing: break
    }
    let isWhole = world.random.chance(30)
    var start = 0
    while start < bytes.count {
      let stop = stops.first { $0 > start } ?? bytes.count
      let most = isWhole ? bytes.count : world.random.chance(50) ? 60 : 5000
      let end = min(stop, bytes.count, start + 1 + world.random.below(most))
      pieces.append(.bytes(bytes[start..<end]))
      if stops.contains(end) { pieces.append(.waitForContinue) }
      start = end
    }
  }

  /// Honest clients have sent everything and are told everything.
  var isHonest: Bool { temper == .honest }

  func start() {
    world.after(0, upTo: 300) { [self] in sendNext() }
    switch temper {
    case .leaves: world.after(0, upTo: 3000) { [self] in leave() }
    case .readsNothing: world.after(0, upTo: 500) { [self] in takesNothing = true }
    case .honest, .breaksOff, .dawdles, .garbles: break
    }
  }

  private func leave() {
    guard !isGone else { return }
    isGone = true
    stream.resetByPeer()
  }

  // MARK: Sending

  private func sendNext() {
    guard !isGone, !waitsForContinue else { return }
    guard next < pieces.count else { return endSending() }
    defer { next += 1 }
    switch pieces[next] {
    case .bytes(let bytes): stream.arrive(bytes)
    case .waitForContinue:
      let place = next
      waitsForContinue = true
      world.after(1000) { [self] in goOn(from: place) }
      return
    }
    world.after(0, upTo: world.random.chance(80) ? 3 : 200) { [self] in sendNext() }
  }

  private func goOn(from place: Int) {
    guard waitsForContinue, place == next - 1 else { return }
    waitsForContinue = false
    sendNext()
  }

  private func endSending() {
    switch temper {
    case .breaksOff: stream.shutByPeer()
    case .honest where shutsEarly: stream.shutByPeer()
    default: break
    }
    leaveIfDone()
  }

  // MARK: Reading

  private func planTake() {
    guard !isTakePlanned, !takesNothing, !isGone else { return }
    isTakePlanned = true
    world.after(0, upTo: 10) { [self] in
      isTakePlanned = false
      take()
    }
  }

  private func take() {
    guard !isGone, !takesNothing else { return }
    let bytes = stream.take(world.random.chance(50) ? 500 : 100_000)
    received += bytes
    if waitsForContinue, bytes.count > 0 { goOn(from: next - 1) }
    if !bytes.isEmpty { planTake() }
    leaveIfDone()
  }

  /// Closes its side when everything that it waits for has come, or nothing more will.
  private func leaveIfDone() {
    guard !isGone, next >= pieces.count || stream.isOver else { return }
    guard stream.isOver || (isHonest && hasAllAnswers) else { return }
    isGone = true
    stream.shutByPeer()
  }

  private var hasAllAnswers: Bool {
    guard !stream.hasOutput, let answers = try? answers() else { return false }
    return answers.count == requests.count && answers.allSatisfy(\.isWhole)
  }

  func answers() throws -> [SimulatedAnswer] {
    var reader = AnswerReader(received)
    return try reader.answers(to: requests, hasEnded: stream.isOver && !stream.isReset)
  }
}
