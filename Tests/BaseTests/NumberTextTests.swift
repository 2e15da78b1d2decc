import Base
import Testing

@Suite struct NumberTextTests {
  private func text(_ write: (inout [UInt8]) -> Void) -> String {
    var out: [UInt8] = []
    write(&out)
    return String(decoding: out, as: UTF8.self)
  }

  @Test(arguments: [0, 7, 10, -1, -10, Int64.max, .min, 1_234_567_890])
  func integersAreAppended(value: Int64) {
    #expect(text { $0.append(decimal: value) } == String(value))
  }

  @Test func paddingFillsWithZeros() {
    #expect(text { $0.append(padded: 7, width: 3) } == "007")
    #expect(text { $0.append(padded: 0, width: 4) } == "0000")
    #expect(text { $0.append(padded: 12345, width: 3) } == "12345")
    #expect(text { $0.append(padded: 5, width: 1) } == "5")
    #expect(text { $0.append(padded: .max, width: 20) } == String(UInt64.max))
    #expect(text { $0.append(padded: 1, width: 20) } == "00000000000000000001")
  }

  @Test func textIsAppended() {
    #expect(text { $0.append("a" as StaticString) } == "a")
    #expect(text { $0.append("é" as String) } == "é")
  }

  @Test func hexadecimalDigitsGoBothWays() {
    for value in UInt8(0)..<16 { #expect(UInt8.hexadecimalDigit(value).hexadecimalValue == value) }
    #expect(UInt8(ascii: "F").hexadecimalValue == 15)
    #expect(UInt8(ascii: "g").hexadecimalValue == nil)
    #expect(UInt8(ascii: "/").hexadecimalValue == nil)
  }

  @Test func lettersAndDigitsAreASCIIOnly() {
    #expect(UInt8(ascii: "z").isLetter && UInt8(ascii: "A").isLetter)
    #expect(!UInt8(ascii: "[").isLetter && !UInt8(ascii: "@").isLetter && !UInt8(0xc1).isLetter)
    #expect(UInt8(ascii: "9").isDigit && !UInt8(ascii: ":").isDigit)
    #expect(UInt8(ascii: "Q").lowercased == UInt8(ascii: "q"))
    #expect(UInt8(ascii: "[").lowercased == UInt8(ascii: "["))
  }

  @Test func divisionIsRoundedDown() {
    #expect((-1).dividedFloor(by: 1000) == -1)
    #expect((-1000).dividedFloor(by: 1000) == -1)
    #expect(999.dividedFloor(by: 1000) == 0)
    #expect(Int64.min.dividedFloor(by: 1) == .min)
  }
}
