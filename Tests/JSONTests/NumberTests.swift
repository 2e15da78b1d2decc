import JSON
import TestSupport
import Testing

@Suite struct NumberTests {
  private func double(_ text: String) throws -> Double? {
    try JSONDocument.parse(Array(text.utf8)).root.double
  }

  @Test(arguments: [
    "0.1", "1.7976931348623157e308", "2.2250738585072014e-308", "4.9e-324", "2.4703282292062328e-324",
    "9007199254740993", "9007199254740993.0", "9007199254740992.5", "9007199254740993.5",
    "0.500000000000000166533453693773481063544750213623046875",
    "1e23", "8.5e22", "123456789012345678e-27", "18446744073709551615e27", "9999999999999999999e-27", "1e-27", "1e27",
    "3.518437208883201171875e13", "62.5364939768271845828", "8.10109172351e-10", "1.50000000000000011102230246251565",
    "-1.00000000000000011102230246251565404236316680908203125", "10000000000000000000000000000000000e-30",
  ])
  func areRoundedCorrectly(text: String) throws {
    #expect(try double(text) == Double(text))
  }

  @Test func areRoundedCorrectlyAtRandom() throws {
    var random = SplitMix64(seed: 17)
    for _ in 0..<50_000 {
      let digits = Int.random(in: 1...25, using: &random)
      var text = ""
      for _ in 0..<digits { text += String(Int.random(in: 0...9, using: &random)) }
      text = String(text.drop { $0 == "0" })
      if text.isEmpty { text = "7" }
      let place = Int.random(in: 1...text.count, using: &random)
      if place < text.count { text.insert(".", at: text.index(text.startIndex, offsetBy: place)) }
      text += "e\(Int.random(in: -40...40, using: &random))"
      let expected = Double(text)
      #expect(try double(text) == expected, "\(text)")
    }
  }

  @Test func everyDoubleSurvivesItsText() throws {
    var random = SplitMix64(seed: 5)
    for _ in 0..<50_000 {
      let value = Double(bitPattern: random.next())
      guard value.isFinite else { continue }
      var out: [UInt8] = []
      out.appendJSON(number: value)
      let read = try JSONDocument.parse(out).root.double
      #expect(read?.bitPattern == value.bitPattern || (value == 0 && read == 0))
    }
  }

  @Test func halfwayCasesWithManyDigitsAreRoundedByTheLastOne() throws {
    // 1 + 2^-53 exactly is a tie and goes to even; anything after it, however far, goes up.
    let tie = "1.00000000000000011102230246251565404236316680908203125"
    #expect(try double(tie) == 1)
    #expect(try double(tie + String(repeating: "0", count: 5000) + "1") == 1.0.nextUp)
    #expect(try double("0." + String(repeating: "0", count: 400) + "1") == 0)
    #expect(try double("0." + String(repeating: "0", count: 400) + "1e401") == 1)
    #expect(try double("1" + String(repeating: "0", count: 400) + "e-400") == 1)
    #expect(try double(String(repeating: "9", count: 300)) == Double(String(repeating: "9", count: 300)))
  }

  @Test func overflowIsAnErrorAndUnderflowIsZero() throws {
    for text in ["1e309", "-1e309", "1.7976931348623159e308", String(repeating: "9", count: 400), "1e99999999999999999999"] {
      let error = #expect(throws: JSONError.self) { try double(text) }
      #expect(error?.message == "the number is too large")
    }
    #expect(try double("1e-400") == 0)
    #expect(try double("1e-99999999999999999999") == 0)
    #expect(try double("0e99999999999999999999") == 0)
  }

  @Test func aMillionDigitsTakeNoTime() throws {
    let text = "0." + String(repeating: "1234567890", count: 100_000)
    #expect(try double(text) == 0.12345678901234567890123)
  }
}
