/// An amount in a currency's minor units (cents), and the currency's ISO 4217 code.
package struct Money: Sendable, Hashable {
  package var amount: Int64
  package var currency: Currency

  package init(amount: Int64, currency: Currency) {
    self.amount = amount
    self.currency = currency
  }
}

/// An ISO 4217 alphabetic code: three upper-case letters.
package struct Currency: Sendable, Hashable, CustomStringConvertible {
  private let code: (UInt8, UInt8, UInt8)

  /// Nil unless it is three upper-case ASCII letters.
  package init?(_ text: some Collection<UInt8>) {
    let bytes = Array(text.prefix(4))
    guard bytes.count == 3, bytes.allSatisfy({ $0 >= 0x41 && $0 <= 0x5a }) else { return nil }
    code = (bytes[0], bytes[1], bytes[2])
  }

  package init?(_ text: String) { self.init(text.utf8) }

  package var bytes: [UInt8] { [code.0, code.1, code.2] }
  package var description: String { String(decoding: bytes, as: UTF8.self) }

  package static func == (a: Currency, b: Currency) -> Bool { a.code == b.code }
  package func hash(into hasher: inout Hasher) {
    hasher.combine(code.0)
    hasher.combine(code.1)
    hasher.combine(code.2)
  }
}
