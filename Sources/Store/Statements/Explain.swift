extension Dialect {
  /// The statement that asks the database how it would run another.
  package func explanation(of statement: Statement) -> String {
    switch self {
    case .sqlite: "EXPLAIN QUERY PLAN " + statement.text
    case .postgres: "EXPLAIN " + statement.text
    }
  }
}
