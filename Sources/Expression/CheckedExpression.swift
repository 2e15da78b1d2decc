/// An expression that has been parsed and typed against its environment. (Interface first; see Checker.)
package struct CheckedExpression: Sendable {
  /// As it was written.
  package let source: String
  package let type: ExpressionType
}

/// The types of expressions.
package indirect enum ExpressionType: Sendable, Equatable {
  case null, boolean, integer, number, decimal, string, timestamp, date, duration, uuid, money
  /// Any JSON value: typed when it is evaluated.
  case dynamic
  case list(ExpressionType)
  case map(ExpressionType)
  /// A record of that resource.
  case record(String)
}
