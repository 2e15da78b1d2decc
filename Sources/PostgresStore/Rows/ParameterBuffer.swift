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

  /// Adds one value.
  mutating func append(_ value: Value, as kind: ColumnKind) throws(StoreError) {
    if value.isNull {
      starts.append(-1)
      return
    }
    let start = bytes.count
    starts.append(start)
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
    bytes.append(0)
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
    for octet in octets {
      bytes.append(UInt8.hexadecimalDigit(octet >> 4))
      bytes.append(UInt8.hexadecimalDigit(octet & 15))
    }
  }
}

extension ColumnKind {
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
