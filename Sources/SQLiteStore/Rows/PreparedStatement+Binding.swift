import Base
import CSQLite
import Store

extension PreparedStatement {
  /// Binds the values of a statement's parameters, as its kinds say.
  func bind(_ values: [Value], as kinds: [ColumnKind]) throws(DriverError) {
    guard values.count == kinds.count else {
      throw DriverError(code: SQLITE_RANGE, message: "\(values.count) values for \(kinds.count) parameters")
    }
    var index: Int32 = 0
    for position in values.indices {
      index &+= 1
      try bind(values[position], as: kinds[position], at: index)
    }
  }

  /// Binds one value. One that its kind cannot hold is `SQLITE_MISMATCH`.
  ///
  /// Safety: the handle is this statement's; text and blobs are copied by SQLite before the call returns.
  func bind(_ value: Value, as kind: ColumnKind, at index: Int32) throws(DriverError) {
    let code: Int32
    switch (kind, value) {
    case (_, .null): code = unsafe sqlite3_bind_null(handle, index)
    case (.text, .string(let text)): code = bind(text: text, at: index)
    case (.integer, .integer(let number)): code = unsafe sqlite3_bind_int64(handle, index, number)
    case (.uuid, .uuid(let uuid)): code = bind(uuid, at: index)
    case (.timestamp, .timestamp(let time)): code = unsafe sqlite3_bind_int64(handle, index, time.microseconds)
    case (.boolean, .boolean(let flag)): code = unsafe sqlite3_bind_int64(handle, index, flag ? 1 : 0)
    case (.decimal(let scale), .decimal(let decimal)): code = bind(decimal, scale: scale, at: index)
    case (.decimal(let scale), .integer(let number)):
      code = bind(Decimal(units: number, scale: 0), scale: scale, at: index)
    case (.number, .number(let number)): code = unsafe sqlite3_bind_double(handle, index, number)
    case (.number, .integer(let number)): code = unsafe sqlite3_bind_double(handle, index, Double(number))
    case (.number, .decimal(let decimal)): code = unsafe sqlite3_bind_double(handle, index, decimal.approximation)
    case (.date, .date(let date)), (.dateAsText, .date(let date)): code = bind(text: date.description, at: index)
    case (.json, .json(let text)): code = bind(utf8: text, at: index)
    case (.bytes, .bytes(let bytes)): code = bind(blob: bytes, at: index)
    default: code = bindAdopted(value, as: kind, at: index)
    }
    guard code == SQLITE_OK else {
      throw DriverError(code: code, message: "cannot bind a value as \(kind) at \(index)")
    }
  }

  /// The encodings of adopted columns, and conversions between neighbouring kinds.
  ///
  /// Safety: as `bind`.
  private func bindAdopted(_ value: Value, as kind: ColumnKind, at index: Int32) -> Int32 {
    switch (kind, value) {
    case (.decimalAsReal, .decimal(let decimal)):
      unsafe sqlite3_bind_double(handle, index, decimal.approximation)
    case (.decimalAsReal, .integer(let number)): unsafe sqlite3_bind_double(handle, index, Double(number))
    case (.timestampAsText, .timestamp(let time)): bind(text: time.plainText, at: index)
    case (.timestampAsUnixSeconds, .timestamp(let time)):
      unsafe sqlite3_bind_int64(handle, index, time.microseconds.dividedFloor(by: 1_000_000))
    case (.timestampAsUnixMilliseconds, .timestamp(let time)):
      unsafe sqlite3_bind_int64(handle, index, time.microseconds.dividedFloor(by: 1000))
    case (.booleanAsTexts(let yes, let no), .boolean(let flag)): bind(text: flag ? yes : no, at: index)
    case (.uuidAsText, .uuid(let uuid)): bind(text: uuid.description, at: index)
    case (.text, .json(let text)): bind(utf8: text, at: index)
    case (.text, .uuid(let uuid)): bind(text: uuid.description, at: index)
    case (.text, .date(let date)): bind(text: date.description, at: index)
    case (.json, .string(let text)): bind(text: text, at: index)
    case (.integer, .boolean(let flag)): unsafe sqlite3_bind_int64(handle, index, flag ? 1 : 0)
    case (.integer, .duration(let microseconds)): unsafe sqlite3_bind_int64(handle, index, microseconds)
    case (.integer, .decimal(let decimal)): bind(decimal, scale: 0, at: index)
    case (.integer, .number(let number)): unsafe sqlite3_bind_double(handle, index, number)
    default: bindStored(value, at: index)
    }
  }

  /// What a row holds although its kind cannot (`OddValues`), in its own class: it compares as SQLite compares classes. A
  /// table of strict types refuses to store it.
  private func bindStored(_ value: Value, at index: Int32) -> Int32 {
    switch value {
    case .integer(let number): unsafe sqlite3_bind_int64(handle, index, number)
    case .number(let number): unsafe sqlite3_bind_double(handle, index, number)
    case .string(let text): bind(text: text, at: index)
    case .bytes(let bytes): bind(blob: bytes, at: index)
    default: SQLITE_MISMATCH
    }
  }

  // Safety: as `bind`, in what follows.

  /// Scaled to the column; a number between two of the column's steps is bound as a floating point one, so that
  /// comparisons stay right (a column of strict type refuses to store it).
  private func bind(_ decimal: Decimal, scale: Int, at index: Int32) -> Int32 {
    if let scaled = decimal.rescaled(to: scale) { return unsafe sqlite3_bind_int64(handle, index, scaled.units) }
    return unsafe sqlite3_bind_double(handle, index, decimal.approximation * Double(Decimal.powerOfTen(scale)))
  }

  private func bind(text: String, at index: Int32) -> Int32 {
    var text = text
    return text.withUTF8 { unsafe martlet_sqlite_bind_text(handle, index, $0.baseAddress, UInt64($0.count)) }
  }

  private func bind(utf8 bytes: [UInt8], at index: Int32) -> Int32 {
    unsafe bytes.withUnsafeBufferPointer {
      unsafe martlet_sqlite_bind_text(handle, index, $0.baseAddress, UInt64($0.count))
    }
  }

  private func bind(_ uuid: UUID, at index: Int32) -> Int32 {
    unsafe withUnsafeBytes(of: (uuid.high.bigEndian, uuid.low.bigEndian)) {
      unsafe martlet_sqlite_bind_blob(handle, index, $0.baseAddress, 16)
    }
  }

  private func bind(blob bytes: [UInt8], at index: Int32) -> Int32 {
    unsafe bytes.withUnsafeBufferPointer {
      unsafe martlet_sqlite_bind_blob(handle, index, $0.baseAddress, UInt64($0.count))
    }
  }
}
