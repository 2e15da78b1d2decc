import Base
import JSON
import Store

/// Makes a result's rows into JSON, straight from the driver's buffer, and captured columns into values.
struct RowEncoder {
  private var rows = Rows()
  private let encoding: RowEncoding
  // Of the encoding: held here, so that a loop over rows counts no references.
  private let fields: [RowEncoding.FlatField]
  private let keys: [UInt8]
  private let view: ResultView
  private let memory: MemoryBudget
  private var capturedBytes = 0
  /// Up to here nothing has to be asked.
  private var covered = MemoryBudget.smallMax

  /// Throws `.invalidStatement` for more rows than were asked for or a column that is not there, `.tooLarge` and `.memory` for
  /// rows that are too long.
  static func rows(of view: ResultView, for query: Query, memory: MemoryBudget) throws(StoreError) -> Rows {
    guard view.rows <= query.rowsMax else {
      throw StoreError(.invalidStatement, "more than the \(query.rowsMax) rows that were asked for")
    }
    var encoder = RowEncoder(view, query.encoding, rows: view.rows, memory)
    for row in 0..<view.rows { try encoder.take(row) }
    return encoder.rows
  }

  /// Answers each of the reads with its row, or with none. The last column says whose it is (`Statement.shared`).
  ///
  /// Throws, with nobody answered, where a row is nobody's or the second of somebody.
  static func share(_ view: ResultView, among requests: [Request], memory: MemoryBudget) throws(StoreError) {
    var rows = [Int?](repeating: nil, count: requests.count)
    for row in 0..<view.rows {
      guard let number = view.integer(row, view.columns - 1), number > 0, number <= Int64(rows.count),
        rows[Int(number) - 1] == nil
      else { throw StoreError(.invalidStatement, "a row of a shared read is nobody's") }
      rows[Int(number) - 1] = row
    }
    for (request, row) in zip(requests, rows) {
      guard case .read(let query) = request.work, !request.isFinished else { continue }
      var encoder = RowEncoder(view, query.encoding, rows: row == nil ? 0 : 1, memory)
      do throws(StoreError) {
        if let row { try encoder.take(row) }
        request.finish(.success(.rows(encoder.rows)))
      } catch {
        request.finish(.failure(error))
      }
    }
  }

  private init(_ view: ResultView, _ encoding: RowEncoding, rows count: Int, _ memory: MemoryBudget) {
    self.view = view
    self.memory = memory
    self.encoding = encoding
    fields = encoding.flatFields
    keys = encoding.keys
    rows.count = count
    if !encoding.fields.isEmpty, count > 0 {
      rows.json.reserveCapacity(min(count * (encoding.fields.count * 28 + 96), 65_536))
      rows.ends.reserveCapacity(count)
    }
    if !encoding.captures.isEmpty { rows.captured.reserveCapacity(count * encoding.captures.count) }
  }

  private var bytes: Int { rows.json.count &+ capturedBytes }

  /// Asks for what the rows hold by now.
  private mutating func cover() throws(StoreError) {
    guard bytes <= Rows.bytesMax else { throw .tooLarge }
    let capacity = rows.json.capacity + capturedBytes
    covered = min(capacity, Rows.bytesMax)
    guard memory.cover(capacity + rows.ends.capacity * 8, by: &rows.lease) else { throw .memory }
  }

  private mutating func take(_ row: Int) throws(StoreError) {
    for place in encoding.flatCaptures.indices {
      let capture = encoding.flatCaptures[place]
      // A pattern: `==` of an enum from another module is a call through its witness table.
      if case .integer = capture.form, let value = view.integer(row, Int(capture.column)) {
        rows.captured.append(.integer(value))
      } else {
        let value = try view.value(row, Int(capture.column), as: encoding.captures[place].kind)
        capturedBytes &+= value.heapBytes
        rows.captured.append(value)
      }
    }
    capturedBytes &+= encoding.flatCaptures.count &* MemoryLayout<Value>.stride
    if bytes > covered { try cover() }
    if fields.isEmpty { return }
    rows.json.append(UInt8(ascii: "{"))
    var isFirst = true
    for place in fields.indices {
      // Plain numbers: copying the field itself would count references, for each field of each row.
      let field = fields[place]
      if let visibleWhen = field.visibleWhen, !view.isTrue(row, Int(visibleWhen)) { continue }
      if isFirst { isFirst = false } else { rows.json.append(UInt8(ascii: ",")) }
      rows.json.append(keys, in: field.keyStart..<field.keyEnd)
      if appendCommon(field, row) { continue }
      let column = Int(field.column)
      switch encoding.fields[place].content {
      case .scalar(let kind): try append(row, column, kind)
      case .money: try appendMoney(row, column)
      case .joined(let kinds): try appendJoined(row, column, kinds)
      }
    }
    rows.ends.append(rows.json.count)
    if bytes > covered { try cover() }
  }

  /// The forms that most columns have. False, with nothing appended, for what is out of the ordinary: that goes the long way,
  /// which also reports what does not fit.
  private mutating func appendCommon(_ field: RowEncoding.FlatField, _ row: Int) -> Bool {
    switch field.form {
    case .money, .other: return false
    case .text, .integer, .uuid, .timestamp, .boolean: break
    }
    guard let text = view.text(row, Int(field.column)) else { return false }
    if view.isBinary { return ColumnOctets(text).appendJSON(as: field.form, to: &rows.json) }
    switch field.form {
    case .text: text.appendString(to: &rows.json)
    case .integer: return text.appendInteger(to: &rows.json)
    case .uuid: return text.appendUUID(to: &rows.json)
    case .timestamp: return text.appendTimestamp(to: &rows.json)
    case .boolean:
      guard let flag = text.boolean else { return false }
      rows.json.append(flag ? "true" : "false")
    case .money, .other: return false
    }
    return true
  }

  private mutating func append(_ row: Int, _ column: Int, _ kind: ColumnKind) throws(StoreError) {
    guard let text = view.text(row, column) else {
      guard column >= 0, column < view.columns else { throw view.absent(column) }
      rows.json.append("null")
      return
    }
    if view.isBinary {
      if ColumnOctets(text).appendJSON(as: RowEncoding.Form(.scalar(kind)), to: &rows.json) { return }
      OddValues.count()
      return rows.json.appendJSON(string: try view.oddText(text, column, as: kind))
    }
    if text.appendJSON(as: kind, to: &rows.json) { return }
    OddValues.count()
    // Safety: the driver's buffer of this row, used within the call.
    unsafe rows.json.appendJSON(utf8: text.bytes)
  }

  /// `{"amount":1999,"currency":"EUR"}`, or null where either is.
  private mutating func appendMoney(_ row: Int, _ column: Int) throws(StoreError) {
    if view.isNull(row, column) || view.isNull(row, column + 1) {
      guard column >= 0, column + 1 < view.columns else { throw view.absent(column + 1) }
      rows.json.append("null")
      return
    }
    rows.json.append("{\"amount\":")
    try append(row, column, .integer)
    rows.json.append(",\"currency\":")
    try append(row, column + 1, .text)
    rows.json.append(UInt8(ascii: "}"))
  }

  /// A composite key as one string; null where any part is.
  ///
  /// Safety: the buffer of `text` is used within the call.
  private mutating func appendJoined(_ row: Int, _ column: Int, _ kinds: [ColumnKind]) throws(StoreError) {
    var parts: [Value] = []
    for (position, kind) in kinds.enumerated() { parts.append(try view.value(row, column + position, as: kind)) }
    var text: [UInt8] = []
    guard KeyText.append(parts, to: &text) else {
      rows.json.append("null")
      return
    }
    rows.json.appendJSON(utf8: text[...])
  }
}
