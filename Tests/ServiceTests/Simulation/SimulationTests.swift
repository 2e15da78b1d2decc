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

/// Clients that lose patience and answers, a store that fails, a process that is killed: and still whatever was acknowledged is
/// there, once. `MARTLET_SIMULATION_SEEDS=10000-10099` runs those seeds (`77` one of them).
@Suite("Simulated services", .timeLimit(.minutes(20))) struct SimulationTests {
  static let contract = """
    martlet: 1
    service: {name: simulated, version: v1}
    resources:
      entries:
        fields:
          mark: {type: string, required: true, index: true}
        idempotency: required
        access: {create: authenticated, read: authenticated}
      counters:
        fields:
          name:  {type: string, required: true, unique: true}
          value: {type: integer, default: 0}
        access: {create: authenticated, read: authenticated, update: authenticated}
    """

  @Test func whatIsAcknowledgedIsThereOnceWhateverHappens() async throws {
    let base = try await SimulatedBase(Self.contract)
    defer { base.close() }
    var figures = SimulatedFigures()
    for seed in SimulationSeeds.all {
      let service = SimulatedService(base, seed: seed)
      let problems = try service.run()
      try #require(problems.isEmpty, "seed \(seed) (MARTLET_SIMULATION_SEEDS=\(seed) runs it again): \(problems)")
      figures.add(service.figures)
    }
    // Nothing of what the simulation is for has been left out.
    guard SimulationSeeds.all.count >= 1000 else { return }
    #expect(figures.kills > 500 && figures.replays > 500 && figures.conflicts > 500 && figures.lost > 5000)
    #expect(figures.largestGroup > 1)
  }

  /// A seed is the whole story: it runs the same way again.
  @Test(arguments: [3, 17, 4711]) func aSeedRunsTheSameWayAgain(seed: UInt64) async throws {
    var stories: [[String]] = []
    for _ in 0..<2 {
      let base = try await SimulatedBase(Self.contract)
      defer { base.close() }
      let service = SimulatedService(base, seed: seed)
      #expect(try service.run().isEmpty)
      stories.append(service.story)
    }
    #expect(stories[0] == stories[1] && stories[0].count > 10)
  }

  /// The simulation finds what it is there to find: a service whose keys are forgotten answers a repeated request twice.
  @Test func aServiceThatForgetsKeysIsFoundOut() async throws {
    let base = try await SimulatedBase(Self.contract)
    defer { base.close() }
    var found = 0
    for seed in UInt64(1)...200 {
      let service = SimulatedService(base, seed: seed)
      service.forgetsKeys = true
      if try !service.run().isEmpty { found += 1 }
    }
    #expect(found > 10)
  }
}

/// What happened, over all seeds.
struct SimulatedFigures {
  var kills = 0
  var replays = 0
  var conflicts = 0
  var lost = 0
  var largestGroup = 0

  mutating func add(_ other: SimulatedFigures) {
    kills += other.kills
    replays += other.replays
    conflicts += other.conflicts
    lost += other.lost
    largestGroup = max(largestGroup, other.largestGroup)
  }
}

/// A contract and its database, made once for many runs.
///
/// Safety: `@unchecked Sendable` because one run after the other uses it.
final class SimulatedBase: @unchecked Sendable {
  let contract: Contract
  let key: ServiceKey
  let verifier: TokenVerifier
  let file: SimulatedFile
  let authorizations: [String]
  /// Of the events before this run.
  var lastPosition: Int64 = 0
  private let folder: TemporaryFolder

  static let clientCount = 3

  init(_ yaml: String) async throws {
    contract = try #require(ContractLoader.load(text: yaml).contract)
    folder = try TemporaryFolder()
    let path = folder.path + "/simulated.db"
    let store = try SQLiteStore(path: path)
    _ = try await SchemaManager(clock: SystemClock()).prepare(store, contract)
    await store.close()
    key = try ServiceKey.ephemeral()
    let start = SimulatedWorld(seed: 0).now
    verifier = try TokenVerifier(
      contract.identity, roles: contract.roles, service: contract.service.name, key: key, folder: folder.path, now: start
    ) { _ in }
    let minter = TokenMinter(service: contract.service.name, key: key)
    authorizations = try (0..<SimulatedBase.clientCount).map {
      "Bearer " + (try minter.mint(subject: "client-\($0)", roles: [], scopes: [], lifetime: .seconds(86_400), now: start))
    }
    file = try SimulatedFile(path: path)
  }

  func close() {
    file.close()
    folder.remove()
  }
}
