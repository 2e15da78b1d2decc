import Base
import Expression

extension PredicateWriter {
  mutating func scalar(_ node: ExpressionNode) throws(ExpressionError) -> Scalar {
    try step(node)
    switch node.kind {
    case .literal, .slot, .failure: return try parameter(node, as: try kind(of: node))
    case .record, .input, .variable, .member: return try pathScalar(node)
    case .negate(let operand): return try negated(operand, node)
    case .conditional(let test, let a, let b):
      if isParameter(node) { return try parameter(node, as: try kind(of: node)) }
      return try choice(test, a, b, node)
    case .binary(let operation, let a, let b):
      switch operation {
      case .add, .subtract, .multiply, .divide, .remainder: return try arithmetic(operation, a, b, node)
      default: return try boolean(node)
      }
    case .call(let function, let arguments):
      switch function {
      case .size: return try size(arguments[0], node)
      case .timestamp, .date: return try timeFunction(function, arguments[0], node)
      case .startsWith, .endsWith, .contains: return try boolean(node)
      case .duration, .decimal, .email, .url: throw refused("\(function.rawValue)()", node)
      }
    case .not, .and, .or, .has, .macro: return try boolean(node)
    default: throw refused("this", node)
    }
  }

  /// A condition as a value.
  private mutating func boolean(_ node: ExpressionNode) throws(ExpressionError) -> Scalar {
    let (yes, no) = isSQLite ? (SQL("1"), SQL("0")) : (SQL("TRUE"), SQL("FALSE"))
    var sql = SQL("CASE")
    for wanted in [true, false] {
      switch try condition(node, wanted) {
      case .always: return Scalar(wanted ? yes : no, .boolean)
      case .never: break
      case .sql(let condition): sql = sql + SQL(" WHEN ") + condition + SQL(" THEN ") + (wanted ? yes : no)
      }
    }
    if sql.isBareCase { return Scalar(isSQLite ? SQL("NULL") : SQL("NULL::boolean"), .boolean, failure: .whenNull) }
    return Scalar(SQL("(") + sql + SQL(" END)"), .boolean, failure: .whenNull)
  }

  /// `test ? a : b`. Branches are in one encoding: parameters take the other's.
  private mutating func choice(
    _ test: ExpressionNode, _ a: ExpressionNode, _ b: ExpressionNode, _ node: ExpressionNode
  ) throws(ExpressionError) -> Scalar {
    let (x, y) = try operands(a, b, node)
    return try choice(test, (a, x), (b, y))
  }

  private mutating func choice(
    _ test: ExpressionNode, _ a: (node: ExpressionNode, value: Scalar), _ b: (node: ExpressionNode, value: Scalar)
  ) throws(ExpressionError) -> Scalar {
    let (x, y) = (a.value, b.value)
    var sql = SQL("(CASE")
    var hasBranch = false
    var successes: [SQLCondition] = []
    for (wanted, branch) in [(true, a), (false, b)] {
      let condition = try condition(test, wanted)
      let fails = isFailure(branch.node)
      successes.append(fails ? .never : .all([condition, branch.value.success.map(SQLCondition.sql) ?? .always]))
      switch condition {
      case .never: continue
      case .always: sql = sql + SQL(" WHEN ") + constant(true) + SQL(" THEN ") + branch.value.sql
      case .sql(let condition): sql = sql + SQL(" WHEN ") + condition + SQL(" THEN ") + branch.value.sql
      }
      hasBranch = true
    }
    if !hasBranch { sql = sql + SQL(" WHEN ") + constant(false) + SQL(" THEN ") + x.sql }
    var result = Scalar(sql + SQL(" END)"), x.kind)
    result.isNullable = [a, b].contains { isNull($0.node) || $0.value.isNullable }
    result.isMicroseconds = x.isMicroseconds
    result.hasForeignCollation = x.hasForeignCollation || y.hasForeignCollation
    if !result.isNullable {
      result.failure = .whenNull
    } else {
      switch SQLCondition.any(successes) {
      case .always: break
      case .never: result.failure = .unless(constant(false))
      case .sql(let success): result.failure = .unless(success)
      }
    }
    return result
  }

  private func constant(_ value: Bool) -> SQL {
    isSQLite ? SQL(value ? "1" : "0") : SQL(value ? "TRUE" : "FALSE")
  }

  // MARK: Parameters

  /// Whether it takes the encoding of what it is compared with: a literal, a slot, a choice between such.
  func isParameter(_ node: ExpressionNode) -> Bool {
    switch node.kind {
    case .literal, .slot, .failure: true
    case .conditional(_, let a, let b): node.type != .boolean && isParameter(a) && isParameter(b)
    default: false
    }
  }

  /// Such a value, bound as `kind` says.
  mutating func parameter(_ node: ExpressionNode, as kind: ColumnKind) throws(ExpressionError) -> Scalar {
    var sql = SQL()
    switch node.kind {
    case .slot(let place): sql.append(parameter: kind, .slot(place))
    case .literal(.duration(let microseconds)): sql.append(parameter: .integer, .value(.integer(microseconds)))
    case .literal(let value): sql.append(parameter: kind, .value(value))
    case .failure: sql.append(parameter: kind, .value(.null))
    case .conditional(let test, let a, let b):
      return try choice(test, (a, try parameter(a, as: kind)), (b, try parameter(b, as: kind)))
    default: throw refused("this", node)
    }
    var result = Scalar(sql, kind)
    if isNull(node) { result.isNullable = true }
    if isFailure(node) { result.failure = .whenNull }
    return result
  }

  /// As the other side holds it.
  mutating func parameter(_ node: ExpressionNode, like other: Scalar) throws(ExpressionError) -> Scalar {
    let parameter = try parameter(node, as: other.kind)
    return other.isMicroseconds ? microseconds(parameter) : parameter
  }

  /// How a value of the node's type is bound where nothing else says so.
  func kind(of node: ExpressionNode) throws(ExpressionError) -> ColumnKind {
    switch node.type {
    case .boolean: .boolean
    case .integer, .duration: .integer
    case .number: .number
    case .decimal: .decimal(scale: Decimal.digitsMax)
    case .string: .text
    case .timestamp: .timestamp
    case .date: .date
    case .uuid, .record: .uuid
    case .list: .json
    case .null, .money, .map, .dynamic: throw refused("a comparison with \(node.type)", node)
    }
  }
}

extension SQL {
  /// A CASE without a branch so far.
  fileprivate var isBareCase: Bool { pieces.count == 1 }
}
