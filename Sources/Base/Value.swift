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

  /// About how many bytes it holds outside of itself.
  package var heapBytes: Int {
    switch self {
    // Texts of up to 15 bytes lie in the value itself.
    case .string(let text): text.utf8.count > 15 ? text.utf8.count : 0
    case .json(let bytes), .bytes(let bytes): bytes.count
    case .list(let values): values.reduce(values.count * MemoryLayout<Value>.stride) { $0 + $1.heapBytes }
    default: 0
    }
  }
}

extension Value {
  /// Texts are compared by their bytes, as stores do.
  package static func == (a: Value, b: Value) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.boolean(let a), .boolean(let b)): a == b
    case (.integer(let a), .integer(let b)), (.duration(let a), .duration(let b)): a == b
    case (.number(let a), .number(let b)): a == b
    case (.decimal(let a), .decimal(let b)): a == b
    case (.string(let a), .string(let b)): a.isExactly(b)
    case (.timestamp(let a), .timestamp(let b)): a == b
    case (.date(let a), .date(let b)): a == b
    case (.uuid(let a), .uuid(let b)): a == b
    case (.money(let a), .money(let b)): a == b
    case (.json(let a), .json(let b)), (.bytes(let a), .bytes(let b)): a == b
    case (.list(let a), .list(let b)): a == b
    default: false
    }
  }

  package func hash(into hasher: inout Hasher) {
    switch self {
    case .null: hasher.combine(0 as UInt8)
    case .boolean(let value): hasher.combine(value)
    case .integer(let value), .duration(let value): hasher.combine(value)
    case .number(let value): hasher.combine(value)
    case .decimal(let value): hasher.combine(value)
    case .string(let value): hasher.combine(ExactText(value))
    case .timestamp(let value): hasher.combine(value)
    case .date(let value): hasher.combine(value)
    case .uuid(let value): hasher.combine(value)
    case .money(let value): hasher.combine(value)
    case .json(let value), .bytes(let value): hasher.combine(value)
    case .list(let values): hasher.combine(values)
    }
  }
}
