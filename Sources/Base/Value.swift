/// One value of a field, a parameter or an expression: what the contract's types hold at run time.
package enum Value: Sendable, Hashable {
  case null
  case boolean(Bool)
  case integer(Int64)
  /// Never NaN or infinite in a field; an expression's arithmetic reports an error instead.
  case number(Double)
  case decimal(Decimal)
  case string(String)
  case timestamp(Timestamp)
  case date(CalendarDate)
  /// Microseconds; only in expressions.
  case duration(Int64)
  case uuid(UUID)
  case money(Money)
  /// A JSON text, already checked.
  case json([UInt8])
  case list([Value])
  /// Octets; only between the engine and its store (digests, ciphertext).
  case bytes([UInt8])

  package var isNull: Bool { if case .null = self { true } else { false } }
}
