import Base

extension Evaluator {
  mutating func compare(
    _ operation: ExpressionNode.Operator, _ a: ExpressionValue, _ b: ExpressionValue, at offset: Int
  ) throws(EvaluationError) -> Bool {
    switch operation {
    case .equal: return try equal(a, b, at: offset)
    case .notEqual: return !(try equal(a, b, at: offset))
    case .in:
      guard let items = b.elements else { throw EvaluationError(b.isNull ? .null : .type, at: offset) }
      for item in items where try equal(a, item, at: offset) { return true }
      return false
    case .less: return try order(a, b, at: offset) < 0
    case .lessOrEqual: return try order(a, b, at: offset) <= 0
    case .greater: return try order(a, b, at: offset) > 0
    case .greaterOrEqual: return try order(a, b, at: offset) >= 0
    default: throw EvaluationError(.type, at: offset)
    }
  }

  /// Defined for null; two sorts of things are unequal, but numbers of any sort are compared by their value.
  private mutating func equal(
    _ a: ExpressionValue, _ b: ExpressionValue, at offset: Int
  ) throws(EvaluationError) -> Bool {
    try charge(1, at: offset)
    if a.isNull || b.isNull { return a.isNull && b.isNull }
    if let x = a.elements, let y = b.elements {
      guard x.count == y.count else { return false }
      for (first, second) in zip(x, y) where !(try equal(first, second, at: offset)) { return false }
      return true
    }
    if a.isJSONObject || b.isJSONObject { throw EvaluationError(.type, at: offset) }
    switch (a.value, b.value) {
    case (.boolean(let x), .boolean(let y)): return x == y
    case (.string(let x), .string(let y)):
      try charge(min(x.utf8.count, y.utf8.count) / 32, at: offset)
      return x.utf8.elementsEqual(y.utf8)
    case (.money(let x), .money(let y)): return x == y
    case (.json(let x), .json(let y)):
      // The same bytes are the same value; other bytes may be as well, and that is not decided here.
      if x == y { return true }
      throw EvaluationError(.type, at: offset)
    case (.json, _), (_, .json): throw EvaluationError(.type, at: offset)
    case (.decimal, .number), (.number, .decimal): throw EvaluationError(.type, at: offset)
    case (let x, let y): return Evaluator.order(x, y) == 0
    }
  }

  /// Below zero, zero or above.
  private mutating func order(
    _ a: ExpressionValue, _ b: ExpressionValue, at offset: Int
  ) throws(EvaluationError) -> Int {
    if a.isNull || b.isNull { throw EvaluationError(.null, at: offset) }
    switch (a.value, b.value) {
    case (.boolean(let x), .boolean(let y)): return (x ? 1 : 0) - (y ? 1 : 0)
    case (.string(let x), .string(let y)):
      try charge(min(x.utf8.count, y.utf8.count) / 32, at: offset)
      return Evaluator.order(x, y)
    case (.money(let x), .money(let y)):
      guard x.currency == y.currency else { throw EvaluationError(.currency, at: offset) }
      return Evaluator.sign(x.amount, y.amount)
    case (let x, let y):
      guard let order = Evaluator.order(x, y) else { throw EvaluationError(.type, at: offset) }
      return order
    }
  }

  /// By UTF-8 bytes, which is also the order of code points.
  static func order(_ a: String, _ b: String) -> Int {
    if a.utf8.elementsEqual(b.utf8) { return 0 }
    return a.utf8.lexicographicallyPrecedes(b.utf8) ? -1 : 1
  }

  private static func sign<T: Comparable>(_ a: T, _ b: T) -> Int { a < b ? -1 : a == b ? 0 : 1 }

  /// Nil where the two have no order between them. A text is read as the other's type: JSON has no other way to say it.
  private static func order(_ a: Value, _ b: Value) -> Int? {
    switch (a, b) {
    case (.integer(let x), .integer(let y)): sign(x, y)
    case (.number(let x), .number(let y)): sign(x, y)
    case (.decimal(let x), .decimal(let y)): sign(x, y)
    case (.integer(let x), .number(let y)): order(x, y)
    case (.number(let x), .integer(let y)): order(y, x).map { -$0 }
    case (.integer(let x), .decimal(let y)): sign(Decimal(units: x, scale: 0).units(at: y.scale), Int128(y.units))
    case (.decimal(let x), .integer(let y)): sign(Int128(x.units), Decimal(units: y, scale: 0).units(at: x.scale))
    case (.timestamp(let x), .timestamp(let y)): sign(x, y)
    case (.date(let x), .date(let y)): sign(x, y)
    case (.duration(let x), .duration(let y)): sign(x, y)
    case (.uuid(let x), .uuid(let y)): sign(x, y)
    case (.string(let text), let other): read(text, like: other).flatMap { order($0, other) }
    case (let other, .string(let text)): read(text, like: other).flatMap { order(other, $0) }
    default: nil
    }
  }

  private static func read(_ text: String, like other: Value) -> Value? {
    switch other {
    case .timestamp: Timestamp(exactly: text).map(Value.timestamp)
    case .date: CalendarDate(text).map(Value.date)
    case .uuid: UUID(text).map(Value.uuid)
    case .decimal: Decimal(text).map(Value.decimal)
    default: nil
    }
  }

  /// Exact, as on one line of numbers.
  private static func order(_ integer: Int64, _ number: Double) -> Int? {
    if number.isNaN { return nil }
    if number >= 9_223_372_036_854_775_808 { return -1 }
    if number < -9_223_372_036_854_775_808 { return 1 }
    let whole = Int64(number)
    if integer != whole { return integer < whole ? -1 : 1 }
    let rest = number - Double(whole)
    return rest > 0 ? -1 : rest < 0 ? 1 : 0
  }
}
