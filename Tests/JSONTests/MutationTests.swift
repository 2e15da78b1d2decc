import JSON
import TestSupport
import Testing

/// Damaged documents: whatever comes in, the reader answers, and what it lets through is whole.
@Suite struct MutationTests {
  private static let seeds: [String] = [
    #"{"a":[1,-2.5e3,true,false,null],"b":{"c":"d\u00e9\n","é":"\ud83d\ude00"},"long":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#,
    #"[[],{},"",0,9223372036854775807,-9223372036854775808,1e308,0.1]"#, #"{"":{"":{"":[]}}}"#,
  ]

  @Test func neverTrapsAndNeverLetsHalfThrough() {
    var random = SplitMix64(seed: 23)
    var read = 0
    for round in 0..<60_000 {
      var bytes = Array(MutationTests.seeds[round % MutationTests.seeds.count].utf8)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(Array(#"{}[]",:\u0e-.9t"#.utf8).randomElement(using: &random) ?? 0, at: place)
        case 3: bytes.removeLast(bytes.count - place)
        default: bytes.insert(contentsOf: bytes[place...], at: place)
        }
        if bytes.isEmpty { bytes = [0x30] }
      }
      guard let document = try? JSONDocument.parse(bytes) else { continue }
      read += 1
      let value = JSONValue(document.root)
      #expect((try? JSONValue(parsing: value.bytes)) == value)
      #expect(String(validating: bytes, as: UTF8.self) != nil)
    }
    #expect(read > 500)
  }

  @Test func everyBeginningOfADocumentIsRefused() {
    for seed in MutationTests.seeds {
      let bytes = Array(seed.utf8)
      for length in 0..<bytes.count {
        let error = #expect(throws: JSONError.self) { try JSONDocument.parse(Array(bytes[..<length])) }
        #expect((error?.offset ?? -1) <= length)
      }
    }
  }
}
