import Base
import JSON
import Store

/// One column in PostgreSQL's binary format, of one of the kinds in `BinaryColumns`: read as a value, or appended as JSON.
///
/// Nothing is trusted, as with `ColumnText`: a length that its kind does not have, or a moment outside the years that we write, is
/// a misfit (nil, false) and never a trap.
///
/// Safety: `bytes` is the driver's buffer of one row's column; it is only used within the call that was handed this value,
/// while the result is alive, and always within its count.
@safe struct ColumnOctets {
  let bytes: UnsafeBufferPointer<UInt8>
  let count: Int

  init(_ column: ColumnText) {
    unsafe bytes = column.bytes
    count = column.count
  }

  /// The column as a value of its kind; nil for what the kind cannot hold.
  ///
  /// Safety: the text is copied.
  func value(as kind: ColumnKind) -> Value? {
    switch kind {
    case .text: unsafe .string(String(decoding: bytes, as: UTF8.self))
    case .integer: integer.map(Value.integer)
    case .boolean: boolean.map(Value.boolean)
    case .uuid: uuid.map(Value.uuid)
    case .timestamp: timestamp.map(Value.timestamp)
    default: nil
    }
  }

  /// Appends the column as JSON. False, with nothing appended, for what the form cannot hold.
  ///
  /// Safety: the buffer is read within the call.
  func appendJSON(as form: RowEncoding.Form, to out: inout [UInt8]) -> Bool {
    switch form {
    case .text: unsafe out.appendJSON(utf8: bytes)
    case .integer:
      guard let integer else { return false }
      out.append(decimal: integer)
    case .boolean:
      guard let boolean else { return false }
      out.append(boolean ? "true" : "false")
    case .uuid:
      guard let uuid else { return false }
      out.append(UInt8(ascii: "\""))
      uuid.append(to: &out)
      out.append(UInt8(ascii: "\""))
    case .timestamp:
      guard let timestamp else { return false }
      out.append(UInt8(ascii: "\""))
      timestamp.append(to: &out)
      out.append(UInt8(ascii: "\""))
    case .money, .other: return false
    }
    return true
  }

  /// What the server would have written in the text format, of a kind's value that we have no value for; nil where its kind has no
  /// such octets.
  func oddText(as kind: ColumnKind) -> String? { kind == .timestamp ? moment?.text : nil }

  /// Two, four or eight octets, most significant first.
  var integer: Int64? {
    switch count {
    case 2: Int64(Int16(truncatingIfNeeded: word(0..<2)))
    case 4: Int64(Int32(truncatingIfNeeded: word(0..<4)))
    case 8: Int64(bitPattern: word(0..<8))
    default: nil
    }
  }

  /// Safety: the one index is below the count.
  var boolean: Bool? { unsafe count == 1 && bytes[0] <= 1 ? bytes[0] == 1 : nil }

  private var uuid: UUID? { count == 16 ? UUID(high: word(0..<8), low: word(8..<16)) : nil }

  private var moment: ServerMoment? { count == 8 ? ServerMoment(microseconds: Int64(bitPattern: word(0..<8))) : nil }

  private var timestamp: Timestamp? { moment?.timestamp }

  /// Safety: places below the count, as each caller checked.
  private func word(_ places: Range<Int>) -> UInt64 {
    var word: UInt64 = 0
    for place in places { word = unsafe word << 8 | UInt64(bytes[place]) }
    return word
  }
}

/// A `timestamptz` as the server holds it: microseconds since 2000-01-01T00:00:00Z, the outermost numbers being the infinities.
struct ServerMoment: Sendable {
  let microseconds: Int64

  private static let dayMicroseconds: Int64 = 86_400_000_000
  /// From 1970 to 2000.
  private static let epochDays: Int64 = 10_957

  /// Nil outside the years 0001 to 9999.
  var timestamp: Timestamp? {
    let (shifted, overflow) = microseconds.addingReportingOverflow(ServerMoment.epochDays * ServerMoment.dayMicroseconds)
    let time = Timestamp(microseconds: shifted)
    return overflow || time < .minimum || time > .maximum ? nil : time
  }

  /// As the server writes it in its ISO style, in UTC: `2026-01-31 10:00:00.12+00`, `0044-03-15 12:00:00+00 BC`, `infinity`.
  var text: String {
    if microseconds == .max { return "infinity" }
    if microseconds == .min { return "-infinity" }
    let days = microseconds.dividedFloor(by: ServerMoment.dayMicroseconds)
    // The difference is always below a day; only the product can leave 64 bits, and it comes back.
    let rest = UInt64(truncatingIfNeeded: microseconds &- days &* ServerMoment.dayMicroseconds)
    let (year, month, day) = CalendarDate(days: Int32(clamping: days + ServerMoment.epochDays)).parts
    var out: [UInt8] = []
    out.append(padded: (year > 0 ? year : 1 - year).magnitude, width: 4)
    for (mark, number) in [("-", UInt64(month)), ("-", UInt64(day)), (" ", rest / 3_600_000_000)] {
      out.append(mark)
      out.append(padded: number, width: 2)
    }
    for number in [rest / 60_000_000 % 60, rest / 1_000_000 % 60] {
      out.append(UInt8(ascii: ":"))
      out.append(padded: number, width: 2)
    }
    var fraction = rest % 1_000_000
    if fraction > 0 {
      var width = 6
      while fraction % 10 == 0 { (fraction, width) = (fraction / 10, width - 1) }
      out.append(UInt8(ascii: "."))
      out.append(padded: fraction, width: width)
    }
    out.append(year > 0 ? "+00" : "+00 BC")
    return String(decoding: out, as: UTF8.self)
  }
}

/// Which results are asked for in the binary format: those whose every column is of a type that we read in it. The format is the
/// whole result's, and costs the server and us less than the text of identifiers and moments.
enum BinaryColumns {
  /// Whether a statement with these columns can be read so for that encoding.
  ///
  /// - Parameters:
  ///   - types: numbers in `pg_type`, as the server described the statement.
  ///   - isShared: a last column says whose row it is.
  static func fit(_ types: [UInt32], _ encoding: RowEncoding, isShared: Bool) -> Bool {
    let kinds = types.map(kind)
    func has(_ column: Int, _ wanted: ColumnKind) -> Bool { kinds.indices.contains(column) && kinds[column] == wanted }
    guard !kinds.isEmpty, !kinds.contains(nil), !isShared || has(kinds.count - 1, .integer) else { return false }
    return encoding.captures.allSatisfy { has($0.column, $0.kind) }
      && encoding.fields.allSatisfy { field in
        guard field.visibleWhen.map({ has($0, .boolean) }) ?? true else { return false }
        return switch field.content {
        case .scalar(let kind): has(field.column, kind)
        case .money: has(field.column, .integer) && has(field.column + 1, .text)
        case .joined(let parts): parts.enumerated().allSatisfy { has(field.column + $0.offset, $0.element) }
        }
      }
  }

  private static func kind(_ type: UInt32) -> ColumnKind? {
    switch type {
    case 16: .boolean
    case 20, 21, 23: .integer
    case 25, 1043: .text
    case 1184: .timestamp
    case 2950: .uuid
    default: nil
    }
  }
}
