/// The columns of a unique conflict, out of the server's detail: `Key (a, "B c")=(1, 2) already exists.`
///
/// The words around are in the server's language; `(columns)=(values)` is not. Values are personal and are not read.
enum ConflictDetail {
  /// Column names in the index's order; an expression stands as its text. Empty where the detail has another form.
  static func columns(_ detail: String) -> [String] {
    let bytes = Array(detail.utf8)
    guard let start = bytes.firstIndex(of: UInt8(ascii: "(")) else { return [] }
    var columns: [String] = []
    var current: [UInt8] = []
    var depth = 0
    var isQuoted = false
    var index = start + 1
    while index < bytes.count {
      let byte = bytes[index]
      if isQuoted {
        if byte == UInt8(ascii: "\"") {
          // A quote in a name is doubled.
          if index + 1 < bytes.count, bytes[index + 1] == byte {
            current.append(byte)
            index += 1
          } else {
            isQuoted = false
          }
        } else {
          current.append(byte)
        }
      } else if byte == UInt8(ascii: "\"") {
        isQuoted = true
      } else if byte == UInt8(ascii: ","), depth == 0 {
        columns.append(text(current))
        current = []
        // The space after the comma.
        index += 1
      } else if byte == UInt8(ascii: ")"), depth == 0 {
        guard index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "=") else { return [] }
        columns.append(text(current))
        return columns
      } else {
        if byte == UInt8(ascii: "(") { depth += 1 }
        if byte == UInt8(ascii: ")") { depth -= 1 }
        current.append(byte)
      }
      index += 1
    }
    return []
  }

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
