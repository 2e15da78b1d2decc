import Base
import TestSupport

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A PostgreSQL server as its clients see it, with a table of numbers that writes put in, and with every way of failing that a
/// server and a network have: errors, refusals, silence, and an end at any moment, before or after it has kept what it was told.
///
/// It speaks over a real socket, so that the driver below the pool is the real one, and is asked for its deeds by the simulation.
///
/// Safety: `@unchecked Sendable` because it is touched on the simulation's one thread.
final class SimulatedPostgres: @unchecked Sendable {
  let world: SimulatedLoop
  private let folder: TemporaryFolder
  private var listener: Int32 = -1
  private(set) var sessions: [SimulatedSession] = []
  /// Of each write the steps that were kept, each as often as it was.
  var kept: [Int: [Int]] = [:]
  /// Of 100 deeds that many go wrong.
  let wrath: Int
  private(set) var sessionsMax = 0
  private(set) var figures = SimulatedPoolFigures()
  /// Takes its commits twice: a fault that no server has, for trying the checks.
  var keepsTwice = false

  init(_ world: SimulatedLoop, folder: TemporaryFolder) {
    self.world = world
    self.folder = folder
    wrath = world.random.pick([0, 1, 3, 10])
    listen()
  }

  var url: String { "postgres://simulated@/simulated?host=\(folder.path)&port=5432" }
  private var path: String { folder.path + "/.s.PGSQL.5432" }

  private func listen() {
    listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    unlink(path)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let bound = withUnsafePointer(to: &address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, size) } }
    precondition(bound == 0 && Glibc.listen(listener, 64) == 0, "the simulated server cannot listen")
  }

  /// Ends with all of its sessions; comes back after a while.
  func crash(for milliseconds: Int) {
    guard listener >= 0 else { return }
    figures.crashes += 1
    close(listener)
    listener = -1
    unlink(path)
    for session in sessions { session.die() }
    sessions = []
    world.after(milliseconds) { [self] in listen() }
  }

  /// Takes what has come from clients.
  ///
  /// - Returns: whether there was anything.
  func poll() -> Bool {
    var hasMoved = false
    while listener >= 0 {
      let descriptor = accept(listener, nil, nil)
      guard descriptor >= 0 else { break }
      _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
      hasMoved = true
      sessions.append(SimulatedSession(descriptor, of: self))
    }
    for session in sessions where session.read() { hasMoved = true }
    sessions.removeAll(where: \.isOver)
    sessionsMax = max(sessionsMax, sessions.count)
    return hasMoved
  }

  func goesWrong() -> Bool { world.random.chance(wrath) }

  func note(_ change: (inout SimulatedPoolFigures) -> Void) { change(&figures) }

  func keep(_ staged: [(write: Int, step: Int)]) {
    for (write, step) in staged { kept[write, default: []] += keepsTwice ? [step, step] : [step] }
  }

  func end() {
    for session in sessions { session.die() }
    if listener >= 0 { close(listener) }
    unlink(path)
  }
}

/// What happened, over all seeds.
struct SimulatedPoolFigures {
  var crashes = 0
  var silences = 0
  var errors = 0
  var lostCommits = 0
  var committed = 0
  var unknown = 0
  var reads = 0
  var shared = 0

  mutating func add(_ other: SimulatedPoolFigures) {
    crashes += other.crashes
    silences += other.silences
    errors += other.errors
    lostCommits += other.lostCommits
    committed += other.committed
    unknown += other.unknown
    reads += other.reads
    shared += other.shared
  }
}
