import Base
import JSON
import Store

extension ColumnText {
  /// Appends the column as JSON. False, with nothing appended that may stay, for what its kind cannot hold.
  ///
  /// Safety: every index is below the buffer's count; nothing keeps it.
  func appendJSON(as kind: ColumnKind, to out: inout [UInt8]) -> Bool {
    switch kind {
    case .text:
      appendString(to: &out)
      return true
    case .integer: return appendInteger(to: &out)
    case .uuid: return appendUUID(to: &out)
    case .timestamp: return appendTimestamp(to: &out) || appendValue(as: kind, to: &out)
    case .number:
      guard let number else { return false }
      out.appendJSON(number: number)
      return true
    case .json:
      appendCompactJSON(to: &out)
      return count > 0
    default: return appendValue(as: kind, to: &out)
    }
  }

  /// In quotes, escaped.
  ///
  /// Safety: the buffer is read within the call.
  func appendString(to out: inout [UInt8]) { unsafe out.appendJSON(utf8: bytes) }

  /// Through the value: for the kinds that are rare.
  private func appendValue(as kind: ColumnKind, to out: inout [UInt8]) -> Bool {
    guard let value = value(as: kind) else { return false }
    value.appendJSON(to: &out)
    return true
  }

  /// Digits stay as they are; more of them than always fit are read first.
  ///
  /// Safety: indices below the count.
  func appendInteger(to out: inout [UInt8]) -> Bool {
    let isNegative = unsafe bytes.first == UInt8(ascii: "-")
    let digits = count - (isNegative ? 1 : 0)
    guard digits > 0, digits <= 18 else {
      guard let integer else { return false }
      out.append(decimal: integer)
      return true
    }
    for place in (isNegative ? 1 : 0)..<count {
      guard unsafe bytes[place].isDigit else { return false }
    }
    unsafe out.append(contentsOf: bytes)
    return true
  }

  /// Safety: indices below the count, which was checked.
  func appendUUID(to out: inout [UInt8]) -> Bool {
    guard count == 36 else { return false }
    for place in 0..<36 {
      let byte = unsafe bytes[place]
      let isDash = place == 8 || place == 13 || place == 18 || place == 23
      guard isDash ? byte == UInt8(ascii: "-") : byte.isDigit || (byte >= 0x61 && byte <= 0x66) else { return false }
    }
    out.append(UInt8(ascii: "\""))
    unsafe out.append(contentsOf: bytes)
    out.append(UInt8(ascii: "\""))
    return true
  }

  /// `2026-01-31 10:00:00.123456+00` becomes `2026-01-31T10:00:00.123456Z` by copying. False for any other form.
  ///
  /// Safety: indices below the count, which was checked.
  func appendTimestamp(to out: inout [UInt8]) -> Bool {
    guard count == 22 || (count >= 24 && count <= 29), unsafe bytes[count - 3] == UInt8(ascii: "+"),
      unsafe bytes[count - 2] == 0x30, unsafe bytes[count - 1] == 0x30
    else { return false }
    // Quote, date and time, six digits of a fraction, zone, quote.
    var text = InlineArray<29, UInt8>(repeating: 0x30)
    for place in 0..<count - 3 {
      let byte = unsafe bytes[place]
      let isRight =
        switch place {
        case 4, 7: byte == UInt8(ascii: "-")
        case 10: byte == 0x20
        case 13, 16: byte == UInt8(ascii: ":")
        case 19: byte == UInt8(ascii: ".")
        default: byte.isDigit
        }
      guard isRight else { return false }
      text[place + 1] = byte
    }
    // The server leaves zeros at the end of a fraction out; we write all six digits.
    let end = count == 22 ? 20 : 27
    text[0] = UInt8(ascii: "\"")
    text[11] = UInt8(ascii: "T")
    text[end] = UInt8(ascii: "Z")
    text[end + 1] = UInt8(ascii: "\"")
    out.append(text.span.extracting(0..<end + 2))
    return true
  }
}
