/// Why an expression has no value. `&&`, `||` and the macros absorb it as CEL says, except `.budget`.
package struct EvaluationError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// Order, arithmetic or a function on null.
    case null
    case type
    case overflow
    case divisionByZero = "division by zero"
    /// Out of the range of its type.
    case range
    /// An index, a member or a name that is not there.
    case missing
    /// Money of two currencies.
    case currency
    /// A text that is not what it should be read as.
    case text
    /// It would take too long.
    case budget
  }
  package var code: Code
  /// UTF-8 bytes from the start of the source.
  package var offset: Int

  package init(_ code: Code, at offset: Int) {
    self.code = code
    self.offset = offset
  }

  package var description: String { "\(code.rawValue) at \(offset)" }
}

/// A value or an error.
package typealias ExpressionResult = Result<ExpressionValue, EvaluationError>
