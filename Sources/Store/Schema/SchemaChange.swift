/// One step from what a database holds to what a contract wants.
package struct SchemaChange: Sendable {
  /// A statement that yields a row where the change would lose data or be refused.
  package struct Probe: Sendable, Equatable {
    package var statement: String
    package var finding: String
  }

  package var table: String
  /// `add column orders.note`
  package var description: String
  package var statements: [String]
  package var probes: [Probe] = []
  /// Why it is never applied by itself; nil for a change that only adds.
  package var destruction: String?
}

/// The whole way, and what stands beside it.
package struct SchemaPlan: Sendable {
  package var changes: [SchemaChange] = []
  /// What the database holds and the contract does not: left alone.
  package var notices: [String] = []
  /// What an adopted table lacks: it is never changed, so that the contract must be.
  package var faults: [String] = []
  package init() {}
}

/// Why a schema cannot be prepared.
package struct SchemaError: Error, Sendable, CustomStringConvertible {
  package struct Obstacle: Sendable {
    package var description: String
    package var reason: String
    /// What a person would have to run, once the data allows it.
    package var statements: [String]
  }

  package var message: String
  package var obstacles: [Obstacle] = []
  /// Set where the store itself failed.
  package var cause: StoreError?

  package var description: String {
    var text = message
    for obstacle in obstacles {
      text += "\n- \(obstacle.description): \(obstacle.reason)"
      for statement in obstacle.statements { text += "\n    \(statement);" }
    }
    if let cause { text += "\n\(cause)" }
    return text
  }
}
