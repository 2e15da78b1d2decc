extension [UInt8] {
  /// Appends bytes in base64, with padding (RFC 4648 section 4).
  package mutating func append(base64 bytes: [UInt8]) {
    var position = 0
    while position < bytes.count {
      let rest = Swift.min(3, bytes.count - position)
      var group: UInt32 = 0
      for place in 0..<3 { group = group << 8 | (place < rest ? UInt32(bytes[position + place]) : 0) }
      for place in 0..<4 {
        let digit = UInt8(truncatingIfNeeded: group >> UInt32(18 - 6 * place)) & 63
        append(place <= rest ? UInt8.base64Digit(digit) : UInt8(ascii: "="))
      }
      position += 3
    }
  }
}

extension UInt8 {
  fileprivate static func base64Digit(_ value: UInt8) -> UInt8 {
    switch value {
    case 0..<26: value + UInt8(ascii: "A")
    case 26..<52: value - 26 + UInt8(ascii: "a")
    case 52..<62: value - 52 + UInt8(ascii: "0")
    case 62: UInt8(ascii: "+")
    default: UInt8(ascii: "/")
    }
  }
}
