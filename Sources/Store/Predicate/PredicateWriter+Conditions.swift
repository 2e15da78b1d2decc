import Base
import Expression

extension PredicateWriter {
  /// Where the node is `wanted` (true or false). An error is neither.
  mutating func condition(_ node: ExpressionNode, _ wanted: Bool) throws(ExpressionError) -> SQLCondition {
    try step(node)
    switch node.kind {
    case .literal(let value):
      if case .boolean(let constant) = value { return constant == wanted ? .always : .never }
      return .never
    case .failure: return .never
    case .and(let parts): return wanted ? .all(try conditions(parts, true)) : .any(try conditions(parts, false))
    case .or(let parts): return wanted ? .any(try conditions(parts, true)) : .all(try conditions(parts, false))
    case .not(let operand): return try condition(operand, !wanted)
    case .conditional(let test, let a, let b):
      let then = SQLCondition.all([try condition(test, true), try condition(a, wanted)])
      return .any([then, .all([try condition(test, false), try condition(b, wanted)])])
    case .has(let member): return try nullness(member, !wanted)
    case .binary(.equal, let a, let b): return try equality(a, b, wanted, node)
    case .binary(.notEqual, let a, let b): return try equality(a, b, !wanted, node)
    case .binary(.in, let value, let list): return try membership(value, list, wanted, node)
    case .binary(let operation, let a, let b):
      guard let order = Order(operation) else { throw refused("this", node) }
      return try comparison(a, wanted ? order : order.inverse, b, node)
    case .call(let function, let arguments): return try textFunction(function, arguments, wanted, node)
    case .macro(let macro, let range, _, let predicate): return try quantifier(macro, range, predicate, wanted, node)
    case .slot:
      let slot = try scalar(node)
      return .sql(wanted ? slot.sql : SQL("NOT ") + slot.sql)
    default: return .sql(try truth(try scalar(node), wanted))
    }
  }

  private mutating func conditions(_ parts: [ExpressionNode], _ wanted: Bool) throws(ExpressionError) -> [SQLCondition] {
    var conditions: [SQLCondition] = []
    conditions.reserveCapacity(parts.count)
    for part in parts { conditions.append(try condition(part, wanted)) }
    return conditions
  }

  /// A boolean column.
  private func truth(_ scalar: Scalar, _ wanted: Bool) throws(ExpressionError) -> SQL {
    switch scalar.kind {
    case .boolean:
      if isSQLite { return scalar.sql + SQL(wanted ? " = 1" : " = 0") }
      return wanted ? scalar.sql : SQL("NOT ") + scalar.sql
    default:
      var sql = scalar.sql + SQL(" = ")
      sql.append(parameter: scalar.kind, .value(.boolean(wanted)))
      return sql
    }
  }

  /// Where the value is null (or is not); where it is an error neither.
  mutating func nullness(_ node: ExpressionNode, _ isNull: Bool) throws(ExpressionError) -> SQLCondition {
    try step(node)
    switch node.kind {
    case .literal(let value): return value.isNull == isNull ? .always : .never
    case .slot: return isNull ? .never : .always
    case .failure: return .never
    default: break
    }
    if node.isCollection {
      // A collection is null where the record it belongs to is.
      guard let parent = try collection(node, isHeld: true).parent else { return isNull ? .never : .always }
      return .sql(parent + SQL(isNull ? " IS NULL" : " IS NOT NULL"))
    }
    if node.type == .money {
      // Both columns are there or neither is.
      let columns = try money(node)
      guard columns.isNullable else { return isNull ? .never : .always }
      return .sql(columns.amount + SQL(isNull ? " IS NULL" : " IS NOT NULL"))
    }
    let scalar = try finished(try scalar(node))
    if !scalar.isNullable {
      if isNull { return .never }
      return scalar.success.map(SQLCondition.sql) ?? .always
    }
    let test = SQLCondition.sql(scalar.sql + SQL(isNull ? " IS NULL" : " IS NOT NULL"))
    return isNull ? .all([test, scalar.success.map(SQLCondition.sql) ?? .always]) : test
  }

  /// `<` and its kin.
  enum Order {
    case less, lessOrEqual, greater, greaterOrEqual

    init?(_ operation: ExpressionNode.Operator) {
      switch operation {
      case .less: self = .less
      case .lessOrEqual: self = .lessOrEqual
      case .greater: self = .greater
      case .greaterOrEqual: self = .greaterOrEqual
      default: return nil
      }
    }

    /// True where this one is false.
    var inverse: Order {
      switch self {
      case .less: .greaterOrEqual
      case .lessOrEqual: .greater
      case .greater: .lessOrEqual
      case .greaterOrEqual: .less
      }
    }

    /// The same with the sides changed.
    var mirrored: Order {
      switch self {
      case .less: .greater
      case .lessOrEqual: .greaterOrEqual
      case .greater: .less
      case .greaterOrEqual: .lessOrEqual
      }
    }

    var sql: SQL {
      switch self {
      case .less: SQL(" < ")
      case .lessOrEqual: SQL(" <= ")
      case .greater: SQL(" > ")
      case .greaterOrEqual: SQL(" >= ")
      }
    }
  }

  /// Null on either side is an error, as it is unknown in SQL.
  private mutating func comparison(
    _ a: ExpressionNode, _ order: Order, _ b: ExpressionNode, _ node: ExpressionNode
  ) throws(ExpressionError) -> SQLCondition {
    if a.type == .money || b.type == .money {
      let (x, y) = (try money(a), try money(b))
      let amounts = x.amount + order.sql + y.amount
      return .all([.sql(amounts), .sql(x.currency + SQL(" = ") + y.currency)])
    }
    if let condition = try decimalBetweenSteps(a, order, b, node) { return condition }
    let (x, y) = try operands(a, b, node)
    switch x.kind {
    case .booleanAsTexts, .uuidAsText, .json: throw refused("the order of a column that is stored so", node)
    default: break
    }
    var sql = x.sql + order.sql + y.sql
    if x.kind == .text {
      if !isSQLite { sql.append(" COLLATE \"C\"") } else if x.hasForeignCollation || y.hasForeignCollation { sql.append(" COLLATE BINARY") }
    }
    return .sql(sql)
  }
}
