/// A condition in SQL under construction: it is true exactly where the expression is what was asked of it.
enum SQLCondition {
  case always
  /// Nowhere true: false or unknown.
  case never
  case sql(SQL)

  /// All of them. Long ones are nested in halves: SQLite bounds the depth of an expression.
  static func all(_ parts: [SQLCondition]) -> SQLCondition {
    var kept: [SQL] = []
    for part in parts {
      switch part {
      case .always: continue
      case .never: return .never
      case .sql(let sql): kept.append(sql)
      }
    }
    return kept.isEmpty ? .always : .sql(join(kept[...], " AND "))
  }

  /// Any of them.
  static func any(_ parts: [SQLCondition]) -> SQLCondition {
    var kept: [SQL] = []
    for part in parts {
      switch part {
      case .always: return .always
      case .never: continue
      case .sql(let sql): kept.append(sql)
      }
    }
    return kept.isEmpty ? .never : .sql(join(kept[...], " OR "))
  }

  private static func join(_ parts: ArraySlice<SQL>, _ connective: StaticString) -> SQL {
    if parts.count == 1, let only = parts.first { return only }
    var sql = SQL("(")
    if parts.count > 16 {
      let middle = parts.startIndex + parts.count / 2
      sql.append(join(parts[..<middle], connective))
      sql.append(connective)
      sql.append(join(parts[middle...], connective))
    } else {
      for (place, part) in parts.enumerated() {
        if place > 0 { sql.append(connective) }
        sql.append(part)
      }
    }
    sql.append(")")
    return sql
  }

  /// True where this one is not.
  var negated: SQLCondition {
    switch self {
    case .always: .never
    case .never: .always
    case .sql(let sql): .sql(SQL("(") + sql + SQL(") IS NOT TRUE"))
    }
  }
}
