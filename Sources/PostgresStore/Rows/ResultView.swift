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
  /// Its columns are octets (`ColumnOctets`), not text: the format is the whole result's.
  let isBinary: Bool

  init(_ result: OpaquePointer) {
    unsafe self.result = result
    rows = unsafe Int(PQntuples(result))
    columns = unsafe Int(PQnfields(result))
    isBinary = unsafe PQbinaryTuples(result) != 0
  }

  /// Whether the column is NULL, or absent.
  func isNull(_ row: Int, _ column: Int) -> Bool {
    guard row >= 0, row < rows, column >= 0, column < columns else { return true }
    return unsafe PQgetisnull(result, Int32(row), Int32(column)) != 0
  }

  /// The columns' types, by their numbers in `pg_type`.
  ///
  /// Safety: columns below the result's own count.
  var types: [UInt32] { (0..<columns).map { unsafe PQftype(result, Int32(truncatingIfNeeded: $0)) } }

  /// An integer column; nil where it is NULL, absent or none.
  func integer(_ row: Int, _ column: Int) -> Int64? {
    guard let text = text(row, column) else { return nil }
    return isBinary ? ColumnOctets(text).integer : text.integer
  }

  /// A boolean column that is there and true.
  func isTrue(_ row: Int, _ column: Int) -> Bool {
    guard let text = text(row, column) else { return false }
    return isBinary ? ColumnOctets(text).boolean == true : text.isTrue
  }

  /// The column's text, or octets; nil where it is NULL or absent.
  ///
  /// Safety: row and column are checked first; the pointer is the result's, with that many bytes.
  func text(_ row: Int, _ column: Int) -> ColumnText? {
    guard row >= 0, row < rows, column >= 0, column < columns else { return nil }
    let (line, place) = (Int32(truncatingIfNeeded: row), Int32(truncatingIfNeeded: column))
    let count = unsafe Int(PQgetlength(result, line, place))
    // Only what has no bytes may be NULL: most columns are not asked for that.
    guard unsafe count > 0 || PQgetisnull(result, line, place) == 0, let pointer = unsafe PQgetvalue(result, line, place)
    else { return nil }
    let start = unsafe UnsafeRawPointer(pointer).assumingMemoryBound(to: UInt8.self)
    return unsafe ColumnText(UnsafeBufferPointer(start: start, count: max(0, count)))
  }

  /// A column as a value of its kind; what the kind cannot hold (`infinity`, `NaN`) as its text (`OddValues`).
  func value(_ row: Int, _ column: Int, as kind: ColumnKind) throws(StoreError) -> Value {
    guard column >= 0, column < columns else { throw absent(column) }
    guard let text = text(row, column) else { return .null }
    if let value = isBinary ? ColumnOctets(text).value(as: kind) : text.value(as: kind) { return value }
    OddValues.count()
    return .string(isBinary ? try oddText(text, column, as: kind) : text.string)
  }

  /// What the server writes for a value that its kind has no place for (`infinity`), of a column in the binary format.
  func oddText(_ octets: ColumnText, _ column: Int, as kind: ColumnKind) throws(StoreError) -> String {
    if let text = ColumnOctets(octets).oddText(as: kind) { return text }
    throw StoreError(.invalidStatement, "column \(column + 1) has \(octets.count) octets, which is no \(kind)")
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
      constraint: field("n"), routine: field("R"))
  }

  /// A field of an error by its letter in the protocol; empty where it has none.
  ///
  /// Safety: the driver's text is copied.
  private func field(_ letter: Unicode.Scalar) -> String {
    unsafe PQresultErrorField(result, Int32(letter.value)).map { unsafe String(cString: $0) } ?? ""
  }
}
