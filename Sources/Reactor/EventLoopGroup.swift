import CUV
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The process's loops, one thread each. SIGPIPE is ignored from the first group on: a peer that is gone is an error of
/// the write, not of the process. Large blocks of memory go back to the system as they are freed.
package final class EventLoopGroup: Sendable {
  package let loops: [EventLoop]
  private let turn = Atomic<Int>(0)
  private let threads = Mutex<[uv_thread_t]>([])

  /// Makes the loops and starts their threads; returns when all run.
  ///
  /// - Parameter count: 1 to 256.
  package init(count: Int) throws(ReactorError) {
    precondition((1...256).contains(count), "a group has 1 to 256 loops")
    signal(SIGPIPE, SIG_IGN)
    martlet_return_large_blocks()
    var loops: [EventLoop] = []
    for index in 0..<count {
      let loop = try EventLoop(index: index)
      loop.wake = try WakeHandle.make(on: loop)
      loops.append(loop)
    }
    self.loops = loops
    for loop in loops { try start(loop) }
  }

  /// Safety: the start object is retained for the thread, which releases it; the semaphore outlives both sides'
  /// use of it, because this function waits for the thread's last one.
  private func start(_ loop: EventLoop) throws(ReactorError) {
    let ready = Semaphore()
    let argument = unsafe Unmanaged.passRetained(LoopStart(loop: loop, ready: ready)).toOpaque()
    var thread = uv_thread_t()
    let code = unsafe uv_thread_create(
      &thread,
      { argument in
        guard let argument = unsafe argument else { return }
        let start = unsafe Unmanaged<LoopStart>.fromOpaque(argument).takeRetainedValue()
        start.loop.runThread(ready: {
          start.loop.lagTimer = LagTimer.make(on: start.loop)
          start.ready.signal()
        })
      }, argument)
    guard code == 0 else {
      unsafe Unmanaged<LoopStart>.fromOpaque(argument).release()
      throw ReactorError(code: code, doing: "starting a loop's thread")
    }
    let started = thread
    threads.withLock { $0.append(started) }
    ready.wait()
  }

  /// The next loop in turn. From any thread.
  package func next() -> EventLoop {
    let turn = self.turn.wrappingAdd(1, ordering: .relaxed).oldValue
    return loops[Int(UInt(bitPattern: turn) % UInt(loops.count))]
  }

  /// Asks every loop to end: each runs what is queued, closes its handles and ends its thread. From any thread.
  package func stop() {
    for loop in loops { loop.stop() }
  }

  /// Waits for the threads after `stop`. Blocks: not from a loop.
  ///
  /// Safety: each thread is joined once, because it is taken out of the list.
  package func join() {
    precondition(EventLoop.current == nil, "a loop cannot wait for itself")
    var list: [uv_thread_t] = []
    threads.withLock { threads in swap(&list, &threads) }
    for thread in list {
      var thread = thread
      unsafe uv_thread_join(&thread)
    }
  }

  /// Calls a handler on the first loop for each arrival of a signal, until the group stops. The handler runs as plain
  /// code, not in signal context.
  ///
  /// - Parameter numbers: SIGTERM, SIGINT, SIGHUP ...
  package func onSignal(_ numbers: [Int32], _ handler: @escaping @Sendable (Int32) -> Void) {
    let loop = loops[0]
    loop.execute {
      for number in numbers { SignalWatch.start(on: loop, number: number, handler: handler) }
    }
  }
}

/// What a loop's thread starts with.
private final class LoopStart: Sendable {
  let loop: EventLoop
  let ready: Semaphore
  init(loop: EventLoop, ready: Semaphore) {
    self.loop = loop
    self.ready = ready
  }
}
