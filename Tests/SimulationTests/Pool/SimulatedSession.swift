import Base
import TestSupport

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// One client's session with the simulated server.
///
/// Safety: as the server.
final class SimulatedSession: @unchecked Sendable {
  private let descriptor: Int32
  private unowned let server: SimulatedPostgres
  private var reader = ClientMessageReader()
  private var statements: [String: String] = [:]
  private var bound: (text: String, parameters: [String?], isBinary: Bool)?
  /// `I` none, `T` open, `E` failed.
  private var transaction: Character = "I"
  private var staged: [(write: Int, step: Int)] = []
  /// After an error everything up to the next sync is passed over.
  private var isSkipping = false
  private var out: [UInt8] = []
  /// Says nothing more, and stays.
  private var isSilent = false
  private(set) var isOver = false

  init(_ descriptor: Int32, of server: SimulatedPostgres) {
    self.descriptor = descriptor
    self.server = server
  }

  private var world: SimulatedLoop { server.world }

  func die() {
    guard !isOver else { return }
    isOver = true
    close(descriptor)
  }

  /// Reads up to what has come last, so that a client that has gone is known to be.
  ///
  /// - Returns: whether anything came.
  func read() -> Bool {
    var hasRead = false
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while !isOver {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count < 0, errno == EAGAIN { break }
      hasRead = true
      guard count > 0 else {
        die()
        break
      }
      reader.append(buffer[..<count])
      while !isOver, !isSilent, let message = reader.next() { take(message) }
    }
    return hasRead
  }

  private func take(_ message: ClientMessage) {
    switch message {
    case .startup: begin()
    case .cancel, .terminate: die()
    case .sync: sync()
    case _ where isSkipping: break
    case .parse(let name, let text):
      statements[name] = text
      out += ServerMessage.parsed
    case .bind(let name, let parameters, let isBinary):
      if server.goesWrong(), !name.isEmpty { statements[name] = nil }
      guard let text = statements[name] else { return fail("26000") }
      bound = (text, parameters, isBinary)
      out += ServerMessage.bound
    case .describeStatement(let name):
      guard let text = statements[name] else { return fail("26000") }
      out += ServerMessage.noParameters + columns(text, isBinary: false)
    case .describePortal: if let bound { out += columns(bound.text, isBinary: bound.isBinary) }
    case .execute: if let bound { execute(bound.text, bound.parameters, isBinary: bound.isBinary) }
    case .other(let kind): preconditionFailure("the simulated server does not know message \(kind)")
    }
  }

  private func begin() {
    if server.goesWrong() { return falls() }
    out += ServerMessage.welcome
    send()
  }

  /// Something ends it: an error that ends sessions, silence, or the end of the process.
  private func falls() {
    switch world.random.below(4) {
    case 0:
      out += ServerMessage.failure(world.random.pick(["57P01", "53300", "57P03"]), severity: "FATAL")
      sendLastWords()
    case 1: beSilent()
    case 2: server.crash(for: world.random.below(3000))
    default: die()
    }
  }

  private func sendLastWords() {
    queue(out[...], after: 0)
    out = []
    isSilent = true
    world.after(Int(lastSend - world.nowMilliseconds)) { [self] in die() }
  }

  private func beSilent() {
    server.note { $0.silences += 1 }
    isSilent = true
  }

  private func fail(_ state: String) {
    server.note { $0.errors += 1 }
    out += ServerMessage.failure(state)
    isSkipping = true
    if transaction == "T" { transaction = "E" }
  }

  private func columns(_ text: String, isBinary: Bool) -> [UInt8] {
    switch text {
    case SimulatedSQL.read: ServerMessage.columns(1, isBinary: isBinary)
    case SimulatedSQL.shared: ServerMessage.columns(2, isBinary: isBinary)
    case SimulatedSQL.returning: ServerMessage.columns(1, isBinary: isBinary)
    default: ServerMessage.noData
    }
  }

  private func execute(_ text: String, _ parameters: [String?], isBinary: Bool) {
    if server.goesWrong() { return server.world.random.chance(50) ? falls() : fail(state(of: text)) }
    let numbers = parameters.compactMap { $0.flatMap { Int($0) } }
    switch text {
    case SimulatedSQL.read:
      out += ServerMessage.row([numbers[0]], isBinary: isBinary) + ServerMessage.complete("SELECT 1")
    case SimulatedSQL.shared:
      let values = (parameters[0] ?? "").split { "{},\"".contains($0) }.compactMap { Int($0) }
      server.note { $0.shared += values.count }
      for (place, value) in values.enumerated() { out += ServerMessage.row([value, place + 1], isBinary: isBinary) }
      out += ServerMessage.complete("SELECT \(values.count)")
    case SimulatedSQL.write:
      staged.append((numbers[0], numbers[1]))
      out += ServerMessage.complete("INSERT 0 1")
    case SimulatedSQL.returning:
      staged.append((numbers[0], numbers[1]))
      out += ServerMessage.row([numbers[0]], isBinary: isBinary) + ServerMessage.complete("INSERT 0 1")
    case "COMMIT": commit()
    case "ROLLBACK": endTransaction("ROLLBACK")
    case _ where text.hasPrefix("BEGIN"):
      transaction = "T"
      out += ServerMessage.complete("BEGIN")
    case _ where text.hasPrefix("DEALLOCATE "):
      statements[String(text.dropFirst(11))] = nil
      out += ServerMessage.complete("DEALLOCATE")
    default: out += ServerMessage.complete("DO")
    }
  }

  /// How a statement of that kind may fail.
  private func state(of text: String) -> String {
    switch text {
    case SimulatedSQL.write, SimulatedSQL.returning: world.random.pick(["40001", "40P01", "23505", "23514", "57014", "53100", "MT002"])
    case "COMMIT": world.random.pick(["40001", "23503", "53100"])
    default: world.random.pick(["57014", "53200", "40001"])
    }
  }

  private func commit() {
    guard transaction == "T" else { return endTransaction("ROLLBACK") }
    server.keep(staged)
    endTransaction("COMMIT")
    guard server.goesWrong() else { return }
    // It is kept, and nobody is told.
    server.note { $0.lostCommits += 1 }
    out = []
    switch world.random.below(3) {
    case 0: beSilent()
    case 1: die()
    default:
      out = ServerMessage.lost
      sendLastWords()
    }
  }

  private func endTransaction(_ tag: String) {
    transaction = "I"
    staged = []
    out += ServerMessage.complete(tag)
  }

  private func sync() {
    isSkipping = false
    if transaction != "T" { staged = [] }
    out += ServerMessage.ready(transaction)
    send()
  }

  /// Sends what there is after a while, and sometimes in two parts.
  private func send() {
    let bytes = out
    out = []
    let late = server.goesWrong() ? world.random.below(20_000) : world.random.below(5)
    let cut = world.random.chance(20) ? world.random.below(bytes.count + 1) : bytes.count
    queue(bytes[..<cut], after: late)
    if cut < bytes.count { queue(bytes[cut...], after: late + world.random.below(5)) }
  }

  /// When the last of what waits goes out: nothing overtakes it.
  private var lastSend: UInt64 = 0

  private func queue(_ bytes: ArraySlice<UInt8>, after milliseconds: Int) {
    lastSend = max(lastSend, world.nowMilliseconds + UInt64(milliseconds))
    world.after(Int(lastSend - world.nowMilliseconds)) { [weak self] in self?.write(bytes) }
  }

  private func write(_ bytes: ArraySlice<UInt8>) {
    guard !isOver, !bytes.isEmpty else { return }
    _ = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
  }
}

/// The statements of the simulation.
enum SimulatedSQL {
  static let read = "SIMULATED READ"
  static let shared = "SIMULATED SHARED READ"
  static let write = "SIMULATED WRITE"
  static let returning = "SIMULATED WRITE RETURNING"
}
