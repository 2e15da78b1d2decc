import Base
import Store

/// One column's text, as the server sent it: read as a value, or appended as JSON.
///
/// Nothing is trusted: an adopted column may hold what its kind does not allow (`infinity`, years before Christ), which is a
/// misfit (nil, false) and never a trap.
///
/// Safety: `bytes` is the driver's buffer of one row's column; it is only used within the call that was handed this value,
/// while the result is alive, and always within its count.
@safe struct ColumnText {
  let bytes: UnsafeBufferPointer<UInt8>
  let count: Int

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    unsafe self.bytes = bytes
    count = bytes.count
  }

  var string: String { unsafe String(decoding: bytes, as: UTF8.self) }
  var array: [UInt8] { unsafe Array(bytes) }

  /// The column as a value of its kind; nil for what the kind cannot hold.
  func value(as kind: ColumnKind) -> Value? {
    switch kind {
    case .text: .string(string)
    case .integer: integer.map(Value.integer)
    case .number: number.map(Value.number)
    case .boolean: boolean.map(Value.boolean)
    case .decimal(let scale): unsafe Decimal(bytes).map { .decimal($0.rescaled(to: scale) ?? $0) }
    case .decimalAsReal(let scale): decimal(rounded: scale).map(Value.decimal)
    case .timestamp, .timestampAsText: Timestamp(plainText: fullZone).map(Value.timestamp)
    case .timestampAsUnixSeconds: timestamp(factor: 1_000_000).map(Value.timestamp)
    case .timestampAsUnixMilliseconds: timestamp(factor: 1000).map(Value.timestamp)
    case .date: unsafe CalendarDate(bytes).map(Value.date)
    case .dateAsText: CalendarDate(plainText: array).map(Value.date)
    case .uuid, .uuidAsText: uuid.map(Value.uuid)
    case .json: .json(compactJSON)
    case .bytes: octets.map(Value.bytes)
    case .stored: .string(string)
    case .booleanAsTexts(let yes, let no):
      switch string {
      case yes: .boolean(true)
      case no: .boolean(false)
      default: nil
      }
    }
  }

  /// Safety: the one index is below the count.
  var isTrue: Bool { unsafe count == 1 && bytes[0] == UInt8(ascii: "t") }

  /// The form of `boolean`, and what integers used as booleans look like.
  ///
  /// Safety: the one index is below the count.
  var boolean: Bool? {
    guard count == 1 else { return nil }
    switch unsafe bytes[0] {
    case UInt8(ascii: "t"), UInt8(ascii: "1"): return true
    case UInt8(ascii: "f"), UInt8(ascii: "0"): return false
    default: return nil
    }
  }

  /// The 36-character form, either case.
  ///
  /// Safety: the bytes are read within the call.
  var uuid: UUID? { unsafe UUID(bytes.span) }

  var integer: Int64? {
    var value: Int64 = 0
    var isNegative = false
    var digits = 0
    for place in 0..<count {
      let byte = unsafe bytes[place]
      if place == 0, byte == UInt8(ascii: "-") {
        isNegative = true
        continue
      }
      guard byte.isDigit else { return nil }
      digits += 1
      // Counted downwards, because the lowest number has no positive twin.
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflowToo) = product.subtractingReportingOverflow(Int64(byte &- 0x30))
      guard !overflow, !overflowToo else { return nil }
      value = sum
    }
    guard digits > 0 else { return nil }
    if isNegative { return value }
    return value == .min ? nil : -value
  }

  var number: Double? {
    guard let number = Double(string), number.isFinite else { return nil }
    return number
  }

  /// A decimal that lies in the column as a floating point number.
  ///
  /// Safety: the buffer is read within the call.
  func decimal(rounded scale: Int) -> Decimal? {
    if let exact = unsafe Decimal(bytes)?.rescaled(to: scale) { return exact }
    return number.flatMap { Decimal(rounding: $0, scale: scale) }
  }

  private func timestamp(factor: Int64) -> Timestamp? {
    guard let count = integer else { return nil }
    let (microseconds, overflow) = count.multipliedReportingOverflow(by: factor)
    let time = Timestamp(microseconds: microseconds)
    return overflow || time < .minimum || time > .maximum ? nil : time
  }

  /// The server writes zones of whole hours as `+00`; RFC 3339 wants `+00:00`.
  private var fullZone: [UInt8] {
    var text = array
    if text.count > 3, text[text.count - 3] == UInt8(ascii: "+") || text[text.count - 3] == UInt8(ascii: "-"), text.count > 13 {
      text.append(":00")
    }
    return text
  }

  /// The bytes behind `\x0a1b`.
  ///
  /// Safety: indices below the count, which is even.
  private var octets: [UInt8]? {
    guard count >= 2, count % 2 == 0, unsafe bytes[0] == UInt8(ascii: "\\"), unsafe bytes[1] == UInt8(ascii: "x") else { return nil }
    var octets: [UInt8] = []
    octets.reserveCapacity(count / 2 - 1)
    for place in stride(from: 2, to: count, by: 2) {
      guard let high = unsafe bytes[place].hexadecimalValue, let low = unsafe bytes[place + 1].hexadecimalValue else { return nil }
      octets.append(high << 4 | low)
    }
    return octets
  }

  /// `jsonb` comes with a space after each colon and comma; answers are compact.
  var compactJSON: [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(count)
    appendCompactJSON(to: &out)
    return out
  }

  /// Safety: places between 0 and the count.
  func appendCompactJSON(to out: inout [UInt8]) {
    var isQuoted = false
    var isEscaped = false
    var copied = 0
    for place in 0..<count {
      let byte = unsafe bytes[place]
      if isQuoted {
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          isQuoted = false
        }
      } else if byte == UInt8(ascii: "\"") {
        isQuoted = true
      } else if byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
        unsafe out.append(contentsOf: bytes[copied..<place])
        copied = place + 1
      }
    }
    unsafe out.append(contentsOf: bytes[copied...])
  }
}
