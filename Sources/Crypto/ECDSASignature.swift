/// The two forms of a P-256 signature: JWS joins r and s, 32 octets each (RFC 7518 section 3.4); the library wants DER.
enum ECDSASignature {
  static let rawLength = 64

  /// DER of a joined form; nil where it is not 64 octets.
  static func encode(raw: [UInt8]) -> [UInt8]? {
    guard raw.count == rawLength else { return nil }
    let body = integer(raw[..<32]) + integer(raw[32...])
    return [0x30, UInt8(truncatingIfNeeded: body.count)] + body
  }

  /// The joined form of a DER signature that this process just made; nil where it is not one.
  static func decode(der: [UInt8]) -> [UInt8]? {
    guard der.count >= 2, der[0] == 0x30, Int(der[1]) == der.count - 2 else { return nil }
    var rest = der[2...]
    guard let r = take(&rest), let s = take(&rest), rest.isEmpty else { return nil }
    return r + s
  }

  private static func integer(_ octets: ArraySlice<UInt8>) -> [UInt8] {
    var value = Array(octets.drop { $0 == 0 })
    if value.isEmpty || value[0] & 0x80 != 0 { value.insert(0, at: 0) }
    return [0x02, UInt8(truncatingIfNeeded: value.count)] + value
  }

  private static func take(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
    guard rest.popFirst() == 0x02, let length = rest.popFirst(), rest.count >= Int(length) else { return nil }
    let value = rest.prefix(Int(length)).drop { $0 == 0 }
    rest = rest.dropFirst(Int(length))
    guard value.count <= 32 else { return nil }
    return [UInt8](repeating: 0, count: 32 - value.count) + value
  }
}
