import Base

/// The octets of a text of hexadecimal digits; what is none is passed over.
func hex(_ text: String) -> [UInt8] {
  var out: [UInt8] = []
  var high: UInt8?
  for byte in text.utf8 {
    guard let digit = byte.hexadecimalValue else { continue }
    if let first = high {
      out.append(first << 4 | digit)
      high = nil
    } else {
      high = digit
    }
  }
  return out
}
