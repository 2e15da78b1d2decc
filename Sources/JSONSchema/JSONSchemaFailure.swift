import JSON

/// What is wrong with a schema, all of it.
package struct JSONSchemaFailure: Error, Sendable {
  package struct Problem: Sendable, Equatable {
    /// Names and numbers that lead to the place inside the schema.
    package let path: [String]
    /// Follows the name of what has the schema.
    package let message: String
  }
  package let problems: [Problem]
}
