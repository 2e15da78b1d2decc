/// Where the primary's log was at which time, as this process asked: what tells how old the state of a replica is. No other
/// machine's clock has a part in it.
struct PrimaryHistory: Sendable {
  private struct Sample {
    /// Before the question was sent: the log was there then or later.
    let askedAt: UInt64
    let position: UInt64
  }

  /// More than the longest bound holds at the pace of the questions.
  static let samplesMax = 512

  private var samples: [Sample] = []

  /// - Parameter askedAt: the monotonic clock's nanoseconds.
  mutating func note(_ position: UInt64, askedAt: UInt64) {
    // A log that has gone back is another server's: what was known says nothing of it.
    if let last = samples.last, position < last.position { samples.removeAll(keepingCapacity: true) }
    if samples.count == PrimaryHistory.samplesMax { samples.removeFirst(PrimaryHistory.samplesMax / 4) }
    samples.append(Sample(askedAt: askedAt, position: position))
  }

  /// Since when something may be missing in a state that has replayed so much: the monotonic clock's nanoseconds; nil where that is
  /// not known.
  func missingSince(_ replayed: UInt64) -> UInt64? {
    // What it lacks was written after the last question whose answer it has.
    samples.last { $0.position <= replayed }?.askedAt
  }
}
