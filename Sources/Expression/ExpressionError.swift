/// Why an expression was refused, and where.
package struct ExpressionError: Error, Sendable, Equatable, CustomStringConvertible {
  package var message: String
  /// UTF-8 bytes from the start of the source.
  package var offset: Int
  /// `did you mean "customers"?`, or what to write instead.
  package var suggestion: String?

  package init(_ message: String, at offset: Int, suggestion: String? = nil) {
    self.message = message
    self.offset = offset
    self.suggestion = suggestion
  }

  package var description: String { suggestion.map { "\(message) (\($0))" } ?? message }
}
