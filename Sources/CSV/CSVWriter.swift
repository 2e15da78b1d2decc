import Base

/// Writes comma-separated values (RFC 4180): lines end with CRLF.
package enum CSVWriter {
  /// Appends a cell, in quotes where it needs them. An empty text is `""`: it is told apart from what is not there, which is
  /// nothing at all.
  package static func append(cell: ArraySlice<UInt8>, to out: inout [UInt8]) {
    let needsQuotes =
      cell.isEmpty
      || cell.contains { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
    guard needsQuotes else {
      out.append(contentsOf: cell)
      return
    }
    out.append(UInt8(ascii: "\""))
    for byte in cell {
      if byte == UInt8(ascii: "\"") { out.append(byte) }
      out.append(byte)
    }
    out.append(UInt8(ascii: "\""))
  }

  /// Appends the end of a line.
  package static func appendLineEnd(to out: inout [UInt8]) { out.append("\r\n") }
}
