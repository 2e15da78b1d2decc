import Reactor
import Synchronization
import Testing

@Suite struct WorkerPoolTests {
  @Test func workRunsOffTheLoopAndItsCallerResumesOnIt() async throws {
    let pool = try WorkerPool(threads: 2, queueMax: 8)
    try await withLoops { group in
      let loop = group.loops[0]
      let places = try await Task(executorPreference: loop) {
        let inside = try await pool.run { EventLoop.current?.index }
        return (inside, EventLoop.current?.index)
      }.value
      #expect(places.0 == nil)
      #expect(places.1 == 0)
    }
    pool.close()
  }

  @Test func aFullQueueRefusesAndAClosedPoolToo() async throws {
    let pool = try WorkerPool(threads: 1, queueMax: 2)
    let gate = Mutex<Void>(())
    let started = Mutex(false)
    // Holds the only thread until the gate opens.
    let refusals: [WorkerPool.Refusal?] = gate.withLock { _ in
      let first = pool.submit {
        started.withLock { $0 = true }
        gate.withLock { _ in }
      }
      while !started.withLock({ $0 }) {}
      return [first, pool.submit {}, pool.submit {}, pool.submit {}]
    }
    #expect(refusals == [nil, nil, nil, .overloaded])
    pool.close()
    #expect(pool.submit {} == .closed)
    await #expect(throws: WorkerPool.Refusal.closed) { try await pool.run { 1 } }
  }

  @Test func closingRunsWhatIsQueued() async throws {
    let pool = try WorkerPool(threads: 3, queueMax: 5000)
    let count = Mutex(0)
    for _ in 0..<5000 { #expect(pool.submit { count.withLock { $0 += 1 } } == nil) }
    pool.close()
    #expect(count.withLock { $0 } == 5000)
  }
}
