package import Base
import CUV
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// One thread with a libuv loop. It runs tasks (as their preferred executor) and the callbacks of its timers, watches and
/// streams, all one after the other: what belongs to one loop needs no lock.
///
/// It is no `SerialExecutor` on purpose: a task that runs isolated to one is put at the end of the queue at each return of
/// an `async` call that is not, six times in a read.
///
/// A tick is: callbacks of what became ready, then the jobs these woke, then the `onTickEnd` bodies, then it blocks.
///
/// Bounds: the queues hold one entry for each runnable task, so they are bounded by what bounds tasks (connections,
/// worker queues); a tick runs at most `jobsPerTickMax` jobs before it looks at descriptors again.
///
/// Nothing derives from it but the simulation, whose loop has a clock of its own.
///
/// Safety: the uv loop and every stored property that is not atomic or behind `remote` is touched only on the loop's
/// own thread (or before that thread starts and after it has been joined). The uv loop's memory lives until `deinit`.
@safe package class EventLoop: TaskExecutor, @unchecked Sendable {
  /// Its place in its group.
  package let index: Int
  let uv: UnsafeMutablePointer<uv_loop_t>
  /// What streams read into, one after the other.
  let readBuffer: UnsafeMutablePointer<CChar>
  package static let readBufferBytes = 64 * 1024

  enum Work {
    case job(UnownedJob)
    case body(@Sendable () -> Void)
  }
  struct Remote {
    var queue: [Work] = []
    var isClosed = false
  }

  /// Jobs after which a tick looks at its descriptors again, so that busy tasks cannot starve them.
  package static let jobsPerTickMax = 4096

  var local: [Work] = []
  var running: [Work] = []
  var tickEnd: [() -> Void] = []
  var tickEndRunning: [() -> Void] = []
  var beforeWait: [() -> Void] = []
  var beforeWaitRunning: [() -> Void] = []
  var isStopping = false
  var wake: WakeHandle?
  var lagTimer: LagTimer?
  private var wallReadAt: UInt64 = .max
  private var wall = Timestamp(microseconds: 0)
  private var wallClock = SystemClock()

  /// Entries from other threads.
  let remote = Mutex(Remote())
  private let threadIdentity = Atomic<UInt>(0)
  let lagLastNanoseconds = Atomic<UInt64>(0)
  let lagMaxNanoseconds = Atomic<UInt64>(0)

  /// - Throws: when the system has no descriptor left for another loop.
  ///
  /// Safety: both allocations are given back in `deinit`, or here when there will be none.
  init(index: Int) throws(ReactorError) {
    self.index = index
    // Safety: both live as long as the loop, which gives them back when it ends.
    unsafe uv = .allocate(capacity: 1)
    unsafe readBuffer = .allocate(capacity: EventLoop.readBufferBytes)
    let code = unsafe uv_loop_init(uv)
    guard code == 0 else {
      unsafe readBuffer.deallocate()
      unsafe uv.deallocate()
      throw ReactorError(code: code, doing: "making an event loop")
    }
    local.reserveCapacity(256)
    running.reserveCapacity(256)
  }

  deinit {
    unsafe readBuffer.deallocate()
    unsafe uv.deallocate()
  }

  // MARK: Executors

  // Safety: the unowned reference is used by tasks of this loop; the group keeps loops alive until joined.
  package func asUnownedTaskExecutor() -> UnownedTaskExecutor {
    unsafe UnownedTaskExecutor(ordinary: self)
  }

  package func checkIsolated() {
    precondition(isCurrent, "not on event loop \(index)")
  }

  /// Queues a job: without a lock from the loop's own thread, through the locked queue from another.
  ///
  /// Safety: an unowned job is run exactly once (or dropped at `stop`, when its loop is gone).
  package func enqueue(_ job: consuming ExecutorJob) {
    let unowned = UnownedJob(job)
    if isCurrent {
      local.append(.job(unowned))
    } else {
      enqueueRemote(.job(unowned))
    }
  }

  /// Runs a body on the loop: in this tick when called on it, else as soon as it wakes. Dropped once the loop stopped.
  package func execute(_ body: @escaping @Sendable () -> Void) {
    if isCurrent { local.append(.body(body)) } else { enqueueRemote(.body(body)) }
  }

  /// Runs a body once at the end of this tick: after all jobs that are ready now, before the loop blocks.
  /// On the loop only. Jobs that a body wakes still run in this tick.
  package func onTickEnd(_ body: @escaping () -> Void) {
    checkIsolated()
    tickEnd.append(body)
  }

  /// Runs a body once when nothing is left to do but to wait for descriptors, or after `ticksBeforeWaitingMax` ticks that brought more
  /// to do: for what gains from company. On the loop only.
  package func beforeWaiting(_ body: @escaping () -> Void) {
    checkIsolated()
    beforeWait.append(body)
  }

  /// Ticks for which `beforeWaiting` lets a busy loop go on.
  static let ticksBeforeWaitingMax = 4

  // MARK: Identity

  /// Whether the caller runs on this loop's thread.
  package var isCurrent: Bool { threadIdentity.load(ordering: .relaxed) == EventLoop.threadIdentityNow() }

  /// The loop whose thread this is, or nil.
  ///
  /// Safety: the thread-specific pointer is set by `runThread` to a loop that the thread itself keeps alive, and
  /// cleared before it ends.
  package static var current: EventLoop? {
    guard let pointer = unsafe pthread_getspecific(EventLoop.currentKey.key) else { return nil }
    return unsafe Unmanaged<EventLoop>.fromOpaque(pointer).takeUnretainedValue()
  }

  func becomeCurrent() {
    threadIdentity.store(EventLoop.threadIdentityNow(), ordering: .releasing)
    // Safety: see `current`.
    unsafe pthread_setspecific(EventLoop.currentKey.key, Unmanaged.passUnretained(self).toOpaque())
  }

  func resignCurrent() {
    threadIdentity.store(0, ordering: .releasing)
    pthread_setspecific(EventLoop.currentKey.key, nil)
  }

  private static func threadIdentityNow() -> UInt {
    #if canImport(Glibc)
    return UInt(pthread_self())
    #else
    return unsafe UInt(bitPattern: pthread_self())
    #endif
  }

  private struct CurrentKey: Sendable {
    let key: pthread_key_t
    init() {
      var key = pthread_key_t()
      // Safety: the key is written before the call returns; there is one for the process, never deleted.
      let code = unsafe pthread_key_create(&key, nil)
      precondition(code == 0, "no thread-specific key left")
      self.key = key
    }
  }
  private static let currentKey = CurrentKey()

  // MARK: Time

  /// Milliseconds of a monotonic clock, read once a tick. On the loop only; costs nothing.
  ///
  /// Safety: the uv loop lives as long as self.
  package var nowMilliseconds: UInt64 { unsafe uv_now(uv) }

  /// Runs a body once, after a time (rounded up to the millisecond; zero or less: in the next tick). On the loop only.
  @discardableResult
  package func schedule(after delay: Duration, _ body: @escaping () -> Void) -> LoopTimer {
    checkIsolated()
    return LoopTimer.start(on: self, after: delay, body: body)
  }

  /// Nanoseconds of the same clock, read now. From any thread.
  package static var monotonicNanoseconds: UInt64 { uv_hrtime() }

  /// The wall clock, read at most once a millisecond of loop time. On the loop only.
  package var wallTime: Timestamp {
    let now = nowMilliseconds
    if now != wallReadAt {
      wallReadAt = now
      wall = wallClock.now
    }
    return wall
  }

  /// How late the loop came to its last lag probe (one a second), and the longest since `takeLag` was last called.
  /// From any thread.
  package func takeLag() -> (last: Duration, max: Duration) {
    let last = lagLastNanoseconds.load(ordering: .relaxed)
    let max = lagMaxNanoseconds.exchange(0, ordering: .relaxed)
    return (.nanoseconds(Int64(clamping: last)), .nanoseconds(Int64(clamping: max)))
  }
}
