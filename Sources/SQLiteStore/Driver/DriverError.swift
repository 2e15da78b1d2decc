import CSQLite
import Store

/// What SQLite answered where it did not go well.
struct DriverError: Error {
  /// The extended result code.
  let code: Int32
  let message: String

  var primaryCode: Int32 { code & 0xff }
  var isConstraint: Bool { primaryCode == SQLITE_CONSTRAINT }
  var isBusy: Bool { primaryCode == SQLITE_BUSY }

  /// The store's word for it.
  var storeError: StoreError {
    let text = "SQLite \(code): \(message)"
    switch primaryCode {
    case SQLITE_CORRUPT, SQLITE_NOTADB: return StoreError(.corrupt, text)
    case SQLITE_READONLY: return StoreError(.readOnly, text)
    case SQLITE_FULL, SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_NOMEM:
      return StoreError(.storage, text)
    case SQLITE_BUSY, SQLITE_LOCKED: return StoreError(.timeout, text + " (another process holds the database)")
    case SQLITE_INTERRUPT: return StoreError(.timeout, "the statement took longer than its time limit")
    case SQLITE_TOOBIG: return StoreError(.tooLarge, text)
    case SQLITE_MISMATCH: return StoreError(.invalidValue, text)
    case SQLITE_CONSTRAINT where code == DriverError.constraintDataType: return StoreError(.invalidValue, text)
    // What sum() says: SQLite has no code for it.
    case SQLITE_ERROR where message == "integer overflow": return StoreError(.outOfRange, text)
    default: return StoreError(.invalidStatement, text)
    }
  }

  /// Given up by whoever asked for it.
  static let interrupted = DriverError(code: SQLITE_INTERRUPT, message: "interrupted")

  // Extended codes are macros with arithmetic, which Swift does not import.
  static let constraintCheck = SQLITE_CONSTRAINT | 1 << 8
  static let constraintForeignKey = SQLITE_CONSTRAINT | 3 << 8
  static let constraintNotNull = SQLITE_CONSTRAINT | 5 << 8
  static let constraintPrimaryKey = SQLITE_CONSTRAINT | 6 << 8
  static let constraintTrigger = SQLITE_CONSTRAINT | 7 << 8
  static let constraintUnique = SQLITE_CONSTRAINT | 8 << 8
  static let constraintRowID = SQLITE_CONSTRAINT | 10 << 8
  static let constraintDataType = SQLITE_CONSTRAINT | 12 << 8

  /// A commit's pages could not be written, or the log's index could not grow: a quota, a limit, a full disk. What was durable
  /// before is not in doubt, as it is after a failed `fsync`, and the next commit writes over what this one left in the log.
  var isFailedWrite: Bool { (primaryCode == SQLITE_IOERR) && [3, 18, 19, 20, 21].contains(code >> 8) }

  /// The outcome of a batch whose step violated a constraint; nil where it is not one that a batch may meet.
  func outcome(step: Int) -> WriteOutcome? {
    switch code {
    case DriverError.constraintUnique, DriverError.constraintPrimaryKey, DriverError.constraintRowID:
      let (table, columns) = DriverError.columns(named: detail)
      return .uniqueViolation(step: step, table: table, columns: columns)
    // ON DELETE RESTRICT works by a trigger of SQLite's own.
    case DriverError.constraintTrigger where message == "FOREIGN KEY constraint failed", DriverError.constraintForeignKey:
      return .foreignKeyViolation(step: step, constraint: nil)
    case DriverError.constraintCheck, DriverError.constraintNotNull, DriverError.constraintTrigger:
      return .checkViolation(step: step, constraint: detail)
    default: return nil
    }
  }

  /// What follows `failed: ` in "UNIQUE constraint failed: t.a, t.b".
  private var detail: String {
    let parts = message.split(separator: "constraint failed: ", maxSplits: 1, omittingEmptySubsequences: false)
    return String(parts.count == 2 ? parts[1] : parts[0])
  }

  /// `t.a, t.b` as a table and its columns. An index over expressions is named `index 'x'`: it stands as the only column.
  private static func columns(named list: String) -> (table: String, columns: [String]) {
    var table = ""
    var columns: [String] = []
    for name in list.split(separator: ", ") {
      if let dot = name.lastIndex(of: ".") {
        table = String(name[..<dot])
        columns.append(String(name[name.index(after: dot)...]))
      } else {
        columns.append(String(name))
      }
    }
    return (table, columns)
  }
}
