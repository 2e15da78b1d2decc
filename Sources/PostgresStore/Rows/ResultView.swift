import Base
import CPostgres
import Store

/// A result of the driver, read in place.
///
/// Safety: the result is alive for as long as the view is used: views are made and dropped within the handling of one result,
/// before `PQclear`. Rows and columns are checked against the result's own counts.
@safe struct ResultView {
  let result: OpaquePointer
  let rows: Int
  let columns: Int

  init(_ result: OpaquePointer) {
    unsafe self.result = result
    rows = unsafe Int(PQntuples(result))
    columns = unsafe Int(PQnfields(result))
  }

  /// Whether the column is NULL, or absent.
  func isNull(_ row: Int, _ column: Int) -> Bool {
    guard row >= 0, row < rows, column >= 0, column < columns else { return true }
    return unsafe PQgetisnull(result, Int32(row), Int32(column)) != 0
  }

  /// The column's text; nil where it is NULL or absent.
  func text(_ row: Int, _ column: Int) -> ColumnText? {
    guard !isNull(row, column), let pointer = unsafe PQgetvalue(result, Int32(row), Int32(column)) else { return nil }
    let count = unsafe Int(PQgetlength(result, Int32(row), Int32(column)))
    let start = unsafe UnsafeRawPointer(pointer).assumingMemoryBound(to: UInt8.self)
    return unsafe ColumnText(UnsafeBufferPointer(start: start, count: max(0, count)))
  }

  /// A column as a value of its kind; what the kind cannot hold (`infinity`, `NaN`) as its text (`OddValues`).
  func value(_ row: Int, _ column: Int, as kind: ColumnKind) throws(StoreError) -> Value {
    guard column >= 0, column < columns else { throw absent(column) }
    guard let text = text(row, column) else { return .null }
    if let value = text.value(as: kind) { return value }
    OddValues.count()
    return .string(text.string)
  }

  func absent(_ column: Int) -> StoreError {
    StoreError(.invalidStatement, "the statement has \(columns) columns, not \(column + 1)")
  }

  /// What the server did: `COMMIT`, `ROLLBACK`, `INSERT 0 1`.
  ///
  /// Safety: the driver's text is copied.
  var tag: String { unsafe PQcmdStatus(result).map { unsafe String(cString: $0) } ?? "" }

  var error: ServerError {
    ServerError(
      severity: field("V"), state: field("C"), message: field("M"), detail: field("D"), table: field("t"), column: field("c"),
      constraint: field("n"))
  }

  /// A field of an error by its letter in the protocol; empty where it has none.
  ///
  /// Safety: the driver's text is copied.
  private func field(_ letter: Unicode.Scalar) -> String {
    unsafe PQresultErrorField(result, Int32(letter.value)).map { unsafe String(cString: $0) } ?? ""
  }
}
