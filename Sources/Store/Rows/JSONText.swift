package import Base
import JSON

/// JSON texts of single values, appended to a row.
package enum JSONText {
  /// A string in quotes, escaped as RFC 8259 section 7 demands; ill-formed UTF-8 becomes U+FFFD.
  ///
  /// Safety: the buffer is read within its count during the call and not kept.
  @unsafe package static func append(string bytes: UnsafeBufferPointer<UInt8>, to out: inout [UInt8]) {
    unsafe out.appendJSON(utf8: bytes)
  }

  /// The shortest text that reads back as the same number; it is finite.
  package static func append(number: Double, to out: inout [UInt8]) { out.appendJSON(number: number) }

  /// RFC 4648 section 4, with padding.
  package static func append(base64 bytes: [UInt8], to out: inout [UInt8]) {
    var position = 0
    while position < bytes.count {
      let rest = min(3, bytes.count - position)
      var group: UInt32 = 0
      for place in 0..<3 { group = group << 8 | (place < rest ? UInt32(bytes[position + place]) : 0) }
      for place in 0..<4 {
        let digit = UInt8(truncatingIfNeeded: group >> UInt32(18 - 6 * place)) & 63
        out.append(place <= rest ? JSONText.base64Digit(digit) : UInt8(ascii: "="))
      }
      position += 3
    }
  }

  private static func base64Digit(_ value: UInt8) -> UInt8 {
    switch value {
    case 0..<26: value + UInt8(ascii: "A")
    case 26..<52: value - 26 + UInt8(ascii: "a")
    case 52..<62: value - 52 + UInt8(ascii: "0")
    case 62: UInt8(ascii: "+")
    default: UInt8(ascii: "/")
    }
  }
}

extension Value {
  /// The text of a value as keys and JSON strings hold it.
  package func appendText(to out: inout [UInt8]) {
    switch self {
    case .string(let text): out.append(text)
    case .integer(let number): out.append(decimal: number)
    case .decimal(let decimal): decimal.append(to: &out)
    case .timestamp(let time): time.append(to: &out)
    case .date(let date): date.append(to: &out)
    case .uuid(let uuid): uuid.append(to: &out)
    case .boolean(let flag): out.append(flag ? "true" : "false")
    case .number(let number): JSONText.append(number: number, to: &out)
    case .json(let text): out.append(contentsOf: text)
    case .bytes(let bytes): JSONText.append(base64: bytes, to: &out)
    case .null, .duration, .money, .list: break
    }
  }
}
