#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A bounded queue between many tasks and a few threads. A producer wakes a thread only where one sleeps.
///
/// Safety: `@unchecked Sendable` because every stored property is only touched under `mutex`; the mutex and the condition lie at
/// fixed addresses from `init` to `deinit`, as POSIX demands.
@safe final class JobQueue<Element>: @unchecked Sendable {
  enum Admission {
    case accepted, full, closed
  }

  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var places: [Element?]
  private var head = 0
  private var count = 0
  private var sleepers = 0
  private var isClosed = false

  init(capacity: Int) {
    places = Array(repeating: nil, count: max(1, capacity))
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

  var length: Int {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    return count
  }

  /// Safety: as the type: under the mutex, which lies where it is until `deinit`.
  func push(_ element: Element) -> Admission {
    unsafe pthread_mutex_lock(mutex)
    if isClosed || count == places.count {
      let admission: Admission = isClosed ? .closed : .full
      unsafe pthread_mutex_unlock(mutex)
      return admission
    }
    var tail = head + count
    if tail >= places.count { tail -= places.count }
    places[tail] = element
    count += 1
    let mustWake = sleepers > 0
    unsafe pthread_mutex_unlock(mutex)
    if mustWake { unsafe pthread_cond_signal(condition) }
    return .accepted
  }

  /// Waits for elements and moves up to `maximum` of them to the end of `taken`; with several consumers each takes its share
  /// of what waits. False once the queue is closed and empty.
  func take(_ maximum: Int, sharedBy consumers: Int = 1, into taken: inout [Element]) -> Bool {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    while count == 0 {
      if isClosed { return false }
      sleepers += 1
      unsafe pthread_cond_wait(condition, mutex)
      sleepers -= 1
    }
    let share = (count + consumers - 1) / consumers
    for _ in 0..<min(maximum, share) {
      if let element = places[head] { taken.append(element) }
      places[head] = nil
      head = head + 1 == places.count ? 0 : head + 1
      count -= 1
    }
    return true
  }

  /// Lets no more in. What waits is still taken.
  ///
  /// Safety: as `push`.
  func close() {
    unsafe pthread_mutex_lock(mutex)
    isClosed = true
    unsafe pthread_mutex_unlock(mutex)
    unsafe pthread_cond_broadcast(condition)
  }
}
