package import Base

/// Statements that take effect together or not at all, in order, durable before the answer.
///
/// It is data, not code: a store runs it where and when it likes, so that SQLite groups batches into one commit and
/// PostgreSQL sends one in a single round trip.
package struct WriteBatch: Sendable {
  package enum Step: Sendable {
    /// A `SELECT` of one integer. Zero lets the batch go on; anything else undoes it and is the outcome.
    /// No row at all counts as `GuardCode.absent`. PostgreSQL is sent the same inside a function that raises it as an error.
    case guarding(Statement, [Value])
    /// A statement that changes rows. `rows` is how many it must change, nil for any number; another count undoes the
    /// batch and is `.unexpectedRows`.
    case run(Statement, [Value], rows: Int?)
    /// As `run`, and the columns of its one row are handed back: of `RETURNING`, or of a `SELECT` of what was written.
    case returning(Statement, [Value], kinds: [ColumnKind])
    /// The last step of a trial: a read of what is there after the others. Its outcome is `.read`.
    case reading(Query)
  }

  package var steps: [Step]
  /// Everything is done and then undone: only to see what `returning` steps give. Its outcome is `.tried`.
  package var isTrial: Bool
  /// Told where its commit stands, where somebody wants to know.
  package var receipt: WriteReceipt?

  package init(_ steps: [Step] = [], isTrial: Bool = false, receipt: WriteReceipt? = nil) {
    self.steps = steps
    self.receipt = receipt
    self.isTrial = isTrial
  }
}

/// What a guard says; the numbers are in the SQL. PostgreSQL carries them as SQLSTATE `MT0nn`.
package enum GuardCode: Int, Sendable {
  case absent = 1
  case denied = 2
  /// The row is not as it was read, or not alone.
  case stale = 3
  /// A ref whose target is missing or invisible.
  case brokenReference = 6
}

/// How a batch ended.
package enum WriteOutcome: Sendable {
  /// Durable. The values of each `returning` step, in order.
  case committed([[Value]])
  /// A trial went through, and nothing of it remains. As `committed`.
  case tried([[Value]])
  /// As `tried`, of a trial that ends with a `reading` step: its rows.
  case read(Rows)
  /// Nothing changed: the step's index and the guard's code.
  case refused(step: Int, code: Int)
  /// Nothing changed: a unique index or primary key already holds the value.
  case uniqueViolation(step: Int, table: String, columns: [String])
  /// Nothing changed: a foreign key (missing target, or a restricted delete). `constraint` where the store names it.
  case foreignKeyViolation(step: Int, constraint: String?)
  /// Nothing changed: a CHECK or NOT NULL.
  case checkViolation(step: Int, constraint: String)
  /// Nothing changed: a `run` changed another number of rows.
  case unexpectedRows(step: Int, count: Int)
}

extension WriteOutcome {
  /// The step that ended the batch; nil where none did.
  package var step: Int? {
    switch self {
    case .committed, .tried, .read: nil
    case .refused(let step, _), .uniqueViolation(let step, _, _), .foreignKeyViolation(let step, _), .checkViolation(let step, _),
      .unexpectedRows(let step, _):
      step
    }
  }

  /// The same of a batch that begins so many steps later.
  package func after(_ steps: Int) -> WriteOutcome {
    switch self {
    case .committed, .tried, .read: self
    case .refused(let step, let code): .refused(step: step - steps, code: code)
    case .uniqueViolation(let step, let table, let columns): .uniqueViolation(step: step - steps, table: table, columns: columns)
    case .foreignKeyViolation(let step, let constraint): .foreignKeyViolation(step: step - steps, constraint: constraint)
    case .checkViolation(let step, let constraint): .checkViolation(step: step - steps, constraint: constraint)
    case .unexpectedRows(let step, let count): .unexpectedRows(step: step - steps, count: count)
    }
  }
}
