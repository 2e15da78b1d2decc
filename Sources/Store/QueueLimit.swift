/// How many calls may wait for a store: as many as it begins within `waitMax` at the pace of late, but `countMin` at any pace.
///
/// What is admitted beyond that would be answered late, and everything behind it later still; what is refused at once costs
/// next to nothing and can be sent elsewhere. The pace is taken only while calls wait: a store that has nothing to do shows none.
/// Times are nanoseconds of a monotonic clock, passed in.
package struct QueueLimit: Sendable {
  /// What is admitted waits about as long at most.
  package static let waitMax: UInt64 = 80_000_000
  /// What has waited for so long after all, with more than a few behind it, is refused in place of being begun.
  package static let patience = 2 * waitMax
  /// The pace is taken over as much time at least.
  private static let windowMin: UInt64 = 10_000_000

  /// So many may always wait: enough for a burst, and to keep a slow store busy.
  package let countMin: Int
  package let countMax: Int
  /// A pace that was taken longer ago says nothing.
  private static let paceAgeMax: UInt64 = 1_000_000_000
  /// As the last whole window said.
  private var count: Int
  private var knownAt: UInt64 = 0
  /// Since when the pace is taken; nil while it is not.
  private var since: UInt64?
  private var begun = 0
  /// So many wait while the pace is taken: below that the store keeps up, and nobody has to look at a clock.
  package let watchedFrom: Int

  package init(countMin: Int, countMax: Int) {
    self.countMin = min(countMin, countMax)
    self.countMax = countMax
    count = countMax
    watchedFrom = max(1, self.countMin / 2)
  }

  /// As many wait as `watchedFrom`, and fewer did before.
  package mutating func beganToWait(now: UInt64) {
    if now >= knownAt + QueueLimit.paceAgeMax { count = countMax }
    since = now
    begun = 0
  }

  /// Calls that waited were begun, and so many wait still. To be told where it is no less than `watchedFrom` or has just become so.
  package mutating func began(_ calls: Int, waiting: Int, now: UInt64) {
    guard let since else { return }
    begun += calls
    if waiting < watchedFrom {
      // It keeps up.
      count = min(countMax, count * 2)
      self.since = nil
      knownAt = now
    } else if now >= since + QueueLimit.windowMin {
      let pace = atThePace(since: since, now: now)
      // Down at once: what is admitted too much stays for long.
      count = pace < count ? pace : (count + pace) / 2
      self.since = now
      begun = 0
    }
  }

  /// Whether one call more may wait.
  package func admits(waiting: Int, now: UInt64) -> Bool {
    guard waiting >= countMin else { return true }
    guard let since, now >= since + QueueLimit.waitMax else { return waiting < count }
    // The window is not over because little happens: that is the pace now.
    return waiting < min(count, atThePace(since: since, now: now))
  }

  private func atThePace(since: UInt64, now: UInt64) -> Int {
    let (product, overflow) = UInt64(begun).multipliedReportingOverflow(by: QueueLimit.waitMax)
    return overflow ? countMax : min(countMax, max(countMin, Int(clamping: product / max(1, now - since))))
  }
}
