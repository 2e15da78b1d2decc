import Base

/// Durations as CEL writes them: `1h30m`, `1.5s`, `-20ms`, `15us`, `3ns`.
enum DurationText {
  /// The greatest magnitude: what 64 bits of nanoseconds hold, as in CEL's reference implementation (292 years).
  static var microsecondsMax: Int64 { 9_223_372_036_854_775 }

  /// Whole microseconds, or nil: not a duration, out of range, or finer than a microsecond.
  static func microseconds(of text: String) -> Int64? {
    var bytes = Array(text.utf8)[...]
    guard bytes.count <= 64 else { return nil }
    let isNegative = bytes.first == UInt8(ascii: "-")
    if isNegative || bytes.first == UInt8(ascii: "+") { bytes = bytes.dropFirst() }
    if bytes.elementsEqual("0".utf8) { return 0 }
    var nanoseconds: Int128 = 0
    guard !bytes.isEmpty else { return nil }
    while !bytes.isEmpty {
      guard let part = part(&bytes) else { return nil }
      nanoseconds += part
    }
    guard nanoseconds % 1000 == 0, nanoseconds / 1000 <= Int128(microsecondsMax) else { return nil }
    let microseconds = Int64(nanoseconds / 1000)
    return isNegative ? -microseconds : microseconds
  }

  /// One number with its unit, in nanoseconds.
  private static func part(_ bytes: inout ArraySlice<UInt8>) -> Int128? {
    var digits: Int128 = 0
    var read = 0
    var divisor: Int128 = 1
    var afterPoint = false
    while let byte = bytes.first {
      if byte.isDigit {
        // 18 digits and the largest unit stay far below 128 bits.
        guard read < 18 else { return nil }
        digits = digits * 10 + Int128(byte - 0x30)
        if afterPoint { divisor *= 10 }
        read += 1
      } else if byte == UInt8(ascii: "."), !afterPoint {
        afterPoint = true
      } else {
        break
      }
      bytes = bytes.dropFirst()
    }
    guard read > 0 else { return nil }
    let unit = bytes.prefix { $0.isLetter || $0 >= 0x80 }
    bytes = bytes.dropFirst(unit.count)
    let scale: Int128
    switch String(decoding: unit, as: UTF8.self) {
    case "ns": scale = 1
    case "us", "µs", "μs": scale = 1000
    case "ms": scale = 1_000_000
    case "s": scale = 1_000_000_000
    case "m": scale = 60_000_000_000
    case "h": scale = 3_600_000_000_000
    default: return nil
    }
    let (whole, rest) = (digits * scale).quotientAndRemainder(dividingBy: divisor)
    return rest == 0 ? whole : nil
  }
}
