import Base
import Expression

extension PredicateWriter {
  mutating func text(_ node: ExpressionNode) throws(ExpressionError) -> Scalar {
    let value = try scalar(node)
    guard value.kind == .text else { throw refused("text of a column that is stored so", node) }
    return value
  }

  /// Byte for byte, unlike LIKE. A side that is NULL makes the answer unknown: an error.
  mutating func textFunction(
    _ function: ExpressionNode.Function, _ arguments: [ExpressionNode], _ wanted: Bool, _ node: ExpressionNode
  ) throws(ExpressionError) -> SQLCondition {
    guard arguments.count == 2 else { throw refused("this", node) }
    let (text, part) = (try text(arguments[0]).sql, try text(arguments[1]).sql)
    switch (function, isSQLite) {
    case (.contains, true): return .sql(SQL("instr(") + text + SQL(", ") + part + SQL(wanted ? ") > 0" : ") = 0"))
    case (.contains, false): return .sql(SQL("strpos(") + text + SQL(", ") + part + SQL(wanted ? ") > 0" : ") = 0"))
    case (.startsWith, true): return .sql(SQL("instr(") + text + SQL(", ") + part + SQL(wanted ? ") = 1" : ") <> 1"))
    case (.startsWith, false):
      return .sql(SQL(wanted ? "starts_with(" : "NOT starts_with(") + text + SQL(", ") + part + SQL(")"))
    case (.endsWith, true):
      // Where the part is the longer one, what is cut off is shorter than it, and so not equal.
      let end = SQL("substr(") + text + SQL(", length(") + text + SQL(") - length(") + part + SQL(") + 1)")
      return .sql(end + SQL(wanted ? " = " : " <> ") + part)
    case (.endsWith, false):
      return .sql(SQL("right(") + text + SQL(", char_length(") + part + SQL(wanted ? ")) = " : ")) <> ") + part)
    default: throw refused("\(function.rawValue)()", node)
    }
  }

  mutating func size(_ argument: ExpressionNode, _ node: ExpressionNode) throws(ExpressionError) -> Scalar {
    if argument.isCollection {
      let rows = try collection(argument)
      let count = SQL("(SELECT count(*)") + rows.from + SQL(")")
      guard let parent = rows.parent else { return Scalar(count, .integer) }
      return Scalar(
        SQL("(CASE WHEN ") + parent + SQL(" IS NOT NULL THEN ") + count + SQL(" END)"), .integer, failure: .whenNull)
    }
    if case .list = argument.type {
      let list = try list(argument)
      return Scalar(
        SQL(isSQLite ? "json_array_length(" : "jsonb_array_length(") + list.source + SQL(")"), .integer, failure: .whenNull)
    }
    return Scalar(
      SQL(isSQLite ? "length(" : "char_length(") + (try text(argument)).sql + SQL(")"), .integer, failure: .whenNull)
  }
}
