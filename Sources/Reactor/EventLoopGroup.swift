import Base
import CUV
import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The process's loops, one thread each. SIGPIPE and SIGXFSZ are ignored from the first group on: a peer that is gone and a file
/// that may grow no more are errors of the write, not of the process. Large blocks of memory go back to the system as they are freed.
package final class EventLoopGroup: Sendable {
  /// Gives memory that nobody uses back to the system: after a burst the allocator keeps it. Not on a loop.
  package static func returnFreeMemory() { martlet_return_free_memory() }

  package let loops: [EventLoop]
  private let turn = Atomic<Int>(0)
  private let threads = Mutex<[SystemThread]>([])

  /// As much as a process's first thread usually has: handlers run on it.
  private static let stackBytes = 8 << 20

  /// Makes the loops and starts their threads; returns when all run.
  ///
  /// - Parameter count: 1 to 256.
  package init(count: Int) throws(ReactorError) {
    precondition((1...256).contains(count), "a group has 1 to 256 loops")
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
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

  private func start(_ loop: EventLoop) throws(ReactorError) {
    let ready = DispatchSemaphore(value: 0)
    do throws(SystemThread.StartError) {
      let thread = try SystemThread(stackBytes: EventLoopGroup.stackBytes) {
        loop.runThread(ready: {
          loop.lagTimer = LagTimer.make(on: loop)
          ready.signal()
        })
      }
      threads.withLock { $0.append(thread) }
    } catch {
      throw ReactorError(code: -error.code, doing: "starting a loop's thread")
    }
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
  package func join() {
    precondition(EventLoop.current == nil, "a loop cannot wait for itself")
    let ended = threads.withLock { threads in
      defer { threads = [] }
      return threads
    }
    for thread in ended { thread.join() }
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
