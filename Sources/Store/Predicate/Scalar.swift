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
  /// The column itself, where it must be compared for its index to be found: equal to whatever the value is equal to.
  var sought: (column: SQL, form: ColumnForm)?

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
