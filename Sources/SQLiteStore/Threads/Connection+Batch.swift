import Base
import CSQLite
import Store

extension Connection {
  /// Runs a batch's steps in order inside the open transaction, up to the first that ends it. Undoing is the caller's.
  func run(_ batch: WriteBatch) -> Result<WriteOutcome, StoreError> {
    var returned: [[Value]] = []
    var read: Rows?
    for (place, step) in batch.steps.enumerated() {
      do throws(DriverError) {
        switch step {
        case .guarding(let statement, let values):
          let code = try guardCode(statement, values)
          if code != 0 { return .success(.refused(step: place, code: code)) }
        case .run(let statement, let values, let expected):
          let count = try change(statement, values)
          if let expected, count != expected { return .success(.unexpectedRows(step: place, count: count)) }
        case .returning(let statement, let values, let kinds):
          let rows = try change(statement, values, kinds).get()
          guard rows.count == 1 else { return .success(.unexpectedRows(step: place, count: rows.count)) }
          returned.append(rows[0])
        case .reading(let query):
          do throws(StoreError) { read = try self.read(query) } catch { return .failure(error) }
        }
      } catch {
        if let outcome = error.outcome(step: place) { return .success(outcome) }
        return .failure(error.storeError)
      }
    }
    if batch.isTrial, let read { return .success(.read(read)) }
    return .success(batch.isTrial ? .tried(returned) : .committed(returned))
  }

  /// The guard's integer; no row, or one without a value, is `.absent`.
  private func guardCode(_ statement: Statement, _ values: [Value]) throws(DriverError) -> Int {
    let compiled = try prepared(statement)
    defer { compiled.reset() }
    try compiled.bind(values, as: statement.parameters)
    guard try compiled.step() == .row else { return GuardCode.absent.rawValue }
    guard compiled.storage(of: 0) == SQLITE_INTEGER else { return GuardCode.absent.rawValue }
    return Int(compiled.integer(of: 0))
  }

  /// Runs a changing statement to its end and returns how many rows it changed.
  private func change(_ statement: Statement, _ values: [Value]) throws(DriverError) -> Int {
    let compiled = try prepared(statement)
    defer { compiled.reset() }
    try compiled.bind(values, as: statement.parameters)
    while try compiled.step() == .row {}
    return changes
  }

  /// Runs a changing statement and collects what it returns (two rows at most: one too many is enough to know).
  private func change(
    _ statement: Statement, _ values: [Value], _ kinds: [ColumnKind]
  ) throws(DriverError) -> Result<[[Value]], DriverError> {
    let compiled = try prepared(statement)
    defer { compiled.reset() }
    try compiled.bind(values, as: statement.parameters)
    var rows: [[Value]] = []
    while try compiled.step() == .row {
      guard rows.count < 2 else { continue }
      var row: [Value] = []
      for (column, kind) in kinds.enumerated() {
        do throws(StoreError) {
          row.append(try compiled.value(of: Int32(clamping: column), as: kind))
        } catch {
          return .failure(DriverError(code: SQLITE_MISMATCH, message: error.message))
        }
      }
      rows.append(row)
    }
    return .success(rows)
  }

  /// Runs schema statements in one transaction, without foreign key actions (a table may be rebuilt), and checks the keys
  /// afterwards where a table was replaced.
  func define(_ statements: [String]) -> Result<Void, StoreError> {
    do throws(DriverError) {
      try execute("PRAGMA foreign_keys=OFF")
      defer { try? execute("PRAGMA foreign_keys=ON") }
      do throws(DriverError) {
        try beginWriting()
        for statement in statements { try execute(statement) }
        if statements.contains(where: { $0.hasPrefix("DROP TABLE") }) {
          if let broken = try rows("PRAGMA foreign_key_check").first {
            throw DriverError(
              code: DriverError.constraintForeignKey,
              message: "a row of \(broken.first.flatMap { $0 } ?? "?") would refer to nothing")
          }
        }
        try execute("COMMIT")
      } catch {
        if !isIdle { try? execute("ROLLBACK") }
        throw error
      }
      try trustWords()
      return .success(())
    } catch {
      return .failure(error.storeError)
    }
  }
}
