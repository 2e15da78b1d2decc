import Base
import Contract
import Expression

extension PredicateWriter {
  /// Where `a == b` is `same`.
  mutating func equality(
    _ a: ExpressionNode, _ b: ExpressionNode, _ same: Bool, _ node: ExpressionNode
  ) throws(ExpressionError) -> SQLCondition {
    if isNull(a) { return try nullness(b, same) }
    if isNull(b) { return try nullness(a, same) }
    if isFailure(a) || isFailure(b) { return .never }
    if a.type == .money || b.type == .money { return try moneyEquality(a, b, same) }
    if same {
      if let condition = try semiJoin(a, b) { return condition }
      if let condition = try semiJoin(b, a) { return condition }
    }
    if let condition = try decimalBetweenSteps(a, same, b) { return condition }
    let (x, y) = try operands(a, b, node)
    let condition = equality(x, y, same)
    guard same, isParameter(a) != isParameter(b), let sought = x.sought ?? y.sought else { return condition }
    return .all([condition, .sql(sought.column + SQL(" = ") + sought.form.write((isParameter(a) ? x : y).sql))])
  }

  func equality(_ x: Scalar, _ y: Scalar, _ same: Bool) -> SQLCondition {
    var sql = x.sql
    let collation: SQL? =
      isSQLite && x.kind == .text && (x.hasForeignCollation || y.hasForeignCollation) ? SQL(" COLLATE BINARY") : nil
    // With a side that is never null, NULL is where it does not hold or an error: plain `=`, which every index serves.
    if same, !x.isNullable || !y.isNullable {
      sql = sql + SQL(" = ") + y.sql
      if let collation { sql.append(collation) }
      return .sql(sql)
    }
    if !same, !x.isNullable, !y.isNullable {
      sql = sql + SQL(" <> ") + y.sql
      if let collation { sql.append(collation) }
      return .sql(sql)
    }
    if isSQLite { sql.append(same ? " IS " : " IS NOT ") } else { sql.append(same ? " IS NOT DISTINCT FROM " : " IS DISTINCT FROM ") }
    sql.append(y.sql)
    if let collation { sql.append(collation) }
    let conditions = [
      SQLCondition.sql(SQL("(") + sql + SQL(")")), x.success.map(SQLCondition.sql) ?? .always, y.success.map(SQLCondition.sql) ?? .always,
    ]
    return .all(conditions)
  }

  /// Both sides in one encoding: a parameter takes the other side's.
  mutating func operands(
    _ a: ExpressionNode, _ b: ExpressionNode, _ node: ExpressionNode
  ) throws(ExpressionError) -> (Scalar, Scalar) {
    if isParameter(a), !isParameter(b) {
      let other = try finished(try scalar(b))
      return (try parameter(a, like: other), other)
    }
    let first = try finished(try scalar(a))
    if isParameter(b) { return (first, try parameter(b, like: first)) }
    let second = try finished(try scalar(b))
    if case .decimal(let x) = first.kind, case .decimal(let y) = second.kind {
      let scale = max(x, y)
      return (try rescaled(first, a, to: scale), try rescaled(second, b, to: scale))
    }
    return try unified(first, second, node)
  }

  /// Two values that are not parameters, made comparable.
  func unified(_ a: Scalar, _ b: Scalar, _ node: ExpressionNode) throws(ExpressionError) -> (Scalar, Scalar) {
    if a.isMicroseconds != b.isMicroseconds { return (microseconds(a), microseconds(b)) }
    if a.kind == b.kind { return (a, b) }
    throw refused("a comparison of two columns that are stored differently", node)
  }

  /// A literal or a slot.
  func isPlain(_ node: ExpressionNode) -> Bool {
    switch node.kind {
    case .literal, .slot: true
    default: false
    }
  }

  func isNull(_ node: ExpressionNode) -> Bool {
    if case .literal(let value) = node.kind { value.isNull } else { false }
  }

  func isFailure(_ node: ExpressionNode) -> Bool { if case .failure = node.kind { true } else { false } }

  /// `record.customer.user == x`, asked from the other end where an index serves that:
  /// `customer IN (SELECT id FROM customers WHERE user = x)`.
  private mutating func semiJoin(_ path: ExpressionNode, _ value: ExpressionNode) throws(ExpressionError) -> SQLCondition? {
    guard isPlain(value), case .member = path.kind else { return nil }
    guard case .field(let row, let steps, let field) = try locate(path), let first = steps.first, let last = steps.last else { return nil }
    guard field.columns.count == 1, last.table.isSelective(field) else { return nil }
    if case .decimal = field.columns[0].kind { return nil }
    var sql = row.column(first.field.columns[0])
    var inners: [RowPlace] = []
    for (place, step) in steps.enumerated() {
      let alias = newAlias()
      let inner = RowPlace(table: step.table, alias: alias)
      sql = sql + SQL(" IN (SELECT ") + inner.column(step.table.key[0]) + SQL(" FROM ") + from(inner) + SQL(" WHERE ")
      if let condition = try visible(inner) { sql = sql + condition + SQL(" AND ") }
      if place + 1 < steps.count {
        sql = sql + inner.column(steps[place + 1].field.columns[0])
      } else {
        sql = sql + inner.value(field.columns[0])
      }
      inners.append(inner)
    }
    let column = Scalar(SQL(), field.columns[0].kind)
    sql = sql + SQL(" = ") + (try parameter(value, like: column)).sql
    for inner in inners.reversed() { sql = sql + lock([inner]) + SQL(")") }
    return .sql(sql)
  }

  // MARK: Money

  struct MoneyColumns {
    var amount: SQL
    var currency: SQL
    var isNullable: Bool
  }

  mutating func money(_ node: ExpressionNode) throws(ExpressionError) -> MoneyColumns {
    guard case .field(let row, let steps, let field) = try locate(node), field.columns.count == 2 else {
      throw refused("money that is no field", node)
    }
    return MoneyColumns(
      amount: try column(field.columns[0], row, steps), currency: try column(field.columns[1], row, steps),
      isNullable: !steps.isEmpty || field.columns[0].isNullable || !row.table.isManaged)
  }

  private mutating func moneyEquality(
    _ a: ExpressionNode, _ b: ExpressionNode, _ same: Bool
  ) throws(ExpressionError) -> SQLCondition {
    let (x, y) = (try money(a), try money(b))
    let amounts = equality(
      Scalar(x.amount, .integer, isNullable: x.isNullable), Scalar(y.amount, .integer, isNullable: y.isNullable), same)
    let currencies = equality(
      Scalar(x.currency, .text, isNullable: x.isNullable), Scalar(y.currency, .text, isNullable: y.isNullable), same)
    return same ? .all([amounts, currencies]) : .any([amounts, currencies])
  }
}
