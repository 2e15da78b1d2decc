/// `sql:` What a query asks where it is not made from a resource's records: a statement of the contract's author, for each store that
/// it was written for, and what its rows are.
package struct WrittenQuery: Sendable {
  /// A statement in one store's language.
  package struct Statement: Sendable {
    package enum Piece: Sendable, Equatable {
      case text(String)
      /// By its name: one of the query's own, `caller_id` or `caller_tenant`.
      case parameter(String)
    }

    /// Without a semicolon, every parenthesis closed.
    package var pieces: [Piece]
    /// Where it stands.
    package var file: String
    package var line: Int

    package init(_ pieces: [Piece], file: String, line: Int) {
      self.pieces = pieces
      self.file = file
      self.line = line
    }
  }

  /// One member of its rows: a column of that name.
  package struct Column: Sendable {
    package var name: String
    package var type: FieldType
    package var description: String?
  }

  package var sqlite: Statement?
  package var postgres: Statement?
  package var columns: [Column] = []

  package init() {}

  /// What may stand in a statement besides the query's own parameters.
  package static let callerParameters = ["caller_id", "caller_tenant"]
}
