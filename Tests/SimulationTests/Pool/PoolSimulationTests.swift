import TestSupport
import Testing

/// Callers, the pool, the driver, and a server that fails, falls silent and ends before and after its deeds: whatever is told as
/// done is done once, what is told as not done is not, and every call comes to an end.
@Suite("Simulated pools", .timeLimit(.minutes(20))) struct PoolSimulationTests {
  @Test func whatIsToldOfAWriteIsTrueWhateverTheServerDoes() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    var figures = SimulatedPoolFigures()
    for seed in SimulationSeeds.all {
      let pool = try SimulatedPool(seed: seed, in: folder)
      let problems = pool.run()
      try #require(problems.isEmpty, "seed \(seed) (MARTLET_SIMULATION_SEEDS=\(seed) runs it again): \(problems)")
      figures.add(pool.figures)
    }
    // Nothing of what the simulation is for has been left out.
    guard SimulationSeeds.all.count >= 1000 else { return }
    let seeds = SimulationSeeds.all.count
    #expect(figures.committed > seeds && figures.reads > seeds && figures.shared > seeds / 10)
    #expect(figures.crashes > seeds / 20 && figures.silences > seeds / 20 && figures.lostCommits > seeds / 50)
    #expect(figures.errors > seeds / 10 && figures.unknown > seeds / 50)
  }

  /// The checks find what they are there to find: a commit that counts twice.
  @Test func aCommitThatCountsTwiceIsFoundOut() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    var found = 0
    for seed in UInt64(1)...50 where !(try SimulatedPool(seed: seed, in: folder, keepsTwice: true).run().isEmpty) { found += 1 }
    #expect(found > 25)
  }
}
