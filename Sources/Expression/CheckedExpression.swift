/// An expression that has been parsed and typed against its environment.
package struct CheckedExpression: Sendable {
  /// As it was written.
  package let source: String
  package let type: ExpressionType
  package let root: ExpressionNode

  /// Parses and types an expression.
  ///
  /// - Parameters:
  ///   - expecting: the type it must have, nil for any. A literal is read as that type where it can be.
  /// - Throws: the first error, with its place.
  package static func check(
    _ source: String, expecting: ExpressionType?, in environment: ExpressionEnvironment
  ) throws(ExpressionError) -> CheckedExpression {
    let tree = try Parser.parse(source, limits: environment.limits)
    var checker = Checker(source: source, environment: environment)
    var root = try checker.check(tree)
    if let expecting, expecting != root.type, root.type != .dynamic {
      guard let adapted = try checker.adapted(root, to: expecting, enumeration: nil) else {
        throw ExpressionError("\(expecting) is expected here, not \(root.type)", at: root.offset)
      }
      root = adapted
    }
    return CheckedExpression(source: source, type: root.type, root: root)
  }
}
