import Base
import CSQLite
import JSON
import Store

/// Safety: buffers of SQLite's are read within `withBytes` only and their bytes copied.
extension PreparedStatement {
  /// A boolean column: false where it is null.
  func isTrue(_ column: Int32) -> Bool { storage(of: column) != SQLITE_NULL && integer(of: column) != 0 }

  /// Appends a column of the current row as JSON, `null` for NULL; what its kind cannot hold, as it is (`OddValues`).
  func appendJSON(of column: Int32, as kind: ColumnKind, to out: inout [UInt8]) throws(StoreError) {
    guard column >= 0, column < columns else { throw absent(column) }
    let storage = storage(of: column)
    if storage == SQLITE_NULL {
      out.append("null")
      return
    }
    switch kind {
    case .text where storage == SQLITE_TEXT: unsafe withBytes(of: column) { unsafe out.appendJSON(utf8: $0) }
    case .integer where storage == SQLITE_INTEGER: out.append(decimal: integer(of: column))
    case .boolean where storage == SQLITE_INTEGER: out.append(integer(of: column) != 0 ? "true" : "false")
    case .json where storage == SQLITE_TEXT:
      // Somebody else may have written it: what is no JSON would break the whole answer.
      let text = bytes(of: column)
      guard (try? JSONDocument.parse(text)) != nil else { return appendOdd(try value(of: column, as: .stored), to: &out) }
      out.append(contentsOf: text)
    default:
      if let value = fitting(column, storage, kind) {
        appendPlain(value, to: &out)
      } else {
        appendOdd(try value(of: column, as: .stored), to: &out)
      }
    }
  }

  /// What a kind cannot hold, as it is.
  private func appendOdd(_ value: Value, to out: inout [UInt8]) {
    OddValues.count()
    appendPlain(value, to: &out)
  }

  /// `{"amount":1999,"currency":"EUR"}`, or null where either is.
  func appendMoney(at column: Int32, to out: inout [UInt8]) throws(StoreError) {
    guard column >= 0, column < columns - 1 else { throw absent(column &+ 1) }
    if storage(of: column) == SQLITE_NULL || storage(of: column + 1) == SQLITE_NULL {
      out.append("null")
      return
    }
    out.append("{\"amount\":")
    try appendJSON(of: column, as: .integer, to: &out)
    out.append(",\"currency\":")
    try appendJSON(of: column + 1, as: .text, to: &out)
    out.append(UInt8(ascii: "}"))
  }

  /// A composite key as one string; null where any part is.
  func appendJoined(at column: Int32, _ kinds: [ColumnKind], to out: inout [UInt8]) throws(StoreError) {
    var parts: [Value] = []
    for (position, kind) in kinds.enumerated() { parts.append(try value(of: column &+ Int32(clamping: position), as: kind)) }
    var text: [UInt8] = []
    if KeyText.append(parts, to: &text) { out.appendJSON(utf8: text[...]) } else { out.append("null") }
  }

  private func appendPlain(_ value: Value, to out: inout [UInt8]) {
    // Somebody else may have written it: what is no JSON would break the whole answer.
    if case .json(let text) = value, (try? JSONDocument.parse(text)) == nil { return out.appendJSON(utf8: text[...]) }
    value.appendJSON(to: &out)
  }
}
