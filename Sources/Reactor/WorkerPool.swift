import CUV
import Synchronization

/// A fixed number of threads for work that blocks or computes for long (password hashing, files, name look-ups), which
/// must not run on a loop. What does not fit into its queue is refused.
package final class WorkerPool: Sendable {
  /// Why work was not run.
  package enum Refusal: Error, Sendable, Equatable {
    /// The queue is full.
    case overloaded
    case closed
  }

  private struct State {
    var queue: [@Sendable () -> Void] = []
    var head = 0
    var isClosed = false
    var threads: [uv_thread_t] = []
    var waiting: Int { queue.count - head }
  }

  private let state = Mutex(State())
  private let available = Semaphore()
  /// Bodies that may wait.
  package let queueMax: Int
  private let threadCount: Int

  /// - Parameters:
  ///   - threads: 1 to 256.
  ///   - queueMax: bodies that may wait for a thread.
  package init(threads: Int, queueMax: Int) throws(ReactorError) {
    precondition((1...256).contains(threads) && queueMax > 0, "a pool has 1 to 256 threads and a queue")
    self.queueMax = queueMax
    threadCount = threads
    for _ in 0..<threads { try startThread() }
  }

  /// Safety: the thread owns a retained reference to the pool, released when it ends.
  private func startThread() throws(ReactorError) {
    var thread = uv_thread_t()
    let argument = unsafe Unmanaged.passRetained(self).toOpaque()
    let code = unsafe uv_thread_create(
      &thread,
      { argument in
        guard let argument = unsafe argument else { return }
        unsafe Unmanaged<WorkerPool>.fromOpaque(argument).takeRetainedValue().work()
      }, argument)
    guard code == 0 else {
      unsafe Unmanaged<WorkerPool>.fromOpaque(argument).release()
      throw ReactorError(code: code, doing: "starting a worker thread")
    }
    let started = thread
    state.withLock { $0.threads.append(started) }
  }

  private func work() {
    while true {
      available.wait()
      let body: (@Sendable () -> Void)? = state.withLock { state in
        guard state.head < state.queue.count else { return nil }
        let body = state.queue[state.head]
        state.head += 1
        if state.head == state.queue.count || state.head >= 1024 {
          state.queue.removeFirst(state.head)
          state.head = 0
        }
        return body
      }
      // A wake-up with nothing to do is the sign of `close`.
      guard let body else { return }
      body()
    }
  }

  /// Bodies that wait for a thread now.
  package var waiting: Int { state.withLock { $0.waiting } }

  /// Runs a body on one of the threads and resumes the caller on its own executor. A body that throws is written as
  /// one that returns a `Result`. Cancellation of the caller does not stop a body that was queued.
  package func run<T: Sendable>(_ body: @escaping @Sendable () -> T) async throws(Refusal) -> T {
    let result: Result<T, Refusal> = await withCheckedContinuation { continuation in
      let refusal = submit { continuation.resume(returning: .success(body())) }
      if let refusal { continuation.resume(returning: .failure(refusal)) }
    }
    return try result.get()
  }

  /// Queues a body without waiting for it. Nil when it was taken.
  package func submit(_ body: @escaping @Sendable () -> Void) -> Refusal? {
    let refusal: Refusal? = state.withLock { state in
      if state.isClosed { return .closed }
      if state.waiting >= queueMax { return .overloaded }
      state.queue.append(body)
      return nil
    }
    if refusal == nil { available.signal() }
    return refusal
  }

  /// Takes no more work, runs what is queued, ends the threads and waits for them. Blocks: not from a loop or a worker.
  ///
  /// Safety: each thread is joined once, because it is taken out of the list.
  package func close() {
    var threads: [uv_thread_t] = []
    state.withLock { state in
      state.isClosed = true
      swap(&threads, &state.threads)
    }
    for _ in threads { available.signal() }
    for thread in threads {
      var thread = thread
      unsafe uv_thread_join(&thread)
    }
  }
}
