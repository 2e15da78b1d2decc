import Base
import Store

/// The parameters of one or more statements in the text format, each ended with a zero byte, side by side in one buffer
/// that is used again and again.
struct ParameterBuffer {
  /// Where a statement's parameters lie in `starts`.
  typealias Place = Range<Int>

  private(set) var bytes: [UInt8] = []
  /// Where each parameter begins in `bytes`; -1 for NULL.
  private(set) var starts: [Int] = []

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: bytes.capacity <= 1 << 20)
    starts.removeAll(keepingCapacity: true)
  }

  /// Adds a statement's values. Throws `.invalidValue` for text with U+0000, which PostgreSQL cannot hold, and
  /// `.invalidStatement` where values and parameters do not fit together.
  mutating func append(_ values: [Value], as kinds: [ColumnKind]) throws(StoreError) -> Place {
    guard values.count == kinds.count else {
      throw StoreError(.invalidStatement, "\(values.count) values for \(kinds.count) parameters")
    }
    let first = starts.count
    for (value, kind) in zip(values, kinds) { try append(value, as: kind) }
    return first..<starts.count
  }

  /// Whether two statements' parameters are the same texts.
  func isSame(_ one: Place, _ other: Place) -> Bool {
    guard one.count == other.count else { return false }
    return zip(one, other).allSatisfy { one, other in
      var (one, other) = (starts[one], starts[other])
      guard one >= 0, other >= 0 else { return one == other }
      // Both end with a zero.
      while bytes[one] == bytes[other], bytes[one] != 0 { (one, other) = (one + 1, other + 1) }
      return bytes[one] == bytes[other]
    }
  }

  /// Takes away what was added last.
  mutating func removeLast(_ place: Place) {
    guard place.upperBound == starts.count else { return }
    if let start = starts[place].first(where: { $0 >= 0 }) { bytes.removeSubrange(start...) }
    starts.removeSubrange(place)
  }

  /// Adds one value.
  mutating func append(_ value: Value, as kind: ColumnKind) throws(StoreError) {
    if value.isNull {
      starts.append(-1)
      return
    }
    starts.append(bytes.count)
    try appendText(of: value, as: kind)
    bytes.append(0)
  }

  /// Adds an array for each kind, with `count` values each. A value that cannot be sent is told to `refused`, with its place in
  /// the array, and is NULL there.
  mutating func appendArrays(
    of count: Int, as kinds: [ColumnKind], value: (_ place: Int, _ parameter: Int) -> Value, refused: (Int, StoreError) -> Void
  ) -> Place {
    let first = starts.count
    for (parameter, kind) in kinds.enumerated() {
      starts.append(bytes.count)
      bytes.append(UInt8(ascii: "{"))
      for place in 0..<count {
        if place > 0 { bytes.append(UInt8(ascii: ",")) }
        let start = bytes.count
        do throws(StoreError) {
          try appendElement(value(place, parameter), as: kind)
        } catch {
          bytes.removeSubrange(start...)
          bytes.append("NULL")
          refused(place, error)
        }
      }
      bytes.append(UInt8(ascii: "}"))
      bytes.append(0)
    }
    return first..<starts.count
  }

  /// An element of an array's text: in quotes, unless it can hold nothing that means something there.
  private mutating func appendElement(_ value: Value, as kind: ColumnKind) throws(StoreError) {
    switch value {
    case .null: bytes.append("NULL")
    case .integer, .uuid: try appendText(of: value, as: kind)
    default:
      bytes.append(UInt8(ascii: "\""))
      let start = bytes.count
      try appendText(of: value, as: kind)
      escape(from: start)
      bytes.append(UInt8(ascii: "\""))
    }
  }

  /// Puts a backslash before each quote and backslash from `start` on.
  private mutating func escape(from start: Int) {
    func isSpecial(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") }
    guard bytes[start...].contains(where: isSpecial) else { return }
    let plain = Array(bytes[start...])
    bytes.removeSubrange(start...)
    for byte in plain {
      if isSpecial(byte) { bytes.append(UInt8(ascii: "\\")) }
      bytes.append(byte)
    }
  }

  /// The text of a value that is not null.
  private mutating func appendText(of value: Value, as kind: ColumnKind) throws(StoreError) {
    let start = bytes.count
    switch value {
    case .null: break
    case .boolean(let flag):
      if case .booleanAsTexts(let yes, let no) = kind { bytes.append(flag ? yes : no) } else { bytes.append(flag ? "t" : "f") }
    case .integer(let number): bytes.append(decimal: number)
    case .number(let number): bytes.append(number.description)
    case .decimal(let decimal): decimal.append(to: &bytes)
    case .string(let text): bytes.append(text)
    case .timestamp(let time): append(time, as: kind)
    case .date(let date): date.append(to: &bytes)
    case .duration(let microseconds): bytes.append(decimal: microseconds)
    case .uuid(let id): id.append(to: &bytes)
    case .json(let text): bytes.append(contentsOf: text)
    case .bytes(let octets): appendHexadecimal(octets)
    case .money, .list: throw StoreError(.invalidStatement, "a \(kind) parameter was given a value of several parts")
    }
    switch value {
    case .string, .json:
      guard !bytes[start...].contains(0) else { throw StoreError(.invalidValue, "a text holds U+0000") }
    default: break
    }
  }

  private mutating func append(_ time: Timestamp, as kind: ColumnKind) {
    switch kind {
    case .timestampAsText: bytes.append(time.plainText)
    case .timestampAsUnixSeconds: bytes.append(decimal: time.microseconds.dividedFloor(by: 1_000_000))
    case .timestampAsUnixMilliseconds: bytes.append(decimal: time.microseconds.dividedFloor(by: 1000))
    case .date, .dateAsText: time.date.append(to: &bytes)
    default: time.append(to: &bytes)
    }
  }

  /// `\x0a1b`: the hexadecimal form of bytea.
  private mutating func appendHexadecimal(_ octets: [UInt8]) {
    bytes.append("\\x")
    bytes.append(addingCapacity: octets.count * 2) { digits in
      for octet in octets {
        digits.append(UInt8.hexadecimalDigit(octet >> 4))
        digits.append(UInt8.hexadecimalDigit(octet & 15))
      }
    }
  }
}

extension ColumnKind {
  /// The type of an array of them.
  var arrayTypeNumber: UInt32 {
    switch typeNumber {
    case 16: 1000
    case 17: 1001
    case 20: 1016
    case 701: 1022
    case 1082: 1182
    case 1184: 1185
    case 1700: 1231
    case 2950: 2951
    case 3802: 3807
    default: 1009
    }
  }

  /// The type of a parameter of this kind, by its fixed number in `pg_type`.
  var typeNumber: UInt32 {
    switch self {
    case .text, .stored, .timestampAsText, .dateAsText, .booleanAsTexts, .uuidAsText: 25
    case .integer, .timestampAsUnixSeconds, .timestampAsUnixMilliseconds: 20
    case .decimal: 1700
    case .number, .decimalAsReal: 701
    case .boolean: 16
    case .timestamp: 1184
    case .date: 1082
    case .uuid: 2950
    case .json: 3802
    case .bytes: 17
    }
  }
}
