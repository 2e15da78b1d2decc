import Store

/// What the server says about a failure: the fields of its ErrorResponse that matter here.
struct ServerError: Sendable {
  var severity = "ERROR"
  var state = ""
  var message = ""
  var detail = ""
  var table = ""
  var column = ""
  var constraint = ""
  /// The server's own function that found it. What stands between us and the server has none to tell.
  var routine = ""

  /// The session is over.
  var isFatal: Bool { severity == "FATAL" || severity == "PANIC" }

  /// The database takes no writes now: a standby, or one that was made so.
  var refusesWrites: Bool { state == ServerError.readOnlyState }
  static let readOnlyState = "25006"

  /// For the log. Messages of class 22 (data exceptions) quote values, so they are not repeated; details never are.
  var summary: String { state.hasPrefix("22") || message.isEmpty ? "SQLSTATE \(state)" : "SQLSTATE \(state): \(message)" }

  /// What is to be done about it.
  enum Verdict: Sendable {
    /// The batch is undone, and this is how it ended.
    case outcome(WriteOutcome)
    /// Undone for the sake of others; the same again may succeed.
    case tryAgain(StoreError)
    /// A prepared statement is not there, or does not fit the schema any more: prepare it anew.
    case prepareAgain(StoreError)
    case failed(StoreError)
  }

  /// - Parameter step: the place in the batch of the statement that failed; nil outside a batch.
  func verdict(step: Int?) -> Verdict {
    if let step, let outcome = outcome(step: step) { return .outcome(outcome) }
    if refusesWrites { return .failed(StoreError(.readOnly, summary)) }
    if lacksPart { return .failed(StoreError(.unavailable, summary)) }
    switch state {
    case "40001", "40P01": return .tryAgain(StoreError(.overloaded, summary))
    case "26000": return .prepareAgain(StoreError(.invalidStatement, summary))
    case "0A000" where message.contains("cached plan"): return .prepareAgain(StoreError(.invalidStatement, summary))
    case "22003": return .failed(StoreError(.outOfRange, summary))
    case "57014": return .failed(StoreError(.timeout, summary))
    // A lock was not had in time; another transaction holds it.
    case "55P03": return .failed(StoreError(.timeout, summary))
    case "53100", "58030", "53200": return .failed(StoreError(.storage, summary))
    case "XX001", "XX002": return .failed(StoreError(.corrupt, summary))
    case "54000", "54001": return .failed(StoreError(.invalidStatement, summary))
    default: break
    }
    switch state.prefix(2) {
    case "57", "08", "53", "28", "3D": return .failed(StoreError(.unavailable, summary))
    case "22": return .failed(StoreError(.invalidValue, summary))
    case "58": return .failed(StoreError(.storage, summary))
    default: return .failed(StoreError(.invalidStatement, summary))
    }
  }

  /// No part of a table takes the row. The record is not to blame.
  private var lacksPart: Bool { state == "23514" && constraint.isEmpty && routine == "ExecFindPartition" }

  private func outcome(step: Int) -> WriteOutcome? {
    if lacksPart { return nil }
    switch state {
    case "23505": return .uniqueViolation(step: step, table: table, columns: ConflictDetail.columns(detail))
    case "23503", "23001": return .foreignKeyViolation(step: step, constraint: constraint.isEmpty ? nil : constraint)
    case "23514": return .checkViolation(step: step, constraint: constraint)
    case "23502": return .checkViolation(step: step, constraint: column)
    case "23P01": return .checkViolation(step: step, constraint: constraint)
    case "MT999": return .unexpectedRows(step: step, count: Int(message) ?? -1)
    default: break
    }
    if state.hasPrefix("MT"), let code = Int(state.dropFirst(2)) { return .refused(step: step, code: code) }
    // A value that its column cannot hold: nothing changed, and the value is to blame.
    if state.hasPrefix("22") { return .checkViolation(step: step, constraint: column.isEmpty ? "SQLSTATE \(state)" : column) }
    return nil
  }
}
