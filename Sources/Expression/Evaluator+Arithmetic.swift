import Base

extension Evaluator {
  func negated(_ value: ExpressionValue, at offset: Int) throws(EvaluationError) -> ExpressionValue {
    switch value {
    case .scalar(.integer(let integer)):
      let (result, overflow) = Int64(0).subtractingReportingOverflow(integer)
      if overflow { throw EvaluationError(.overflow, at: offset) }
      return .scalar(.integer(result))
    case .scalar(.number(let number)): return .scalar(.number(-number))
    case .scalar(.decimal(let decimal)): return .scalar(.decimal(Decimal(units: 0 &- decimal.units, scale: decimal.scale)))
    case .scalar(.null): throw EvaluationError(.null, at: offset)
    default: throw EvaluationError(.type, at: offset)
    }
  }

  mutating func calculate(
    _ operation: ExpressionNode.Operator, _ a: ExpressionValue, _ b: ExpressionValue, at offset: Int
  ) throws(EvaluationError) -> ExpressionValue {
    if a.isNull || b.isNull { throw EvaluationError(.null, at: offset) }
    if operation == .add, let x = a.elements, let y = b.elements {
      try charge((x.count + y.count) / 32, at: offset)
      return .list(x + y)
    }
    switch (a.value, b.value) {
    case (.integer(let x), .integer(let y)): return .scalar(.integer(try integers(operation, x, y, at: offset)))
    case (.number(let x), .number(let y)): return .scalar(.number(try numbers(operation, x, y, at: offset)))
    case (.decimal(let x), .decimal(let y)): return .scalar(.decimal(try decimals(operation, x, y, at: offset)))
    case (.string(let x), .string(let y)) where operation == .add:
      try charge((x.utf8.count + y.utf8.count) / 32, at: offset)
      return .scalar(.string(x + y))
    case (.timestamp(let x), .duration(let y)) where operation == .add: return try time(x, plus: y, at: offset)
    case (.duration(let x), .timestamp(let y)) where operation == .add: return try time(y, plus: x, at: offset)
    case (.timestamp(let x), .duration(let y)) where operation == .subtract: return try time(x, plus: 0 &- y, at: offset)
    case (.timestamp(let x), .timestamp(let y)) where operation == .subtract:
      return try duration(x.microseconds.subtractingReportingOverflow(y.microseconds), at: offset)
    case (.duration(let x), .duration(let y)) where operation == .add:
      return try duration(x.addingReportingOverflow(y), at: offset)
    case (.duration(let x), .duration(let y)) where operation == .subtract:
      return try duration(x.subtractingReportingOverflow(y), at: offset)
    default: throw EvaluationError(.type, at: offset)
    }
  }

  private func integers(
    _ operation: ExpressionNode.Operator, _ x: Int64, _ y: Int64, at offset: Int
  ) throws(EvaluationError) -> Int64 {
    let (result, overflow): (Int64, Bool)
    switch operation {
    case .add: (result, overflow) = x.addingReportingOverflow(y)
    case .subtract: (result, overflow) = x.subtractingReportingOverflow(y)
    case .multiply: (result, overflow) = x.multipliedReportingOverflow(by: y)
    case .divide:
      if y == 0 { throw EvaluationError(.divisionByZero, at: offset) }
      (result, overflow) = x.dividedReportingOverflow(by: y)
    case .remainder:
      if y == 0 { throw EvaluationError(.divisionByZero, at: offset) }
      // The least integer by -1 leaves 0: a remainder never overflows.
      return y == -1 ? 0 : x % y
    default: throw EvaluationError(.type, at: offset)
    }
    if overflow { throw EvaluationError(.overflow, at: offset) }
    return result
  }

  /// A number is never infinite and never NaN: what would be is an error.
  private func numbers(
    _ operation: ExpressionNode.Operator, _ x: Double, _ y: Double, at offset: Int
  ) throws(EvaluationError) -> Double {
    let result: Double
    switch operation {
    case .add: result = x + y
    case .subtract: result = x - y
    case .multiply: result = x * y
    case .divide:
      if y == 0 { throw EvaluationError(.divisionByZero, at: offset) }
      result = x / y
    default: throw EvaluationError(.type, at: offset)
    }
    guard result.isFinite else { throw EvaluationError(.overflow, at: offset) }
    return result
  }

  /// Exact; an error where the result needs more than 18 digits.
  private func decimals(
    _ operation: ExpressionNode.Operator, _ x: Decimal, _ y: Decimal, at offset: Int
  ) throws(EvaluationError) -> Decimal {
    guard (0...Decimal.digitsMax).contains(x.scale), (0...Decimal.digitsMax).contains(y.scale) else {
      throw EvaluationError(.range, at: offset)
    }
    var units: Int128
    var scale = max(x.scale, y.scale)
    switch operation {
    case .add: units = x.units(at: scale) + y.units(at: scale)
    case .subtract: units = x.units(at: scale) - y.units(at: scale)
    case .multiply:
      units = Int128(x.units) * Int128(y.units)
      scale = x.scale + y.scale
    default: throw EvaluationError(.type, at: offset)
    }
    let limit = Int128(Decimal.powerOfTen(Decimal.digitsMax))
    while scale > 0, scale > Decimal.digitsMax || units.magnitude >= limit.magnitude, units % 10 == 0 {
      units /= 10
      scale -= 1
    }
    guard units.magnitude < limit.magnitude, scale <= Decimal.digitsMax else { throw EvaluationError(.overflow, at: offset) }
    return Decimal(units: Int64(units), scale: scale)
  }

  private func time(_ time: Timestamp, plus duration: Int64, at offset: Int) throws(EvaluationError) -> ExpressionValue {
    let (microseconds, overflow) = time.microseconds.addingReportingOverflow(duration)
    let result = Timestamp(microseconds: microseconds)
    guard !overflow, result >= .minimum, result <= .maximum else { throw EvaluationError(.range, at: offset) }
    return .scalar(.timestamp(result))
  }

  private func duration(
    _ result: (partialValue: Int64, overflow: Bool), at offset: Int
  ) throws(EvaluationError) -> ExpressionValue {
    guard !result.overflow, abs(Int128(result.partialValue)) <= Int128(DurationText.microsecondsMax) else {
      throw EvaluationError(.range, at: offset)
    }
    return .scalar(.duration(result.partialValue))
  }
}
