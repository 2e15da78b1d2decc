/// A value in SQL under construction.
struct Scalar {
  /// When the value is an error. SQL says NULL for it, and for null as well, so the two are told apart here.
  enum Failure {
    case never
    /// NULL is an error: the value is never null otherwise.
    case whenNull
    /// It is an error unless this condition is true; NULL without an error is null.
    case unless(SQL)
  }

  var sql: SQL
  /// How parameters that are compared with it are bound.
  var kind: ColumnKind
  /// NULL may mean null.
  var isNullable = false
  var failure = Failure.never
  /// SQLite: the arithmetic may have left the integers for the floating point numbers, which is an overflow.
  var mayOverflow = false
  /// PostgreSQL: a timestamp as microseconds.
  var isMicroseconds = false
  /// A column whose own collation is not known to be that of bytes.
  var hasForeignCollation = false

  init(_ sql: SQL, _ kind: ColumnKind, isNullable: Bool = false, failure: Failure = .never) {
    self.sql = sql
    self.kind = kind
    self.isNullable = isNullable
    self.failure = failure
  }

  /// Whether NULL can come out of it at all.
  var mayBeNull: Bool {
    if isNullable { return true }
    if case .never = failure { return false }
    return true
  }

  /// True unless it is an error; nil where it never is one.
  var success: SQL? {
    switch failure {
    case .never: nil
    case .whenNull: sql + SQL(" IS NOT NULL")
    case .unless(let condition): condition
    }
  }
}

/// A condition in SQL under construction: it is true exactly where the expression is what was asked of it.
enum Condition {
  case always
  /// Nowhere true: false or unknown.
  case never
  case sql(SQL)

  /// All of them. Long ones are nested in halves: SQLite bounds the depth of an expression.
  static func all(_ parts: [Condition]) -> Condition {
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
  static func any(_ parts: [Condition]) -> Condition {
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
  var negated: Condition {
    switch self {
    case .always: .never
    case .never: .always
    case .sql(let sql): .sql(SQL("(") + sql + SQL(") IS NOT TRUE"))
    }
  }
}
