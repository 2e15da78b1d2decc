import Base
import Store

/// Collects a query's rows: JSON straight from SQLite's buffers, captured columns as values.
struct RowReader {
  private(set) var rows = Rows()
  private let encoding: RowEncoding
  private let rowsMax: Int

  init(_ query: Query) {
    encoding = query.encoding
    rowsMax = query.rowsMax
    let expected = min(rowsMax, 32)
    if !encoding.fields.isEmpty {
      rows.json.reserveCapacity(min(expected * encoding.fields.count * 24, 32_768))
      rows.ends.reserveCapacity(expected)
    }
    if !encoding.captures.isEmpty { rows.captured.reserveCapacity(expected * encoding.captures.count) }
  }

  /// Takes the statement's current row.
  mutating func take(_ statement: PreparedStatement) throws(StoreError) {
    guard rows.count < rowsMax else { throw StoreError(.invalidStatement, "more than the \(rowsMax) rows that were asked for") }
    rows.count += 1
    for capture in encoding.captures {
      rows.captured.append(try statement.value(of: Int32(clamping: capture.column), as: capture.kind))
    }
    if encoding.fields.isEmpty { return }
    rows.json.append(UInt8(ascii: "{"))
    var isFirst = true
    for field in encoding.fields {
      if let visibleWhen = field.visibleWhen, !statement.isTrue(Int32(clamping: visibleWhen)) { continue }
      if isFirst { isFirst = false } else { rows.json.append(UInt8(ascii: ",")) }
      rows.json.append(contentsOf: field.key)
      let column = Int32(clamping: field.column)
      switch field.content {
      case .scalar(let kind): try statement.appendJSON(of: column, as: kind, to: &rows.json)
      case .money: try statement.appendMoney(at: column, to: &rows.json)
      case .joined(let kinds): try statement.appendJoined(at: column, kinds, to: &rows.json)
      }
    }
    rows.ends.append(rows.json.count)
  }
}
