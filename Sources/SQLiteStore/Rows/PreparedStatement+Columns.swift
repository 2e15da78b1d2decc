import Base
import CSQLite
import Store

/// Safety: the handle is this statement's, which stands on a row; SQLite answers any column number, and one that does not exist
/// with NULL. Buffers are read within `withBytes` only.
extension PreparedStatement {
  /// SQLite's storage class of a column in the current row: `SQLITE_INTEGER`, `SQLITE_FLOAT`, `SQLITE_TEXT`, `SQLITE_BLOB`
  /// or `SQLITE_NULL`.
  func storage(of column: Int32) -> Int32 { unsafe sqlite3_column_type(handle, column) }

  func integer(of column: Int32) -> Int64 { unsafe sqlite3_column_int64(handle, column) }

  func number(of column: Int32) -> Double { unsafe sqlite3_column_double(handle, column) }

  /// The column as text (any storage class), nil for NULL; ill-formed UTF-8 is repaired.
  func text(of column: Int32) -> String? {
    storage(of: column) == SQLITE_NULL ? nil : unsafe withBytes(of: column) { unsafe String(decoding: $0, as: UTF8.self) }
  }

  func bytes(of column: Int32) -> [UInt8] { unsafe withBytes(of: column) { unsafe Array($0) } }

  /// The bytes of a text or blob, straight from SQLite's buffer.
  ///
  /// Safety: SQLite keeps the buffer until the next step, reset or conversion of this column; `body` does none of these and
  /// cannot let the buffer escape, as its result is copied out of it.
  func withBytes<Result>(of column: Int32, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    // A number becomes text first; a blob stays as it is. Only then is the length right.
    if storage(of: column) != SQLITE_BLOB { unsafe _ = sqlite3_column_text(handle, column) }
    let pointer = unsafe sqlite3_column_blob(handle, column)
    let count = unsafe Int(sqlite3_column_bytes(handle, column))
    guard let pointer = unsafe pointer, count > 0 else { return unsafe body(UnsafeBufferPointer(start: nil, count: 0)) }
    return unsafe body(UnsafeBufferPointer(start: pointer.assumingMemoryBound(to: UInt8.self), count: count))
  }

  /// The bytes of a column whose storage is text; valid until the statement moves on.
  ///
  /// Safety: SQLite's buffer has as many bytes as it says; an empty one may have no address.
  @unsafe func textBytes(of column: Int32) -> UnsafeBufferPointer<UInt8> {
    let pointer = unsafe sqlite3_column_text(handle, column)
    return unsafe UnsafeBufferPointer(start: pointer, count: pointer == nil ? 0 : Int(sqlite3_column_bytes(handle, column)))
  }

  /// The bytes of a column whose storage is a blob; valid until the statement moves on.
  ///
  /// Safety: as `textBytes`.
  @unsafe func blobBytes(of column: Int32) -> UnsafeBufferPointer<UInt8> {
    let pointer = unsafe sqlite3_column_blob(handle, column)
    let count = unsafe pointer == nil ? 0 : Int(sqlite3_column_bytes(handle, column))
    return unsafe UnsafeBufferPointer(start: pointer?.assumingMemoryBound(to: UInt8.self), count: count)
  }

  /// The UUID that a blob of 16 bytes is; nil for one of another length.
  ///
  /// Safety: 16 bytes are read where there are 16.
  func uuid(of column: Int32) -> UUID? {
    let bytes = unsafe blobBytes(of: column)
    guard bytes.count == 16, let base = unsafe UnsafeRawPointer(bytes.baseAddress) else { return nil }
    return unsafe UUID(
      high: UInt64(bigEndian: base.loadUnaligned(as: UInt64.self)),
      low: UInt64(bigEndian: base.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
  }

  /// A column of the current row as a value of its kind. Throws `.invalidValue` for one that the kind cannot hold.
  func value(of column: Int32, as kind: ColumnKind) throws(StoreError) -> Value {
    guard column >= 0, column < columns else { throw absent(column) }
    let storage = storage(of: column)
    if storage == SQLITE_NULL { return .null }
    switch kind {
    case .text: return .string(unsafe withBytes(of: column) { unsafe String(decoding: $0, as: UTF8.self) })
    case .integer: return .integer(try wholeNumber(of: column, storage))
    case .number:
      let number = number(of: column)
      guard storage != SQLITE_BLOB, number.isFinite else { throw misfit(column, kind) }
      return .number(number)
    case .boolean: return .boolean(integer(of: column) != 0)
    case .decimal(let scale):
      guard storage == SQLITE_INTEGER, (0...Decimal.digitsMax).contains(scale) else { throw misfit(column, kind) }
      return .decimal(Decimal(units: integer(of: column), scale: scale))
    case .decimalAsReal(let scale):
      guard (0...Decimal.digitsMax).contains(scale), let decimal = decimal(of: column, storage, scale: scale) else {
        throw misfit(column, kind)
      }
      return .decimal(decimal)
    case .timestamp, .timestampAsText, .timestampAsUnixSeconds, .timestampAsUnixMilliseconds:
      guard let time = timestamp(of: column, storage, kind) else { throw misfit(column, kind) }
      return .timestamp(time)
    case .date, .dateAsText:
      guard let date = CalendarDate(plainText: bytes(of: column)) else { throw misfit(column, kind) }
      return .date(date)
    case .uuid, .uuidAsText:
      guard let uuid = storage == SQLITE_BLOB ? uuid(of: column) : UUID(bytes(of: column)) else { throw misfit(column, kind) }
      return .uuid(uuid)
    case .json: return .json(bytes(of: column))
    case .bytes: return .bytes(bytes(of: column))
    case .booleanAsTexts(let yes, let no):
      let text = text(of: column)
      guard text == yes || text == no else { throw misfit(column, kind) }
      return .boolean(text == yes)
    }
  }

  /// An integer, also where a column without a strict type holds it as `3.0` or `'3'`.
  func wholeNumber(of column: Int32, _ storage: Int32) throws(StoreError) -> Int64 {
    switch storage {
    case SQLITE_INTEGER: return integer(of: column)
    case SQLITE_FLOAT:
      if let exact = Int64(exactly: number(of: column)) { return exact }
    case SQLITE_TEXT:
      if let read = text(of: column).flatMap({ Int64($0) }) { return read }
    default: break
    }
    throw misfit(column, .integer)
  }

  /// A decimal that lies in the column as a floating point number, an integer or text.
  func decimal(of column: Int32, _ storage: Int32, scale: Int) -> Decimal? {
    switch storage {
    case SQLITE_INTEGER: Decimal(units: integer(of: column), scale: 0).rescaled(to: scale)
    case SQLITE_FLOAT: Decimal(rounding: number(of: column), scale: scale)
    case SQLITE_TEXT: Decimal(bytes(of: column))?.rescaled(to: scale)
    default: nil
    }
  }

  func timestamp(of column: Int32, _ storage: Int32, _ kind: ColumnKind) -> Timestamp? {
    if case .timestampAsText = kind { return Timestamp(plainText: bytes(of: column)) }
    guard storage == SQLITE_INTEGER else { return nil }
    let factor: Int64 =
      switch kind {
      case .timestampAsUnixSeconds: 1_000_000
      case .timestampAsUnixMilliseconds: 1000
      default: 1
      }
    let (microseconds, overflow) = integer(of: column).multipliedReportingOverflow(by: factor)
    let time = Timestamp(microseconds: microseconds)
    return overflow || time < .minimum || time > .maximum ? nil : time
  }

  /// Safety: SQLite's name of the column is copied at once.
  func misfit(_ column: Int32, _ kind: ColumnKind) -> StoreError {
    let name = unsafe sqlite3_column_name(handle, column).map { unsafe String(cString: $0) } ?? "?"
    return StoreError(.invalidValue, "column \(name) holds a value that is no \(kind)")
  }

  func absent(_ column: Int32) -> StoreError {
    StoreError(.invalidStatement, "the statement has \(columns) columns, not \(column &+ 1)")
  }
}
