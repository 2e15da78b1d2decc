import Base
import CSQLite
import Store

/// Collects a query's rows: JSON straight from SQLite's buffers, captured columns as values. What is written lies in a buffer
/// that its connection lends for each row.
struct RowReader {
  private var rows = Rows()
  private let encoding: RowEncoding
  private let rowsMax: Int
  private let memory: MemoryBudget
  private var capturedBytes = 0

  /// Empties the buffer: a query before may have thrown.
  init(_ query: Query, _ buffer: inout RowBuffer, _ memory: MemoryBudget) {
    encoding = query.encoding
    rowsMax = query.rowsMax
    self.memory = memory
    buffer.removeAll()
    let expected = min(rowsMax, 32)
    if !encoding.fields.isEmpty { rows.ends.reserveCapacity(expected) }
    if !encoding.captures.isEmpty { rows.captured.reserveCapacity(expected * encoding.captures.count) }
  }

  /// What was collected.
  consuming func finish(_ buffer: inout RowBuffer) throws(StoreError) -> Rows {
    try cover(buffer.count)
    rows.json = buffer.take()
    return rows
  }

  /// Asks for what the captured values hold, and the text once it is handed over.
  private mutating func cover(_ textBytes: Int) throws(StoreError) {
    let bytes = textBytes &+ capturedBytes &+ rows.ends.count &* 8
    guard memory.cover(bytes, by: &rows.lease) else { throw .memory }
  }

  /// Takes the statement's current row.
  mutating func take(_ statement: PreparedStatement, _ buffer: inout RowBuffer) throws(StoreError) {
    guard rows.count < rowsMax else { throw StoreError(.invalidStatement, "more than the \(rowsMax) rows that were asked for") }
    rows.count += 1
    for place in encoding.flatCaptures.indices {
      let capture = encoding.flatCaptures[place]
      let value: Value
      if let common = commonValue(capture, statement) {
        value = common
      } else {
        value = try statement.value(of: capture.column, as: encoding.captures[place].kind)
      }
      capturedBytes &+= MemoryLayout<Value>.stride &+ value.heapBytes
      rows.captured.append(value)
    }
    if capturedBytes > MemoryBudget.smallMax {
      guard capturedBytes <= Rows.bytesMax - buffer.count else { throw .tooLarge }
      try cover(0)
    }
    if encoding.flatFields.isEmpty { return }
    try buffer.append(UInt8(ascii: "{"))
    var isFirst = true
    for place in encoding.flatFields.indices {
      let field = encoding.flatFields[place]
      if let visibleWhen = field.visibleWhen, !statement.isTrue(visibleWhen) { continue }
      if isFirst { isFirst = false } else { try buffer.append(UInt8(ascii: ",")) }
      try buffer.append(encoding.keys, in: field.keyStart..<field.keyEnd)
      if try appendCommon(field, statement, &buffer) { continue }
      try buffer.append { out throws(StoreError) in
        switch encoding.fields[place].content {
        case .scalar(let kind): try statement.appendJSON(of: field.column, as: kind, to: &out)
        case .money: try statement.appendMoney(at: field.column, to: &out)
        case .joined(let kinds): try statement.appendJoined(at: field.column, kinds, to: &out)
        }
      }
    }
    rows.ends.append(buffer.count)
  }

  /// A value of the forms that most columns have; nil for what is out of the ordinary.
  ///
  /// Safety: SQLite's buffers are copied before the statement moves on.
  @inline(__always) private func commonValue(_ capture: RowEncoding.FlatCapture, _ statement: PreparedStatement) -> Value? {
    let column = capture.column
    guard column >= 0, column < statement.columns else { return nil }
    switch (capture.form, statement.storage(of: column)) {
    case (_, SQLITE_NULL): return .null
    case (.text, SQLITE_TEXT): return .string(unsafe String(decoding: statement.textBytes(of: column), as: UTF8.self))
    case (.integer, SQLITE_INTEGER): return .integer(statement.integer(of: column))
    case (.uuid, SQLITE_BLOB): return statement.uuid(of: column).map { .uuid($0) }
    default: return nil
    }
  }

  /// The forms that most columns have. False, with nothing appended, for what is out of the ordinary: that goes the long way,
  /// which also reports what does not fit.
  ///
  /// Safety: SQLite's buffers are copied before the statement moves on.
  @inline(__always) private func appendCommon(
    _ field: RowEncoding.FlatField, _ statement: PreparedStatement, _ buffer: inout RowBuffer
  ) throws(StoreError) -> Bool {
    let column = field.column
    guard column >= 0, column < statement.columns else { throw statement.absent(column) }
    switch (field.form, statement.storage(of: column)) {
    case (.money, SQLITE_INTEGER):
      // The currency's column may not be there: SQLite says NULL of it, and the long way says what is wrong.
      guard statement.storage(of: column &+ 1) == SQLITE_TEXT else { return false }
      try buffer.append("{\"amount\":")
      try buffer.append(decimal: statement.integer(of: column))
      try buffer.append(",\"currency\":")
      try unsafe buffer.appendJSON(utf8: statement.textBytes(of: column &+ 1))
      try buffer.append(UInt8(ascii: "}"))
    case (.other, _), (.money, _): return false
    case (_, SQLITE_NULL): try buffer.append("null")
    case (.text, SQLITE_TEXT): try unsafe buffer.appendJSON(utf8: statement.textBytes(of: column))
    case (.integer, SQLITE_INTEGER): try buffer.append(decimal: statement.integer(of: column))
    case (.boolean, SQLITE_INTEGER): try buffer.append(statement.integer(of: column) != 0 ? "true" : "false")
    case (.timestamp, SQLITE_INTEGER): return try buffer.append(Timestamp(microseconds: statement.integer(of: column)))
    case (.uuid, SQLITE_BLOB): return try unsafe buffer.append(uuid: statement.blobBytes(of: column))
    default: return false
    }
    return true
  }
}
