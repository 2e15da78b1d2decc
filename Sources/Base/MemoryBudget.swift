import Synchronization

/// How many bytes peers and databases may make the process hold, all of them together: requests and answers under way, rows
/// that are read, output that waits for a slow reader.
///
/// What is large asks first (`cover`) and is refused where the budget's larger part is used up; what is small and bounded by
/// itself is counted without asking (`MemoryAccount`), in a reserve that the large may not take. Only when that is used up too
/// are small requests refused (`admits`).
package final class MemoryBudget: Sendable {
  /// Bytes, where nobody says otherwise.
  package static let limitDefault = 256 << 20
  /// Less would not hold one answer of the greatest length while it is made.
  package static let limitMin = 128 << 20
  /// What one request holds up to here asks for nothing: it is counted as `requestBytes`, however little it is.
  package static let smallMax = 16 << 10
  /// What a request counts as while it is carried out, beside what it asks for.
  package static let requestBytes = 24 << 10

  package let limit: Int
  /// Up to here the large is granted.
  package let largeLimit: Int
  private let used = Atomic<Int>(0)
  private let refused = Atomic<Int>(0)

  package init(limit: Int = MemoryBudget.limitDefault) {
    self.limit = max(0, limit)
    largeLimit = self.limit - self.limit / 4
  }

  /// For tools and tests that have nothing to share: never refuses.
  package static let unbounded = MemoryBudget(limit: .max / 2)

  /// Bytes that are held now. What the loops count for themselves may be `MemoryAccount.step` a loop behind.
  package var held: Int { used.load(ordering: .relaxed) }

  /// How often something was refused.
  package var refusals: Int { refused.load(ordering: .relaxed) }

  /// Nothing large is granted now.
  package var isTight: Bool { held >= largeLimit }

  /// Whether a new request may begin at all. A false one is counted as a refusal.
  package func admits() -> Bool {
    if held < limit { return true }
    countRefusal()
    return false
  }

  /// Sees to it that a lease covers so many bytes: makes one where there is none and they are more than `smallMax`, and makes
  /// one that is there larger or smaller.
  ///
  /// - Returns: false where the budget has no room for more; the lease is as it was then. Asking for less never fails.
  package func cover(_ bytes: Int, by lease: inout MemoryLease?) -> Bool {
    if let lease { return lease.resize(to: bytes) }
    guard bytes > MemoryBudget.smallMax else { return true }
    guard take(bytes) else { return false }
    lease = MemoryLease(self, taken: bytes)
    return true
  }

  /// A lease that is not asked for: of what is there already and cannot be given up. Nil for what is small.
  package func count(_ bytes: Int) -> MemoryLease? {
    guard bytes > MemoryBudget.smallMax else { return nil }
    add(bytes)
    return MemoryLease(self, taken: bytes)
  }

  /// Whether so many bytes more may be held now, for what is counted by an account. A false one is counted as a refusal.
  package func grants(_ bytes: Int) -> Bool {
    if bytes <= largeLimit - held { return true }
    countRefusal()
    return false
  }

  /// Takes bytes where the large may still have them.
  fileprivate func take(_ bytes: Int) -> Bool {
    var current = held
    while bytes <= largeLimit - current {
      let (exchanged, original) = used.weakCompareExchange(expected: current, desired: current + bytes, ordering: .relaxed)
      if exchanged { return true }
      current = original
    }
    countRefusal()
    return false
  }

  /// Counts bytes that are held whatever the budget says; fewer, where negative.
  fileprivate func add(_ bytes: Int) { used.wrappingAdd(bytes, ordering: .relaxed) }

  /// Counts a refusal that was decided on elsewhere (`isTight`).
  package func countRefusal() { refused.wrappingAdd(1, ordering: .relaxed) }
}

/// Bytes of a budget that travel with what they stand for: whoever lets go of it last gives them back, so that no path can
/// forget to or do it twice.
package final class MemoryLease: Sendable {
  private let budget: MemoryBudget
  private let taken: Atomic<Int>

  fileprivate init(_ budget: MemoryBudget, taken: Int) {
    self.budget = budget
    self.taken = Atomic(taken)
  }

  deinit { budget.add(-taken.load(ordering: .relaxed)) }

  package var bytes: Int { taken.load(ordering: .relaxed) }

  /// Asks for more, or gives some back. By one owner at a time.
  ///
  /// - Returns: false where the budget has no room for more; nothing has changed then.
  package func resize(to bytes: Int) -> Bool {
    let difference = max(0, bytes) - self.bytes
    if difference > 0 {
      guard budget.take(difference) else { return false }
    } else {
      budget.add(difference)
    }
    taken.wrappingAdd(difference, ordering: .relaxed)
    return true
  }
}

/// What one event loop counts without asking. It tells the budget in steps, so that loops do not meet at one number for every
/// request.
package struct MemoryAccount: ~Copyable {
  /// Bytes by which an account and the budget may differ.
  package static let step = 256 << 10

  package let budget: MemoryBudget
  private var untold = 0

  package init(_ budget: MemoryBudget) { self.budget = budget }

  deinit { budget.add(untold) }

  /// Counts bytes that are held; fewer, where negative.
  package mutating func add(_ bytes: Int) {
    untold &+= bytes
    if untold.magnitude >= UInt(MemoryAccount.step) { tell() }
  }

  /// Brings the budget up to date.
  package mutating func tell() {
    guard untold != 0 else { return }
    budget.add(untold)
    untold = 0
  }
}

/// When what an allocator keeps is worth being given back to the system: what is held has fallen to a third of the most that it
/// was, and that was much.
package struct MemoryEbb: Sendable {
  /// Bytes; less than that is soon needed again.
  package static let least = 16 << 20
  private var most = 0

  package init() {}

  /// - Parameter held: bytes, now; to be told again and again.
  package mutating func isDue(held: Int) -> Bool {
    most = max(most, held)
    guard most >= MemoryEbb.least, held <= most / 3 else { return false }
    most = held
    return true
  }
}
