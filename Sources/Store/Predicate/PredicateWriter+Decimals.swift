import Base
import Expression

extension PredicateWriter {
  /// SQLite holds a decimal as an integer of its column's steps. A literal between two steps (or past them all) equals
  /// none of them, and is compared by the step below it. Nil where that does not arise.
  mutating func decimalBetweenSteps(
    _ a: ExpressionNode, _ order: Order, _ b: ExpressionNode, _ node: ExpressionNode
  ) throws(ExpressionError) -> SQLCondition? {
    if let literal = decimal(b), let found = try between(a, literal) { return ordered(found.scalar, order, found.floor) }
    if let literal = decimal(a), let found = try between(b, literal) { return ordered(found.scalar, order.mirrored, found.floor) }
    return nil
  }

  /// The same for `==`.
  mutating func decimalBetweenSteps(
    _ a: ExpressionNode, _ same: Bool, _ b: ExpressionNode
  ) throws(ExpressionError) -> SQLCondition? {
    let found =
      if let literal = decimal(b), let found = try between(a, literal) { found } else if let literal = decimal(a) {
        try between(b, literal)
      } else {
        nil as (scalar: Scalar, floor: Int128)?
      }
    guard let found else { return nil }
    if same { return .never }
    return found.scalar.success.map(SQLCondition.sql) ?? .always
  }

  private func decimal(_ node: ExpressionNode) -> Decimal? {
    if isSQLite, case .literal(.decimal(let value)) = node.kind { value } else { nil }
  }

  /// The other side and the greatest number of its steps below the literal; nil where the literal is one of the steps.
  private mutating func between(
    _ node: ExpressionNode, _ literal: Decimal
  ) throws(ExpressionError) -> (scalar: Scalar, floor: Int128)? {
    guard !isParameter(node) else { return nil }
    let scalar = try scalar(node)
    guard case .decimal(let scale) = scalar.kind, literal.rescaled(to: scale) == nil else { return nil }
    let finer = max(scale, literal.scale)
    let power = Int128(Decimal.powerOfTen(finer - scale))
    let (quotient, rest) = literal.units(at: finer).quotientAndRemainder(dividingBy: power)
    return (scalar, rest < 0 ? quotient - 1 : quotient)
  }

  private func ordered(_ scalar: Scalar, _ order: Order, _ floor: Int128) -> SQLCondition {
    let isBelow =
      switch order {
      case .less, .lessOrEqual: true
      case .greater, .greaterOrEqual: false
      }
    let exists = SQLCondition.sql(scalar.sql + SQL(" IS NOT NULL"))
    guard let bound = Int64(exactly: floor) else {
      // Past every number that a column can hold.
      return (floor > 0) == isBelow ? exists : .never
    }
    var sql = scalar.sql + SQL(isBelow ? " <= " : " > ")
    sql.append(parameter: .integer, .value(.integer(bound)))
    return .sql(sql)
  }

  // MARK: Arithmetic

  /// Of what is proven to fit 18 digits: SQLite's whole numbers hold it, and it is no error in memory either.
  mutating func decimals(
    _ operation: ExpressionNode.Operator, _ a: ExpressionNode, _ b: ExpressionNode, _ node: ExpressionNode
  ) throws(ExpressionError) -> Scalar {
    guard let precision = node.decimalPrecision else { throw refused("a calculation that may need more than 18 digits", node) }
    var (x, y) = (try decimalOperand(a), try decimalOperand(b))
    if operation != .multiply {
      (x, y) = (try rescaled(x, a, to: precision.scale), try rescaled(y, b, to: precision.scale))
    }
    let symbol: SQL =
      switch operation {
      case .add: SQL(" + ")
      case .subtract: SQL(" - ")
      default: SQL(" * ")
      }
    let mayFail = x.mayBeNull || y.mayBeNull
    return Scalar(
      SQL("(") + x.sql + symbol + y.sql + SQL(")"), .decimal(scale: precision.scale), failure: mayFail ? .whenNull : .never)
  }

  private mutating func decimalOperand(_ node: ExpressionNode) throws(ExpressionError) -> Scalar {
    if case .literal(.decimal(let value)) = node.kind { return try parameter(node, as: .decimal(scale: value.scale)) }
    let value = try scalar(node)
    guard case .decimal = value.kind else { throw refused("arithmetic on a column that is stored so", node) }
    return value
  }

  /// SQLite: the same number in finer steps, where that is proven to fit.
  func rescaled(_ value: Scalar, _ node: ExpressionNode, to scale: Int) throws(ExpressionError) -> Scalar {
    guard isSQLite, case .decimal(let current) = value.kind, current != scale else { return value }
    guard current < scale, node.decimalPrecision?.rescaled(to: scale) != nil else {
      throw refused("a comparison of decimals of different scale", node)
    }
    var result = value
    result.sql = SQL("(") + value.sql + SQL(" * ")
    result.sql.append(Int(Decimal.powerOfTen(scale - current)))
    result.sql.append(")")
    result.kind = .decimal(scale: scale)
    return result
  }
}
