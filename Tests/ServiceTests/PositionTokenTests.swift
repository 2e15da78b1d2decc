import Base
import Identity
import Testing

@testable import Service

/// The position of a client's own writes, as it is told and shown.
@Suite struct PositionTokenTests {
  private static let now = Timestamp(microseconds: 1_800_000_000_000_000)

  private static func later(_ seconds: Int64) -> Timestamp { Timestamp(microseconds: now.microseconds + seconds * 1_000_000) }

  @Test(arguments: [1, 0x16_B374_D848, .max] as [UInt64]) func whatWasToldIsShown(position: UInt64) throws {
    let tokens = PositionTokens(try ServiceKey.ephemeral())
    let token = tokens.token(position, now: Self.now)
    #expect(token.count == 43)
    #expect(tokens.position(token, now: Self.now) == position)
    #expect(tokens.position(token, now: Self.later(59)) == position)
    // A clock that is behind the one that made it.
    #expect(tokens.position(token, now: Self.later(-20)) == position)
    #expect(tokens.position(token, now: Self.later(60)) == 0)
  }

  @Test func nobodyElseMakesThem() throws {
    let tokens = PositionTokens(try ServiceKey.ephemeral())
    let other = PositionTokens(try ServiceKey.ephemeral()).token(.max, now: Self.now)
    #expect(tokens.position(other, now: Self.now) == 0)
    let token = Array(tokens.token(5, now: Self.now).utf8)
    for place in token.indices {
      var changed = token
      changed[place] = changed[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      let text = String(decoding: changed, as: UTF8.self)
      // The last character has bits that stand for nothing.
      #expect([0, place == token.count - 1 ? 5 : 0].contains(tokens.position(text, now: Self.now)))
    }
    for text in ["", "x", String(repeating: "A", count: 43), String(repeating: "A", count: 4000), "\u{e4}"] {
      #expect(tokens.position(text, now: Self.now) == 0)
    }
    #expect(tokens.position(nil, now: Self.now) == 0)
  }

  @Test func theirTimeMayBeAny() throws {
    let tokens = PositionTokens(try ServiceKey.ephemeral())
    let first = tokens.token(5, now: Timestamp(microseconds: .min))
    #expect(tokens.position(first, now: Timestamp(microseconds: .max)) == 0)
    let last = tokens.token(5, now: Timestamp(microseconds: .max))
    #expect([0, 5].contains(tokens.position(last, now: Timestamp(microseconds: .min))))
  }
}
