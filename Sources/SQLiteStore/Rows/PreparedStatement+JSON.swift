import Base
import CSQLite
import JSON
import Store

/// Safety: buffers of SQLite's are read within `withBytes` only and their bytes copied.
extension PreparedStatement {
  /// A boolean column: false where it is null.
  func isTrue(_ column: Int32) -> Bool { storage(of: column) != SQLITE_NULL && integer(of: column) != 0 }

  /// Appends a column of the current row as JSON, `null` for NULL. Throws `.invalidValue` for what its kind cannot hold.
  func appendJSON(of column: Int32, as kind: ColumnKind, to out: inout [UInt8]) throws(StoreError) {
    guard column >= 0, column < columns else { throw absent(column) }
    let storage = storage(of: column)
    if storage == SQLITE_NULL {
      out.append("null")
      return
    }
    switch kind {
    case .text: unsafe withBytes(of: column) { unsafe out.appendJSON(utf8: $0) }
    case .integer: out.append(decimal: try wholeNumber(of: column, storage))
    case .number:
      // JSON knows no infinity; a column that Martlet did not check may hold one.
      let number = number(of: column)
      if storage == SQLITE_BLOB { throw misfit(column, kind) }
      if number.isFinite { out.appendJSON(number: number) } else { out.append("null") }
    case .boolean: out.append(integer(of: column) != 0 ? "true" : "false")
    case .json:
      // Somebody else may have written it: what is no JSON would break the whole answer.
      let text = bytes(of: column)
      guard (try? JSONDocument.parse(text)) != nil else { throw misfit(column, kind) }
      out.append(contentsOf: text)
    default: try appendQuoted(try value(of: column, as: kind), to: &out)
    }
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

  /// A composite key: its parts joined with `,` in one string; null where any part is.
  func appendJoined(at column: Int32, _ kinds: [ColumnKind], to out: inout [UInt8]) throws(StoreError) {
    var text: [UInt8] = []
    for (position, kind) in kinds.enumerated() {
      let part = try value(of: column &+ Int32(clamping: position), as: kind)
      if part.isNull {
        out.append("null")
        return
      }
      if position > 0 { text.append(UInt8(ascii: ",")) }
      part.appendText(to: &text)
    }
    out.appendJSON(utf8: text[...])
  }

  /// Values whose text needs no escape, in quotes; those that are no strings in JSON without.
  private func appendQuoted(_ value: Value, to out: inout [UInt8]) throws(StoreError) {
    switch value {
    case .boolean(let flag): out.append(flag ? "true" : "false")
    case .bytes(let bytes):
      out.append(UInt8(ascii: "\""))
      JSONText.append(base64: bytes, to: &out)
      out.append(UInt8(ascii: "\""))
    default:
      out.append(UInt8(ascii: "\""))
      value.appendText(to: &out)
      out.append(UInt8(ascii: "\""))
    }
  }
}
