/// Tells a burst from an overload by how long calls have waited when their turn comes: their sojourn time (CoDel, RFC 8289).
///
/// A store that keeps up has, again and again, a call that hardly waited. Where for `patience` none was begun that had waited less
/// than `waitMax`, more comes than it can do; then whatever has waited longer is refused, so that what is begun is young, and who is
/// refused learns it soon. Nothing is estimated that the work of refusing could move. A store that stands still begins nothing, and
/// refuses nobody for it. Times are nanoseconds of a monotonic clock, passed in.
package struct SojournLimit: Sendable {
  package static let waitMax: UInt64 = 30_000_000
  package static let patience: UInt64 = 50_000_000
  /// So many may wait however long: that is no flood.
  package static let countMin = 64

  /// Since when every call that was begun had waited for too long.
  private var since: UInt64?
  package private(set) var isOverloaded = false

  package init() {}

  /// A call's turn has come, and so many wait behind it.
  package mutating func began(afterWaiting waited: UInt64, waiting: Int, now: UInt64) {
    if waited <= (isOverloaded ? SojournLimit.waitMax / 2 : SojournLimit.waitMax) || waiting <= SojournLimit.countMin / 2 {
      since = nil
      isOverloaded = false
    } else if let since {
      if now >= since + SojournLimit.patience { isOverloaded = true }
    } else {
      since = now
    }
  }

  /// Whether the first of so many that wait is to be refused.
  package func refuses(afterWaiting waited: UInt64, waiting: Int) -> Bool {
    isOverloaded && waiting > SojournLimit.countMin && waited > SojournLimit.waitMax
  }
}
