import Base

extension [UInt8] {
  /// Appends text with its escapes, without quotes. Runs that need none are copied whole.
  ///
  /// Safety: every index into `text` is below its count, which is checked here; the buffer is not kept.
  @unsafe mutating func appendEscaped(_ text: UnsafeBufferPointer<UInt8>, isChecked: Bool) {
    let count = text.count
    var copied = 0
    var index = 0
    while index < count {
      let byte = unsafe text[index]
      if JSONEscapeTable.isPlain(byte) || (byte >= 0x80 && isChecked) {
        index += 1
        continue
      }
      var consumed = 1
      var isReplaced = false
      if byte >= 0x80 {
        func later(_ offset: Int) -> UInt8 { index + offset < count ? unsafe text[index + offset] : 0 }
        let length = UTF8Sequence.length(byte, later(1), later(2), later(3))
        guard length < 0 else {
          index += length
          continue
        }
        consumed = -length
        isReplaced = true
      }
      if copied < index { unsafe append(contentsOf: UnsafeBufferPointer(rebasing: text[copied..<index])) }
      if isReplaced { append("\u{FFFD}" as StaticString) } else { appendEscape(byte) }
      index += consumed
      copied = index
    }
    if copied < count { unsafe append(contentsOf: UnsafeBufferPointer(rebasing: text[copied..<count])) }
  }

  private mutating func appendEscape(_ byte: UInt8) {
    append(UInt8(ascii: "\\"))
    switch byte {
    case 0x08: append(UInt8(ascii: "b"))
    case 0x09: append(UInt8(ascii: "t"))
    case 0x0a: append(UInt8(ascii: "n"))
    case 0x0c: append(UInt8(ascii: "f"))
    case 0x0d: append(UInt8(ascii: "r"))
    case 0..<0x20:
      append("u00" as StaticString)
      append(.hexadecimalDigit(byte >> 4))
      append(.hexadecimalDigit(byte & 15))
    default: append(byte)
    }
  }
}

enum JSONEscapeTable {
  /// ASCII that stands for itself in a string.
  @inline(__always) static func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x80 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }
}
