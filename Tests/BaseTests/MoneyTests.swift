import Base
import Testing

@Suite struct MoneyTests {
  @Test func aCurrencyIsThreeCapitals() throws {
    let euro = try #require(Currency("EUR"))
    #expect(euro.description == "EUR")
    #expect(euro.bytes == Array("EUR".utf8))
    #expect(Set([euro, euro]).count == 1)
    #expect(Money(amount: 1, currency: euro) == Money(amount: 1, currency: euro))
    #expect(Currency("USD") != euro)
    for text in ["", "eur", "EU", "EURO", "E1R", "ÄUR"] { #expect(Currency(text) == nil, "\(text)") }
  }

  @Test func nullIsTold() {
    #expect(Value.null.isNull)
    #expect(!Value.integer(0).isNull)
  }

  @Test func clocksGoOn() {
    let clock = SystemClock()
    let first = clock.monotonicNanoseconds
    #expect(clock.monotonicNanoseconds >= first)
    #expect(clock.now.microseconds > 1_700_000_000_000_000)
    let random = SystemRandom()
    #expect(random.next() != random.next())
  }
}
