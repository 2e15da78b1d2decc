import Testing

@testable import Expression

@Suite struct ShapeTests {
  @Test(arguments: [0, 1, 2, 31, 32, 63, 64, 200])
  func everyOutcomeStaysInItsPlace(place: Int) {
    for outcome in [Shape.Outcome.false, .true, .failure, .null] {
      var shape = Shape()
      for other in 0..<256 { shape[other] = .null }
      shape[place] = outcome
      #expect(shape[place] == outcome)
      #expect((0..<256).allSatisfy { $0 == place || shape[$0] == .null })
    }
  }
}
