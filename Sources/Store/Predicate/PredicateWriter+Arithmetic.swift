import Base
import Expression

extension PredicateWriter {
  mutating func arithmetic(
    _ operation: ExpressionNode.Operator, _ a: ExpressionNode, _ b: ExpressionNode, _ node: ExpressionNode
  ) throws(ExpressionError) -> Scalar {
    switch node.type {
    case .integer: return try integers(operation, a, b, node)
    case .timestamp, .duration: return try times(operation, a, b, node)
    case .decimal: return try decimals(operation, a, b, node)
    case .string:
      let (x, y) = (try text(a), try text(b))
      return Scalar(SQL("(") + x.sql + SQL(" || ") + y.sql + SQL(")"), .text, failure: .whenNull)
    default: throw refused("arithmetic on \(node.type)", node)
    }
  }

  mutating func negated(_ operand: ExpressionNode, _ node: ExpressionNode) throws(ExpressionError) -> Scalar {
    let value = try scalar(operand)
    var result = Scalar(SQL("(-") + value.sql + SQL(")"), value.kind, failure: value.mayBeNull ? .whenNull : .never)
    switch value.kind {
    case .number, .decimal: return result
    case .integer:
      if isSQLite {
        result.mayOverflow = true
        result.failure = .whenNull
        return result
      }
      return within(
        SQL("-(") + value.sql + SQL(")::numeric"), from: "-9223372036854775808", to: "9223372036854775807", .integer)
    default: throw refused("arithmetic on a column that is stored so", node)
    }
  }

  /// SQLite turns an integer that overflows into a floating point number, which stays one whatever is done to it (but for
  /// `%`, whose operands are checked before); what is left is looked at once, at the end. PostgreSQL raises an error, which
  /// must not end the statement: it calculates with exact numbers of any size, and each result is checked.
  private mutating func integers(
    _ operation: ExpressionNode.Operator, _ a: ExpressionNode, _ b: ExpressionNode, _ node: ExpressionNode
  ) throws(ExpressionError) -> Scalar {
    var (x, y) = (try scalar(a), try scalar(b))
    guard x.kind == .integer, y.kind == .integer else { throw refused("arithmetic on a column that is stored so", node) }
    if isSQLite {
      if operation == .remainder { (x, y) = (try finished(x), try finished(y)) }
      let symbol: SQL =
        switch operation {
        case .add: SQL(" + ")
        case .subtract: SQL(" - ")
        case .multiply: SQL(" * ")
        case .divide: SQL(" / ")
        default: SQL(" % ")
        }
      var result = Scalar(SQL("(") + x.sql + symbol + y.sql + SQL(")"), .integer, failure: .whenNull)
      result.mayOverflow = operation != .remainder
      return result
    }
    let (first, second) = (SQL("(") + x.sql + SQL(")::numeric"), SQL("(") + y.sql + SQL(")::numeric"))
    let sql: SQL =
      switch operation {
      case .add: first + SQL(" + ") + second
      case .subtract: first + SQL(" - ") + second
      case .multiply: first + SQL(" * ") + second
      case .divide: SQL("div(") + first + SQL(", NULLIF(") + second + SQL(", 0))")
      default: SQL("mod(") + first + SQL(", NULLIF(") + second + SQL(", 0))")
      }
    return within(sql, from: "-9223372036854775808", to: "9223372036854775807", .integer)
  }

  /// SQLite: an overflow becomes NULL.
  mutating func finished(_ scalar: Scalar) throws(ExpressionError) -> Scalar {
    guard scalar.mayOverflow else { return scalar }
    var result = scalar
    result.sql =
      SQL("(SELECT CASE WHEN typeof(v) = 'integer' THEN v END FROM (SELECT ") + scalar.sql + SQL(" AS v LIMIT 1))")
    result.mayOverflow = false
    return result
  }

  /// The value where it lies between two bounds, else NULL. A subquery of its own, so that it is written once: `OFFSET 0`
  /// and `LIMIT 1` keep the planner from writing it out again.
  private func within(_ sql: SQL, from minimum: StaticString, to maximum: StaticString, _ kind: ColumnKind) -> Scalar {
    var result = SQL("(SELECT CASE WHEN v BETWEEN ") + SQL(minimum) + SQL(" AND ") + SQL(maximum) + SQL(" THEN v")
    if !isSQLite { result.append("::bigint") }
    result = result + SQL(" END FROM (SELECT ") + sql
    result.append(isSQLite ? " AS v LIMIT 1))" : " AS v OFFSET 0) n)")
    return Scalar(result, kind, failure: .whenNull)
  }

  // MARK: Time

  /// Times and durations as microseconds.
  private mutating func times(
    _ operation: ExpressionNode.Operator, _ a: ExpressionNode, _ b: ExpressionNode, _ node: ExpressionNode
  ) throws(ExpressionError) -> Scalar {
    let (x, y) = (microseconds(try scalar(a)), microseconds(try scalar(b)))
    for side in [x, y] where side.kind != .timestamp && side.kind != .integer {
      throw refused("arithmetic on a column that is stored so", node)
    }
    let sql = SQL("(") + x.sql + SQL(operation == .add ? " + " : " - ") + y.sql + SQL(")")
    if node.type == .duration { return within(sql, from: "-9223372036854775", to: "9223372036854775", .integer) }
    var result = within(sql, from: "-62135596800000000", to: "253402300799999999", .timestamp)
    result.isMicroseconds = !isSQLite
    return result
  }

  /// PostgreSQL's timestamps as microseconds; SQLite's are.
  func microseconds(_ scalar: Scalar) -> Scalar {
    guard !isSQLite, scalar.kind == .timestamp, !scalar.isMicroseconds else { return scalar }
    var result = scalar
    result.sql = SQL("(extract(epoch FROM ") + scalar.sql + SQL(") * 1000000)::bigint")
    result.isMicroseconds = true
    return result
  }

  /// `timestamp(date)` and `date(timestamp)`.
  mutating func timeFunction(
    _ function: ExpressionNode.Function, _ argument: ExpressionNode, _ node: ExpressionNode
  ) throws(ExpressionError) -> Scalar {
    let value = try scalar(argument)
    switch (function, value.kind) {
    case (.timestamp, .date):
      if isSQLite {
        return Scalar(
          SQL("(CAST(strftime('%s', ") + value.sql + SQL(") AS INTEGER) * 1000000)"), .timestamp, failure: .whenNull)
      }
      return Scalar(SQL("(") + value.sql + SQL("::timestamp AT TIME ZONE 'UTC')"), .timestamp, failure: .whenNull)
    case (.date, .timestamp):
      if isSQLite {
        // Whole seconds, rounded down.
        let rest = SQL("((") + value.sql + SQL(" % 1000000) + 1000000) % 1000000")
        return Scalar(
          SQL("date((") + value.sql + SQL(" - ") + rest + SQL(") / 1000000, 'unixepoch')"), .date, failure: .whenNull)
      }
      if value.isMicroseconds {
        return Scalar(
          SQL("(DATE '1970-01-01' + floor(") + value.sql + SQL("::numeric / 86400000000)::int)"), .date, failure: .whenNull)
      }
      return Scalar(SQL("(") + value.sql + SQL(" AT TIME ZONE 'UTC')::date"), .date, failure: .whenNull)
    default: throw refused("\(function.rawValue)() of a column that is stored so", node)
    }
  }
}
