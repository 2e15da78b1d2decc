import Synchronization

/// Where the reads of one request may go beside the primary: to a replica, and all of them to the same one, which never goes back.
///
/// One for each request. Without one a read goes to the primary.
package final class ReadPlace: Sendable {
  /// What a replica must have replayed: the caller's own last write. Zero: anything within the bound.
  package let position: UInt64
  /// The number of the replica; negative where none has been chosen, or none will do.
  private let number = Atomic<Int>(ReadPlace.unchosen)

  private static let unchosen = -1
  private static let primary = -2

  package init(position: UInt64) { self.position = position }

  /// The replica that serves the request; nil where the primary does.
  package func replica(_ choose: () -> Int?) -> Int? {
    var known = number.load(ordering: .relaxed)
    if known == ReadPlace.unchosen {
      known = choose() ?? ReadPlace.primary
      number.store(known, ordering: .relaxed)
    }
    return known < 0 ? nil : known
  }

  /// The primary serves what is left of it.
  package func leaveReplica() { number.store(ReadPlace.primary, ordering: .relaxed) }
}

/// Where in the order of all changes a request's own stand, for who wants to read them.
package final class WriteReceipt: Sendable {
  // Not an atomic's `max`: that of Swift 6.3 takes unsigned numbers for signed ones.
  private let last = Mutex<UInt64>(0)

  package init() {}

  /// Behind every change of the request; nil where it has made none; `unknown` where it may have.
  package var position: UInt64? {
    let position = last.withLock { $0 }
    return position == 0 ? nil : position
  }

  /// No replica is known to have it.
  package static let unknown = UInt64.max

  package func note(_ position: UInt64) { last.withLock { $0 = max($0, position) } }
}
