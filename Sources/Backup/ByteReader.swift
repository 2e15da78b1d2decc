import Base

/// Numbers and octets from the beginning of bytes to their end, most significant octet first. Nil where there are too few.
struct ByteReader {
  let bytes: [UInt8]
  private(set) var place = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var left: Int { bytes.count - place }

  mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard count >= 0, count <= left else { return nil }
    defer { place += count }
    return bytes[place..<(place + count)]
  }

  mutating func number64() -> UInt64? { take(8).map { $0.reduce(0) { $0 << 8 | UInt64($1) } } }
  mutating func number32() -> UInt32? { take(4).map { $0.reduce(0) { $0 << 8 | UInt32($1) } } }
}

extension [UInt8] {
  /// Appends a number, most significant octet first.
  package mutating func append(bigEndian number: UInt64) {
    for shift in stride(from: 56, through: 0, by: -8) { append(UInt8(truncatingIfNeeded: number >> UInt64(shift))) }
  }

  package mutating func append(bigEndian number: UInt32) {
    for shift in stride(from: 24, through: 0, by: -8) { append(UInt8(truncatingIfNeeded: number >> UInt32(shift))) }
  }

  /// As two lower-case digits each.
  package var hexadecimal: String {
    var out: [UInt8] = []
    for byte in self {
      out.append(.hexadecimalDigit(byte >> 4))
      out.append(.hexadecimalDigit(byte & 15))
    }
    return String(decoding: out, as: UTF8.self)
  }
}
