import Base
import Crypto

/// A place in a list: the values of its order at one row. Encrypted, and bound to the list and the caller, so that it can
/// neither be read nor forged nor used elsewhere.
struct Cursor: Sendable, Equatable {
  var values: [Value]

  /// Longer than a URL may be: a list sorted by long texts goes on with QUERY.
  static let textMax = 1 << 16
  private static let version: UInt8 = 1

  func sealed(with key: SealingKey, context: [UInt8]) -> String? {
    var plain: [UInt8] = [Cursor.version]
    for value in values {
      guard Cursor.append(value, to: &plain) else { return nil }
    }
    guard let sealed = try? key.seal(plain, context: context) else { return nil }
    return Base64URL.encode(sealed)
  }

  /// Nil for anything that was not sealed for this very list.
  init?(_ text: String, with key: SealingKey, context: [UInt8]) {
    guard text.utf8.count <= Cursor.textMax, let sealed = Base64URL.decode(text), let plain = key.open(sealed, context: context),
      plain.first == Cursor.version
    else { return nil }
    var rest = plain.dropFirst()
    values = []
    while !rest.isEmpty {
      guard let value = Cursor.take(&rest) else { return nil }
      values.append(value)
    }
  }

  init(values: [Value]) { self.values = values }

  private static func append(_ value: Value, to out: inout [UInt8]) -> Bool {
    switch value {
    case .null: out.append(0)
    case .boolean(let value): out.append(contentsOf: [1, value ? 1 : 0])
    case .integer(let value): append(tag: 2, UInt64(bitPattern: value), to: &out)
    case .number(let value): append(tag: 3, value.bitPattern, to: &out)
    case .timestamp(let value): append(tag: 4, UInt64(bitPattern: value.microseconds), to: &out)
    case .date(let value): append(tag: 5, UInt64(bitPattern: Int64(value.days)), to: &out)
    case .uuid(let value):
      append(tag: 6, value.high, to: &out)
      append(value.low, to: &out)
    case .decimal(let value):
      append(tag: 7, UInt64(bitPattern: value.units), to: &out)
      out.append(UInt8(truncatingIfNeeded: value.scale))
    case .string(let value):
      append(tag: 8, UInt64(value.utf8.count), to: &out)
      out.append(value)
    case .duration, .money, .json, .list, .bytes: return false
    }
    return true
  }

  private static func append(tag: UInt8, _ word: UInt64, to out: inout [UInt8]) {
    out.append(tag)
    append(word, to: &out)
  }

  private static func append(_ word: UInt64, to out: inout [UInt8]) {
    for shift in stride(from: UInt64(56), through: 0, by: -8) { out.append(UInt8(truncatingIfNeeded: word >> shift)) }
  }

  private static func word(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
    guard rest.count >= 8 else { return nil }
    let word = rest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    rest = rest.dropFirst(8)
    return word
  }

  private static func take(_ rest: inout ArraySlice<UInt8>) -> Value? {
    guard let tag = rest.popFirst() else { return nil }
    switch tag {
    case 0: return .null
    case 1: return rest.popFirst().map { .boolean($0 == 1) }
    case 2: return word(&rest).map { .integer(Int64(bitPattern: $0)) }
    case 3: return word(&rest).map { .number(Double(bitPattern: $0)) }
    case 4: return word(&rest).map { .timestamp(Timestamp(microseconds: Int64(bitPattern: $0))) }
    case 5: return word(&rest).flatMap { Int32(exactly: Int64(bitPattern: $0)) }.map { .date(CalendarDate(days: $0)) }
    case 6:
      guard let high = word(&rest), let low = word(&rest) else { return nil }
      return .uuid(UUID(high: high, low: low))
    case 7:
      guard let units = word(&rest), let scale = rest.popFirst(), scale <= 18 else { return nil }
      return .decimal(Decimal(units: Int64(bitPattern: units), scale: Int(scale)))
    case 8:
      guard let count = word(&rest), count <= UInt64(rest.count) else { return nil }
      defer { rest = rest.dropFirst(Int(count)) }
      return .string(String(decoding: rest.prefix(Int(count)), as: UTF8.self))
    default: return nil
    }
  }
}
