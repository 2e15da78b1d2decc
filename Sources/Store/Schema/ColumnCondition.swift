import Base
import Contract

/// What a column's own CHECK says: the last line of defence behind the engine's validation.
enum ColumnCondition {
  /// The condition for a column of that type; nil where the type alone says it all. NULL passes every CHECK.
  static func condition(_ column: String, _ type: FieldType, kind: ColumnKind, dialect: Dialect) -> SQL? {
    var parts: [SQL] = []
    switch type {
    case .enumeration(let values): parts.append(isOne(of: values, column))
    case .string(let options), .text(let options): parts.append(length(column, options.length))
    case .email: parts.append(length(column, 1...320))
    case .url: parts.append(length(column, 1...8192))
    case .integer(let minimum, let maximum):
      parts += bounds(column, minimum.map { SQL(integer: $0) }, maximum.map { SQL(integer: $0) })
    case .decimal(let precision, let scale, let minimum, let maximum):
      guard case .decimal = kind else { break }
      parts += bounds(column, literal(minimum, scale, dialect), literal(maximum, scale, dialect))
      // PostgreSQL's own type holds the precision; SQLite's INTEGER does not.
      if dialect == .sqlite, precision < Decimal.digitsMax, minimum == nil || maximum == nil {
        parts.append(SQL("abs(") + SQL(identifier: column) + SQL(") < ") + SQL(integer: Decimal.powerOfTen(precision)))
      }
    case .number(let minimum, let maximum):
      parts += bounds(column, minimum.map { SQL(number: $0) }, maximum.map { SQL(number: $0) })
    default: break
    }
    if dialect == .sqlite, let format = format(column, kind) { parts.append(format) }
    guard var condition = parts.first else { return nil }
    for part in parts.dropFirst() { condition = condition + SQL(" AND ") + part }
    return condition
  }

  /// What SQLite's storage classes leave open.
  static func format(_ column: String, _ kind: ColumnKind) -> SQL? {
    switch kind {
    case .boolean: SQL(identifier: column) + SQL(" IN (0, 1)")
    case .uuid: SQL("length(") + SQL(identifier: column) + SQL(") = 16")
    // Functions that SQLite does not hold harmless (`date`, `json_valid`) are refused in a schema that is not trusted.
    case .date: SQL(identifier: column) + SQL(" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'")
    default: nil
    }
  }

  static func isOne(of values: [String], _ column: String) -> SQL {
    var condition = SQL(identifier: column) + SQL(" IN (")
    for (place, value) in values.enumerated() {
      if place > 0 { condition.append(", ") }
      condition.append(literal: value)
    }
    condition.append(")")
    return condition
  }

  /// Characters. SQLite's and PostgreSQL's `length` both count Unicode scalars.
  private static func length(_ column: String, _ bounds: ClosedRange<Int>) -> SQL {
    let measured = SQL("length(") + SQL(identifier: column) + SQL(")")
    if bounds.lowerBound <= 0 { return measured + SQL(" <= ") + SQL(integer: Int64(bounds.upperBound)) }
    return measured + SQL(" BETWEEN ") + SQL(integer: Int64(bounds.lowerBound)) + SQL(" AND ")
      + SQL(integer: Int64(bounds.upperBound))
  }

  private static func bounds(_ column: String, _ minimum: SQL?, _ maximum: SQL?) -> [SQL] {
    switch (minimum, maximum) {
    case (let minimum?, let maximum?): [SQL(identifier: column) + SQL(" BETWEEN ") + minimum + SQL(" AND ") + maximum]
    case (let minimum?, nil): [SQL(identifier: column) + SQL(" >= ") + minimum]
    case (nil, let maximum?): [SQL(identifier: column) + SQL(" <= ") + maximum]
    case (nil, nil): []
    }
  }

  /// A decimal as the column holds it: scaled on SQLite.
  static func literal(_ decimal: Decimal?, _ scale: Int, _ dialect: Dialect) -> SQL? {
    guard let decimal else { return nil }
    switch dialect {
    case .sqlite: return decimal.rescaled(to: scale).map { SQL(integer: $0.units) }
    case .postgres: return SQL(decimal: decimal)
    }
  }
}
