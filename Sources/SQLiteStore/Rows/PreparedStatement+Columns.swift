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

  /// A column of the current row as a value of its kind; where the kind cannot hold it, as it is (`OddValues`).
  func value(of column: Int32, as kind: ColumnKind) throws(StoreError) -> Value {
    guard column >= 0, column < columns else { throw absent(column) }
    let storage = storage(of: column)
    if storage == SQLITE_NULL { return .null }
    if let value = fitting(column, storage, kind) { return value }
    OddValues.count()
    return stored(column, storage)
  }

  /// The value of a kind; nil for one that the kind cannot hold.
  func fitting(_ column: Int32, _ storage: Int32, _ kind: ColumnKind) -> Value? {
    switch kind {
    case .text: text(of: column, storage).map(Value.string)
    case .integer: wholeNumber(of: column, storage).map(Value.integer)
    case .number: finiteNumber(of: column, storage).map(Value.number)
    case .boolean: boolean(of: column, storage).map(Value.boolean)
    case .decimal(let scale):
      storage == SQLITE_INTEGER && (0...Decimal.digitsMax).contains(scale)
        ? .decimal(Decimal(units: integer(of: column), scale: scale)) : nil
    case .decimalAsReal(let scale):
      (0...Decimal.digitsMax).contains(scale) ? decimal(of: column, storage, scale: scale).map(Value.decimal) : nil
    case .timestamp, .timestampAsText, .timestampAsUnixSeconds, .timestampAsUnixMilliseconds:
      timestamp(of: column, storage, kind).map(Value.timestamp)
    case .date, .dateAsText: storage == SQLITE_TEXT ? CalendarDate(plainText: bytes(of: column)).map(Value.date) : nil
    case .uuid, .uuidAsText: uuid(of: column, storage).map(Value.uuid)
    case .json: storage == SQLITE_BLOB ? nil : .json(bytes(of: column))
    case .bytes: .bytes(bytes(of: column))
    case .booleanAsTexts(let yes, let no):
      switch text(of: column) {
      case yes: .boolean(true)
      case no: .boolean(false)
      default: nil
      }
    case .stored: stored(column, storage)
    }
  }

  /// What the row holds, in its own class.
  ///
  /// Safety: the buffer is read within `withBytes` only.
  private func stored(_ column: Int32, _ storage: Int32) -> Value {
    switch storage {
    case SQLITE_INTEGER: .integer(integer(of: column))
    case SQLITE_FLOAT: .number(number(of: column))
    case SQLITE_TEXT: .string(unsafe withBytes(of: column) { unsafe String(decoding: $0, as: UTF8.self) })
    case SQLITE_BLOB: .bytes(bytes(of: column))
    default: .null
    }
  }

  /// Texts, numbers as their text, and bytes that are a text.
  ///
  /// Safety: as `stored`.
  private func text(of column: Int32, _ storage: Int32) -> String? {
    guard storage == SQLITE_BLOB else { return unsafe withBytes(of: column) { unsafe String(decoding: $0, as: UTF8.self) } }
    let bytes = bytes(of: column)
    return bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
  }

  /// A number, also where a column without a strict type holds it as text.
  private func finiteNumber(of column: Int32, _ storage: Int32) -> Double? {
    let number: Double? =
      switch storage {
      case SQLITE_INTEGER, SQLITE_FLOAT: number(of: column)
      case SQLITE_TEXT: text(of: column).flatMap { Double($0) }
      default: nil
      }
    return number.flatMap { $0.isFinite ? $0 : nil }
  }

  private func boolean(of column: Int32, _ storage: Int32) -> Bool? {
    switch storage {
    case SQLITE_INTEGER: integer(of: column) != 0
    case SQLITE_FLOAT: number(of: column) != 0
    default: nil
    }
  }

  private func uuid(of column: Int32, _ storage: Int32) -> UUID? {
    switch storage {
    case SQLITE_BLOB: uuid(of: column)
    case SQLITE_TEXT: UUID(bytes(of: column))
    default: nil
    }
  }

  /// An integer, also where a column without a strict type holds it as `3.0` or `'3'`.
  func wholeNumber(of column: Int32, _ storage: Int32) -> Int64? {
    switch storage {
    case SQLITE_INTEGER: integer(of: column)
    case SQLITE_FLOAT: Int64(exactly: number(of: column))
    case SQLITE_TEXT: text(of: column).flatMap { Int64($0) }
    default: nil
    }
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
    if case .timestampAsText = kind { return storage == SQLITE_TEXT ? Timestamp(plainText: bytes(of: column)) : nil }
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

  func absent(_ column: Int32) -> StoreError {
    StoreError(.invalidStatement, "the statement has \(columns) columns, not \(column &+ 1)")
  }
}
