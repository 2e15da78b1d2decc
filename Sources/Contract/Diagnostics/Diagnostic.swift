/// One finding about a contract: where, what, and what to do.
package struct Diagnostic: Sendable, Equatable {
  package enum Severity: String, Sendable {
    case error, warning, notice
  }
  package var severity: Severity
  /// `MRT0001`: stable, explained by `martlet check --explain`.
  package var code: String
  package var file: String
  /// From 1; 0 where the finding has no place.
  package var line: Int
  /// From 1, counted in Unicode scalars.
  package var column: Int
  package var message: String
  package var suggestion: String?

  package init(
    severity: Severity, code: String, file: String, line: Int, column: Int, message: String, suggestion: String? = nil
  ) {
    self.severity = severity
    self.code = code
    self.file = file
    self.line = line
    self.column = column
    self.message = message
    self.suggestion = suggestion
  }
}
