import Base
import Testing

@Suite struct UUIDTests {
  static let text = "01234567-89ab-7def-8123-456789abcdef"

  @Test func isReadAndWritten() throws {
    let value = try #require(UUID(UUIDTests.text))
    #expect(value.high == 0x0123_4567_89ab_7def)
    #expect(value.low == 0x8123_4567_89ab_cdef)
    #expect(value.description == UUIDTests.text)
    #expect(UUID(UUIDTests.text.uppercased()) == value)
    #expect(UUID(bytes: value.bytes) == value)
    #expect(value.bytes.first == 0x01)
    #expect(value.bytes.last == 0xef)
  }

  @Test func isWrittenWithEveryDigitInEveryPlace() {
    for digit in 0..<16 as Range<UInt64> {
      let all = UUID(high: digit * 0x1111_1111_1111_1111, low: digit * 0x1111_1111_1111_1111)
      let text = String(digit, radix: 16)
      #expect(all.description == [8, 4, 4, 4, 12].map { String(repeating: text, count: $0) }.joined(separator: "-"))
      for shift in stride(from: 0 as UInt64, to: 64, by: 4) {
        let one = UUID(high: digit << shift, low: ~(digit << shift))
        #expect(UUID(one.description) == one)
        #expect(one.description.utf8.allSatisfy { $0 == 0x2d || ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x61 && $0 <= 0x66) })
      }
    }
  }

  @Test(arguments: [
    "", "0123456789ab7def8123456789abcdef", "{01234567-89ab-7def-8123-456789abcdef}", "01234567-89ab-7def-8123-456789abcdeg",
    "01234567-89ab-7def-8123-456789abcde", "01234567x89ab-7def-8123-456789abcdef", "01234567-89ab-7def-8123-456789abcdefg",
    "0123456--89ab-7def-8123-456789abcdef",
  ])
  func whatIsNoUUIDIsRefused(text: String) {
    #expect(UUID(text) == nil)
  }

  @Test func version7CarriesItsTimeAndSortsByIt() {
    let early = UUID.version7(at: Timestamp(microseconds: 1_700_000_000_000_999), random: (.max, .max))
    let late = UUID.version7(at: Timestamp(microseconds: 1_700_000_000_001_000), random: (0, 0))
    #expect(early < late)
    #expect(early.high >> 16 == 1_700_000_000_000)
    #expect(early.high >> 12 & 15 == 7)
    #expect(early.low >> 62 == 2)
    #expect(late.low >> 62 == 2)
    #expect(late.high & 0xffff == 0x7000)
  }

  @Test func orderIsThatOfTheBytes() {
    #expect(UUID(high: 0, low: .max) < UUID(high: 1, low: 0))
    #expect(UUID(high: 1, low: 0) < UUID(high: 1, low: 1))
    #expect(UUID(bytes: [UInt8](repeating: 0, count: 15)) == nil)
  }
}
