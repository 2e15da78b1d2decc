import TestSupport
import Testing

/// Connections of honest clients and others, at every pace and cut: what each gets is what it asked for, in its order, and nothing
/// is left of any of them.
@Suite("Simulated connections", .timeLimit(.minutes(20))) struct ConnectionSimulationTests {
  @Test func everyClientGetsItsOwnAnswersAndNothingIsLeftBehind() throws {
    var figures = SimulatedConnectionFigures()
    for seed in SimulationSeeds.all {
      let connections = try SimulatedConnections(seed: seed)
      let problems = connections.run()
      try #require(problems.isEmpty, "seed \(seed) (MARTLET_SIMULATION_SEEDS=\(seed) runs it again): \(problems)")
      figures.add(connections.figures)
    }
    // Nothing of what the simulation is for has been left out.
    guard SimulationSeeds.all.count >= 1000 else { return }
    let seeds = SimulationSeeds.all.count
    #expect(figures.answers > seeds && figures.honest > seeds && figures.cancelled > seeds / 20 && figures.drains > seeds / 10)
  }

  /// The checks find what they are there to find: a network that loses a byte now and then.
  @Test func aLostByteIsFoundOut() throws {
    var found = 0
    for seed in UInt64(1)...100 where !(try SimulatedConnections(seed: seed, losesBytes: true).run().isEmpty) { found += 1 }
    #expect(found > 30)
  }

  /// A seed is the whole story: it runs the same way again.
  @Test(arguments: [3, 17, 4711]) func aSeedRunsTheSameWayAgain(seed: UInt64) throws {
    var events: [[Int]] = []
    for _ in 0..<2 {
      let connections = try SimulatedConnections(seed: seed)
      #expect(connections.run().isEmpty)
      events.append([connections.figures.events, connections.figures.requests, connections.figures.answers])
    }
    #expect(events[0] == events[1])
  }
}
