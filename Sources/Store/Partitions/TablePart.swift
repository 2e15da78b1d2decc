package import Base
package import Contract

/// One part of a table that is cut by the time that its keys tell (PostgreSQL): the keys from `lower` up to `upper`, without that.
package struct TablePart: Sendable, Equatable {
  package var name: String
  package var schema: String?
  /// Nil: whatever is below.
  package var lower: Timestamp?
  /// Nil: whatever is above.
  package var upper: Timestamp?

  /// The first key of a time, to the millisecond: keys are of version 7. Nothing tells a time before 1970.
  static func key(at time: Timestamp) -> UUID {
    UUID(high: UInt64(max(0, time.microseconds.dividedFloor(by: 1000))) << 16, low: 0)
  }

  /// At most 63 bytes; `orders_p20260301`.
  static func name(of table: String, from time: Timestamp?) -> String {
    let digits = time?.date.description.filter { $0 != "-" } ?? "00000000"
    let plain = table + "_p" + digits
    guard plain.utf8.count > 63 else { return plain }
    let readable = String(decoding: table.utf8.filter { $0 < 0x80 }.prefix(40), as: UTF8.self)
    return readable + "_" + String(UInt64.digest(table), radix: 36) + "_p" + digits
  }

  /// Whether a table's part has a name that Martlet gave it.
  static func isOwnName(_ name: String, of table: String) -> Bool {
    let stem = TablePart.name(of: table, from: nil).dropLast(8)
    return name.hasPrefix(stem) && name.utf8.count == stem.utf8.count + 8
      && name.utf8.suffix(8).allSatisfy { (0x30...0x39).contains($0) }
  }

  /// `FOR VALUES FROM (...) TO (...)`
  var bounds: SQL {
    func bound(_ time: Timestamp?, _ end: StaticString) -> SQL {
      time.map { SQL(literal: TablePart.key(at: $0).description) } ?? SQL(end)
    }
    return SQL("FOR VALUES FROM (") + bound(lower, "MINVALUE") + SQL(") TO (") + bound(upper, "MAXVALUE") + SQL(")")
  }

  /// A part as the database has it; nil where its bounds are not those of keys that tell a time.
  init?(_ part: LivePart) {
    var rest = Substring(part.bounds)
    func take(_ word: String) -> Bool {
      guard rest.hasPrefix(word) else { return false }
      rest = rest.dropFirst(word.count)
      return true
    }
    func bound(_ end: String) -> Timestamp?? {
      if take(end) { return .some(nil) }
      guard take("'"), let quote = rest.firstIndex(of: "'"), let id = UUID(String(rest[..<quote])), id.high & 0xffff == 0, id.low == 0
      else {
        return nil
      }
      rest = rest[quote...].dropFirst()
      return Timestamp(microseconds: Int64(id.high >> 16) * 1000)
    }
    guard take("FOR VALUES FROM ("), let lower = bound("MINVALUE"), take(") TO ("), let upper = bound("MAXVALUE"), take(")"), rest.isEmpty
    else { return nil }
    self.init(name: part.name, schema: part.schema, lower: lower, upper: upper)
  }

  init(name: String, schema: String?, lower: Timestamp?, upper: Timestamp?) {
    self.name = name
    self.schema = schema
    self.lower = lower
    self.upper = upper
  }

  func contains(_ time: Timestamp) -> Bool { (lower.map { $0 <= time } ?? true) && (upper.map { time < $0 } ?? true) }
}

extension Partitioning.Period {
  /// Parts that are there before they are needed, beyond the one of now.
  package var partsAhead: Int {
    switch self {
    case .day: 14
    case .week: 6
    case .month: 3
    case .year: 2
    }
  }
}

/// Which parts a table needs.
package struct PartCalendar: Sendable {
  package var table: String
  package var schema: String?
  package var every: Partitioning.Period

  /// Those that are missing from the part of now to the last one ahead. Of a table without any also the one before, for clocks that
  /// are behind.
  ///
  /// - Parameter parts: those that are there. What they cover is left to them, however long they are.
  package func missing(beside parts: [TablePart], at now: Timestamp) -> [TablePart] {
    var missing: [TablePart] = []
    let end = every.start(of: now.date, moved: every.partsAhead + 1).start
    var time = every.start(of: now.date, moved: parts.isEmpty ? -1 : 0).start
    if !parts.isEmpty {
      // Nothing is made for what is over.
      time = max(time, parts.contains { $0.contains(now) } ? now : parts.compactMap(\.upper).filter { $0 <= now }.max() ?? time)
    }
    while time < end {
      if let part = parts.first(where: { $0.contains(time) }) {
        guard let upper = part.upper, upper > time else { return missing }
        time = upper
        continue
      }
      let next = parts.compactMap(\.lower).filter { $0 > time }.min()
      let upper = min(every.start(of: time.date, moved: 1).start, next ?? end)
      guard upper > time else { return missing }
      missing.append(TablePart(name: TablePart.name(of: table, from: time), schema: schema, lower: time, upper: upper))
      time = upper
    }
    return missing
  }

  /// Where what was there before ends, when a table becomes one in parts: far enough that the way there takes no new record's place.
  func firstCut(at now: Timestamp) -> Timestamp {
    every.start(of: CalendarDate(days: now.date.days &+ 30), moved: 1).start
  }

  /// Up to when every new record has a part; `now` where not even that of now is there, nil where there is no end.
  package static func end(of parts: [TablePart], from now: Timestamp) -> Timestamp? {
    var time = now
    while let part = parts.first(where: { $0.contains(time) }) {
      guard let upper = part.upper else { return nil }
      time = upper
    }
    return time
  }

  /// Whether an operator should know: half of what is made ahead is used up.
  package func isShort(_ end: Timestamp?, at now: Timestamp) -> Bool {
    guard let end else { return false }
    return end < every.start(of: now.date, moved: every.partsAhead / 2 + 1).start
  }
}
