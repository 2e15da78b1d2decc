package import Base

extension CheckedExpression {
  /// Enough for any rule over one record; a runaway macro is stopped within milliseconds.
  package static let budget = 200_000

  /// The value, or the error. It never traps and never takes longer than its budget.
  package func evaluate(
    _ bindings: any ExpressionBindings, budget: Int = CheckedExpression.budget
  ) -> ExpressionResult {
    var evaluator = Evaluator(bindings, budget: budget)
    do {
      return .success(try evaluator.evaluate(root))
    } catch {
      return .failure(error)
    }
  }

  /// Whether it is true: an error is not, and so denies.
  package func holds(_ bindings: any ExpressionBindings, budget: Int = CheckedExpression.budget) -> Bool {
    var evaluator = Evaluator(bindings, budget: budget)
    do {
      return try evaluator.boolean(root)
    } catch {
      return false
    }
  }

  /// The plain value, null for an error: for defaults (`caller.id` of nobody).
  package func plainValue(_ bindings: any ExpressionBindings, budget: Int = CheckedExpression.budget) -> Value? {
    switch evaluate(bindings, budget: budget) {
    case .success(let value): value.value
    case .failure: nil
    }
  }
}
