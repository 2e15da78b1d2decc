package import Base

/// `partition: {by: created_at, every: month, keep: 24}`: parts by the time that a record was made.
package struct Partitioning: Sendable, Equatable {
  /// How long one part is. Parts begin at midnight UTC: on a Monday, the first of a month, the first of January.
  package enum Period: String, Sendable, CaseIterable { case day, week, month, year }

  package var every: Period
  /// How many parts are kept, the one of now among them; nil: all.
  package var keep: Int?

  package init(every: Period, keep: Int? = nil) {
    self.every = every
    self.keep = keep
  }

  /// What is older is kept no longer: the first moment of the oldest part that is. Nil where all are.
  package func end(at now: Timestamp) -> Timestamp? {
    keep.map { every.start(of: now.date, moved: 1 - $0).start }
  }
}

extension Partitioning.Period {
  /// The first day of the part that a day is in, or of one so many parts later (earlier, where negative). No day outside of the years
  /// 1 to 9999 is given: the first or the last of them stands for it.
  package func start(of day: CalendarDate, moved parts: Int = 0) -> CalendarDate {
    let first = Timestamp.minimum.date
    let last = Timestamp.maximum.date
    let clamped = min(max(day, first), last)
    // Far more than any contract or calendar has.
    let parts = Int64(min(max(parts, -1_000_000), 1_000_000))
    func moved(_ day: CalendarDate, by days: Int64) -> CalendarDate {
      min(max(CalendarDate(days: Int32(clamping: Int64(day.days) + days)), first), last)
    }
    switch self {
    case .day: return moved(clamped, by: parts)
    // 1970-01-01 was a Thursday.
    case .week: return moved(clamped, by: parts * 7 - (Int64(clamped.days) + 3).modulo(7))
    case .month:
      let (year, month, _) = clamped.parts
      let months = year * 12 + month - 1 + parts
      return CalendarDate(year: months.dividedFloor(by: 12), month: months.modulo(12) + 1, day: 1) ?? (parts < 0 ? first : last)
    case .year:
      return CalendarDate(year: clamped.parts.year + parts, month: 1, day: 1) ?? (parts < 0 ? first : last)
    }
  }
}

extension Int64 {
  /// The rest of a division that rounds down. `divisor` is positive.
  fileprivate func modulo(_ divisor: Int64) -> Int64 { self - dividedFloor(by: divisor) * divisor }
}

extension Resource {
  /// Records are kept for a time, by `retain` or `partition.keep`.
  package var keepsForATime: Bool { retention != nil || partitioning?.keep != nil }

  /// Records that were made before are kept no longer; nil where they are kept for ever.
  package func keptFrom(at now: Timestamp) -> Timestamp? {
    let retained = retention.map { Timestamp(microseconds: now.microseconds.subtractingClamped(Int64(clamping: $0.wholeMicroseconds))) }
    return [retained, partitioning?.end(at: now)].compactMap(\.self).max()
  }
}

extension Int64 {
  fileprivate func subtractingClamped(_ other: Int64) -> Int64 {
    let (difference, overflow) = subtractingReportingOverflow(other)
    return overflow ? (other > 0 ? .min : .max) : difference
  }
}
