import Base
import Reactor
import Store

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A bounded queue between many tasks and a few threads, first come, first served. An element leaves it when a thread begins
/// with it, so that none waits behind a slow one while another thread is free.
///
/// A thread is woken only where one sleeps, and by an event loop only at the end of its tick, so that what a tick hands over is
/// taken together. (A loop runs the end of every tick, its last one included.)
///
/// Safety: `@unchecked Sendable` because every stored property is only touched under `mutex`; the mutex and the condition lie at
/// fixed addresses from `init` to `deinit`, as POSIX demands.
@safe final class JobQueue<Element: Sendable>: @unchecked Sendable {
  enum Admission {
    case accepted, full, closed
  }

  /// A moment in the queue's life: what was handed over before it.
  struct Mark {
    fileprivate let pushed: UInt64
    /// Whether anything of that waits.
    let hasMore: Bool
  }

  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var places: [Element?]
  /// When each was let in, in monotonic nanoseconds; empty where nothing is shed.
  private var arrivals: [UInt64] = []
  private var limit = SojournLimit()
  private let onShed: (@Sendable ([Element]) -> Void)?
  private let clock: any Clock
  private var head = 0
  private var count = 0
  /// Elements that were ever let in.
  private var pushed: UInt64 = 0
  private var sleepers = 0
  private var isClosed = false
  /// Loops whose tick will end with `wake`; never more than there are loops.
  private var planned: [EventLoop] = []

  /// What waits is worth another thread's waking for each so many.
  private static var elementsPerThread: Int { 8 }

  /// - Parameter onShed: takes what is refused before its turn, where more comes than is taken (`SojournLimit`); called outside the
  ///   lock, by any thread that comes by. Nil: everything that was let in is taken.
  ///
  /// Safety: as the type: what is made here lives until `deinit`.
  init(capacity: Int, clock: any Clock = SystemClock(), onShed: (@Sendable ([Element]) -> Void)? = nil) {
    places = Array(repeating: nil, count: max(1, capacity))
    if onShed != nil { arrivals = Array(repeating: 0, count: places.count) }
    self.onShed = onShed
    self.clock = clock
    unsafe mutex = .allocate(capacity: 1)
    unsafe condition = .allocate(capacity: 1)
    unsafe mutex.initialize(to: pthread_mutex_t())
    unsafe condition.initialize(to: pthread_cond_t())
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(condition, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe pthread_mutex_destroy(mutex)
    unsafe condition.deinitialize(count: 1)
    unsafe mutex.deinitialize(count: 1)
    unsafe condition.deallocate()
    unsafe mutex.deallocate()
  }

  /// Safety: as the type: both lie where they are until `deinit`.
  private func withLock<Result>(_ body: () -> Result) -> Result {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    return body()
  }

  private func signal(_ threads: Int) {
    for _ in 0..<threads { unsafe pthread_cond_signal(condition) }
  }

  var length: Int { withLock { count } }

  /// Threads that wait for an element.
  var sleeping: Int { withLock { sleepers } }

  func push(_ element: Element) -> Admission {
    let loop = EventLoop.current
    let now = onShed == nil ? 0 : clock.monotonicNanoseconds
    var mustWake = false
    var shed: [Element] = []
    let admission: Admission = withLock {
      if isClosed { return .closed }
      shed = removeOld(now)
      if count == places.count { return .full }
      var tail = head + count
      if tail >= places.count { tail -= places.count }
      places[tail] = element
      if onShed != nil { arrivals[tail] = now }
      count += 1
      pushed &+= 1
      mustWake = sleepers > 0
      if mustWake, let loop {
        mustWake = !planned.contains { $0 === loop }
        if mustWake { planned.append(loop) }
      }
      return .accepted
    }
    if mustWake { if let loop { loop.onTickEnd { self.wake(for: loop) } } else { signal(1) } }
    if !shed.isEmpty { onShed?(shed) }
    return admission
  }

  /// The end of a tick: wakes as many threads as what waits is worth.
  private func wake(for loop: EventLoop) {
    signal(
      withLock {
        planned.removeAll { $0 === loop }
        return min(sleepers, (count + JobQueue.elementsPerThread - 1) / JobQueue.elementsPerThread)
      })
  }

  /// Wakes a thread for what waits, if one sleeps: called by a thread that has been at one element for long.
  func relieve() {
    signal(withLock { count > 0 && sleepers > 0 ? 1 : 0 })
  }

  /// Waits for the next element. Nil once the queue is closed and empty.
  func take() -> (element: Element, mark: Mark)? {
    var shed: [Element] = []
    let taken: (Element, Mark)? = withLock {
      guard waitForElement() else { return nil }
      shed = takeTurn()
      guard let element = removeFirst() else { return nil }
      return (element, Mark(pushed: pushed, hasMore: count > 0))
    }
    if !shed.isEmpty { onShed?(shed) }
    return taken
  }

  /// The next element, if it was handed over before that mark and waits still.
  func take(before mark: Mark) -> Element? {
    var shed: [Element] = []
    let taken: Element? = withLock {
      // `pushed - count` have left: that is the first one's number.
      var isBefore: Bool { count > 0 && pushed &- UInt64(count) < mark.pushed }
      guard isBefore else { return nil }
      shed = takeTurn()
      return isBefore ? removeFirst() : nil
    }
    if !shed.isEmpty { onShed?(shed) }
    return taken
  }

  /// Waits for elements and moves up to `maximum` of them to the end of `taken`. False once the queue is closed and empty.
  func take(_ maximum: Int, into taken: inout [Element]) -> Bool {
    withLock {
      guard waitForElement() else { return false }
      for _ in 0..<min(maximum, count) {
        if let element = removeFirst() { taken.append(element) }
      }
      return true
    }
  }

  /// Under the lock, which it lets go of while it waits. False: none will come.
  ///
  /// Safety: as the type.
  private func waitForElement() -> Bool {
    while count == 0 {
      if isClosed { return false }
      sleepers += 1
      unsafe pthread_cond_wait(condition, mutex)
      sleepers -= 1
    }
    return true
  }

  /// Under the lock: the first one's turn has come, once what is too old has left.
  private func takeTurn() -> [Element] {
    guard onShed != nil else { return [] }
    let now = clock.monotonicNanoseconds
    let shed = removeOld(now)
    limit.began(afterWaiting: now &- min(now, arrivals[head]), waiting: count - 1, now: now)
    return shed
  }

  /// Under the lock: takes out what has waited for too long. Something is left in any case.
  private func removeOld(_ now: UInt64) -> [Element] {
    var old: [Element] = []
    guard limit.isOverloaded, !isClosed else { return old }
    while limit.refuses(afterWaiting: now &- min(now, arrivals[head]), waiting: count), let element = removeFirst() { old.append(element) }
    return old
  }

  /// Under the lock.
  private func removeFirst() -> Element? {
    let element = places[head]
    places[head] = nil
    head = head + 1 == places.count ? 0 : head + 1
    count -= 1
    return element
  }

  /// Lets no more in. What waits is still taken.
  ///
  /// Safety: as the type.
  func close() {
    withLock { isClosed = true }
    unsafe pthread_cond_broadcast(condition)
  }
}
