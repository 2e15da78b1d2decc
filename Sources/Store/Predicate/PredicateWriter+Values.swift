import Base
import Expression

extension PredicateWriter {
  mutating func scalar(_ node: ExpressionNode) throws(ExpressionError) -> Scalar {
    try step(node)
    switch node.kind {
    case .literal, .slot: return try parameter(node, as: try kind(of: node))
    case .record, .variable, .member: return try pathScalar(node)
    case .negate(let operand): return try negated(operand, node)
    case .conditional(let test, let a, let b): return try choice(test, a, b, node)
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
      case .duration, .decimal: throw refused("\(function.rawValue)()", node)
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

  private mutating func choice(
    _ test: ExpressionNode, _ a: ExpressionNode, _ b: ExpressionNode, _ node: ExpressionNode
  ) throws(ExpressionError) -> Scalar {
    let (holds, fails) = (try condition(test, true), try condition(test, false))
    // Null on a side takes the other's form.
    let (x, y): (Scalar?, Scalar?)
    if isNull(a) || isFailure(a) {
      (x, y) = (nil, isNull(b) || isFailure(b) ? nil : try finished(try scalar(b)))
    } else if isNull(b) || isFailure(b) {
      (x, y) = (try finished(try scalar(a)), nil)
    } else {
      let pair = try operands(a, b, node)
      (x, y) = (pair.0, pair.1)
    }
    guard let kind = x?.kind ?? y?.kind else { throw refused("a choice between nothings", node) }
    var sql = SQL("(CASE")
    var hasBranch = false
    var successes: [Condition] = []
    for (condition, value, branch) in [(holds, x, a), (fails, y, b)] {
      let guarded: Condition = isFailure(branch) ? .never : value?.success.map(Condition.sql) ?? .always
      successes.append(.all([condition, guarded]))
      guard let value else { continue }
      switch condition {
      case .never: continue
      case .always: sql = sql + SQL(" WHEN ") + SQL(isSQLite ? "1" : "TRUE") + SQL(" THEN ") + value.sql
      case .sql(let condition): sql = sql + SQL(" WHEN ") + condition + SQL(" THEN ") + value.sql
      }
      hasBranch = true
    }
    if !hasBranch, let value = x ?? y { sql = sql + SQL(" WHEN ") + SQL(isSQLite ? "0" : "FALSE") + SQL(" THEN ") + value.sql }
    var result = Scalar(sql + SQL(" END)"), kind)
    result.isNullable = isNull(a) || isNull(b) || x?.isNullable == true || y?.isNullable == true
    result.isMicroseconds = x?.isMicroseconds ?? y?.isMicroseconds ?? false
    result.hasForeignCollation = x?.hasForeignCollation == true || y?.hasForeignCollation == true
    if !result.isNullable {
      result.failure = .whenNull
    } else {
      switch Condition.any(successes) {
      case .always: break
      case .never: result.failure = .unless(SQL(isSQLite ? "0" : "FALSE"))
      case .sql(let success): result.failure = .unless(success)
      }
    }
    return result
  }

  // MARK: Parameters

  /// A literal or a slot, bound as `kind` says.
  func parameter(_ node: ExpressionNode, as kind: ColumnKind) throws(ExpressionError) -> Scalar {
    var sql = SQL()
    switch node.kind {
    case .slot(let place): sql.append(parameter: kind, .slot(place))
    case .literal(.duration(let microseconds)): sql.append(parameter: .integer, .value(.integer(microseconds)))
    case .literal(let value): sql.append(parameter: kind, .value(value))
    default: throw refused("this", node)
    }
    return Scalar(sql, kind)
  }

  /// As the other side holds it.
  func parameter(_ node: ExpressionNode, like other: Scalar) throws(ExpressionError) -> Scalar {
    // A key of text is compared with text, whatever it is called.
    let parameter = try parameter(node, as: other.kind)
    return other.isMicroseconds ? microseconds(parameter) : parameter
  }

  /// How a value of the node's type is bound where nothing else says so.
  private func kind(of node: ExpressionNode) throws(ExpressionError) -> ColumnKind {
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
