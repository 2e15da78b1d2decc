import Base

extension Evaluator {
  func found<T>(_ value: T?, at offset: Int) throws(EvaluationError) -> T {
    guard let value else { throw EvaluationError(.missing, at: offset) }
    return value
  }

  /// A value from outside (a token, a request). A text with U+0000 is an error: no store can hold one, and what a store
  /// cannot compare must not be compared in memory either.
  func outside(_ value: Value?, at offset: Int) throws(EvaluationError) -> Value {
    let value = try found(value, at: offset)
    if Evaluator.holdsNull(value) { throw EvaluationError(.text, at: offset) }
    return value
  }

  private static func holdsNull(_ value: Value) -> Bool {
    switch value {
    case .string(let text): text.utf8.contains(0)
    // Nor has a declared list an element that is null.
    case .list(let items): items.contains { $0.isNull || holdsNull($0) }
    default: false
    }
  }

  /// A member of null is null.
  func member(_ base: ExpressionValue, _ name: String, at offset: Int) throws(EvaluationError) -> ExpressionValue {
    switch base {
    case .scalar(.null): return .null
    case .record(let record): return try found(record.member(name), at: offset)
    case .scalar(.money(let money)):
      switch name {
      case "amount": return .scalar(.integer(money.amount))
      case "currency": return .scalar(.string(money.currency.description))
      default: throw EvaluationError(.missing, at: offset)
      }
    // A ref whose record was not loaded still knows its id.
    case .scalar(.uuid) where name == "id", .scalar(.integer) where name == "id", .scalar(.string) where name == "id":
      return base
    case .scalar, .list: throw EvaluationError(.type, at: offset)
    }
  }

  /// A JSON text, read when it is asked for.
  mutating func opened(_ value: ExpressionValue, _ node: ExpressionNode) throws(EvaluationError) -> ExpressionValue {
    guard case .scalar(.json(let text)) = value else { return value }
    try charge(text.count / 8, at: node.offset)
    guard let value = ExpressionValue.reading(text, as: node.type) else { throw EvaluationError(.text, at: node.offset) }
    return value
  }

  /// Whether a member is there and not null. What a caller or a JSON object does not have is not there; that is no error.
  mutating func has(_ member: ExpressionNode) throws(EvaluationError) -> Bool {
    switch member.kind {
    case .caller(let name): return bindings.caller(name).map { !$0.isNull } ?? false
    case .parameter(let name): return bindings.parameter(name).map { !$0.isNull } ?? false
    case .member(let base, let name) where base.type == .dynamic:
      guard case .record(let record) = try evaluate(base) else { return false }
      return record.member(name).map { !$0.isNull } ?? false
    default: return !(try evaluate(member).isNull)
    }
  }

  func element(
    of base: ExpressionValue, _ index: ExpressionValue, at offset: Int
  ) throws(EvaluationError) -> ExpressionValue {
    if base.isNull || index.isNull { throw EvaluationError(.null, at: offset) }
    if case .record(let record) = base, case .scalar(.string(let name)) = index {
      return try found(record.member(name), at: offset)
    }
    guard let items = base.elements, case .scalar(.integer(let place)) = index else {
      throw EvaluationError(.type, at: offset)
    }
    guard place >= 0, place < Int64(items.count) else { throw EvaluationError(.missing, at: offset) }
    return items[Int(place)]
  }

  mutating func text(_ node: ExpressionNode) throws(EvaluationError) -> String {
    switch try evaluate(node) {
    case .scalar(.string(let text)): return text
    case .scalar(.null): throw EvaluationError(.null, at: node.offset)
    default: throw EvaluationError(.type, at: node.offset)
    }
  }
}
