import Testing

@testable import Expression

@Suite struct KnownOutcomesTests {
  @Test(arguments: [0, 1, 2, 31, 32, 63, 64, 200])
  func everyOutcomeStaysInItsPlace(place: Int) {
    for outcome in [KnownOutcomes.Outcome.false, .true, .failure, .null] {
      var outcomes = KnownOutcomes()
      for other in 0..<256 { outcomes[other] = .null }
      outcomes[place] = outcome
      #expect(outcomes[place] == outcome)
      #expect((0..<256).allSatisfy { $0 == place || outcomes[$0] == .null })
    }
  }
}
