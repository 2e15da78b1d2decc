import Testing

@testable import Crypto

@Suite struct SealingKeyTests {
  let key = SealingKey([UInt8](repeating: 7, count: 32))
  let context = Array("orders".utf8)

  @Test(arguments: [0, 1, 15, 16, 17, 1000])
  func opensWhatItSealed(count: Int) throws {
    let plain = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    let sealed = try key.seal(plain, context: context)
    #expect(sealed.count == count + SealingKey.overhead)
    #expect(key.open(sealed, context: context) == plain)
    #expect(try key.seal(plain, context: []) != sealed)
  }

  @Test func equalValuesSealEquallyAndOthersDoNot() throws {
    let first = try key.seal([1, 2, 3], context: context)
    #expect(try key.seal([1, 2, 3], context: context) == first)
    #expect(try key.seal([1, 2, 4], context: context).prefix(24) != first.prefix(24))
    #expect(try SealingKey([UInt8](repeating: 8, count: 32)).seal([1, 2, 3], context: context) != first)
  }

  @Test func everyChangedOctetIsRefused() throws {
    let sealed = try key.seal(Array("a cursor".utf8), context: context)
    for position in sealed.indices {
      var forged = sealed
      forged[position] ^= 1
      #expect(key.open(forged, context: context) == nil, "octet \(position)")
    }
  }

  @Test func anotherContextAnotherKeyAndAnotherLengthAreRefused() throws {
    let sealed = try key.seal(Array("a cursor".utf8), context: context)
    #expect(key.open(sealed, context: []) == nil)
    #expect(key.open(sealed, context: Array("order".utf8)) == nil)
    #expect(SealingKey([UInt8](repeating: 8, count: 32)).open(sealed, context: context) == nil)
    for count in 0..<sealed.count { #expect(key.open(Array(sealed.prefix(count)), context: context) == nil) }
    #expect(key.open(sealed + [0], context: context) == nil)
  }
}
