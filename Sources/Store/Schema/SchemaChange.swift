/// One step from what a database holds to what a contract wants.
package struct SchemaChange: Sendable {
  /// What those who use the tables meanwhile notice of it.
  package enum Safety: Int, Sendable, Comparable {
    /// Nothing.
    case safe
    /// Others wait, or a process that serves the contract before is refused what it asks.
    case locks
    /// Every row is written anew, or many are.
    case rewrites
    /// What the database holds is gone afterwards.
    case losesData

    package static func < (a: Safety, b: Safety) -> Bool { a.rawValue < b.rawValue }

    package var text: String {
      switch self {
      case .safe: "safe"
      case .locks: "locks"
      case .rewrites: "rewrites"
      case .losesData: "loses data"
      }
    }
  }

  /// How its statements run.
  package enum Form: Sendable, Equatable {
    /// In one transaction, with the steps beside it that run so too.
    case together
    /// PostgreSQL: in a transaction of its own that waits for its tables only a moment, and is tried again.
    case brief
    /// PostgreSQL: each by itself and outside a transaction, however long it takes. Nobody waits for it.
    case online
    /// PostgreSQL: some pages of the table after the other. Its one statement is `SchemaBatches`' to complete.
    case batches
    /// What a person wrote, in one transaction.
    case file
  }

  /// How a change is taken back.
  package enum Reversal: Sendable, Equatable {
    /// What it changed may stay: whatever contract is applied next brings its own.
    case none
    case statements([String])
    /// The same, which loses data where the statement `losesIf` yields a row.
    case dropping([String], losesIf: String)
    case impossible
  }

  /// A statement that yields a row where the change would lose data or be refused.
  package struct Probe: Sendable, Equatable {
    package var statement: String
    package var finding: String
  }

  package var table: String
  package var schema: String?
  /// `add column orders.note`
  package var description: String
  package var statements: [String]
  package var probes: [Probe] = []
  package var safety = Safety.safe
  package var form = Form.together
  /// Why no command does it; nil for a change that can be made.
  package var obstacle: String?
  /// Why `serve` leaves it to `migrate apply`, where its safety alone does not say so.
  package var caution: String?
  /// A statement that yields a row where there is something to do at all.
  package var onlyIf: String?
  /// Run where it failed, so that nothing half done stays.
  package var onFailure: String?
  /// The text that its statements were cut from; nil where they are all.
  package var source: String?
  /// The record of what the table's columns hold is written with it.
  package var settlesRecord = false
  /// What undoes it, for `migrate down`.
  package var reversal = Reversal.none
  /// What comes after it is planned anew, from what it has left.
  package var endsRound = false
}

/// The whole way, and what stands beside it.
package struct SchemaPlan: Sendable {
  package var changes: [SchemaChange] = []
  /// What the contract once had made and has no more. It fits as it is: removing it loses data, so only a person says so.
  package var removals: [SchemaChange] = []
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
    /// `migrate apply` does it.
    package var isForCommand = false
  }

  package var message: String
  package var obstacles: [Obstacle] = []
  /// Some obstacle is none for `migrate apply`.
  package var isForCommand = false
  /// Set where the store itself failed.
  package var cause: StoreError?

  package var description: String {
    var text = message
    for obstacle in obstacles {
      text += "\n- \(obstacle.description): \(obstacle.reason)"
      for statement in obstacle.statements { text += "\n    \(statement);" }
    }
    if isForCommand { text += "\nmartlet migrate plan shows the way, martlet migrate apply goes it" }
    if let cause { text += "\n\(cause)" }
    return text
  }
}
