import Base
import Reactor
import Store
import Synchronization
import Testing

@testable import SQLiteStore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A clock that a test turns.
private final class TurnedClock: Clock {
  private let nanoseconds = Atomic<UInt64>(1_000_000_000)
  var now: Timestamp { Timestamp(microseconds: Int64(monotonicNanoseconds / 1000)) }
  var monotonicNanoseconds: UInt64 { nanoseconds.load(ordering: .relaxed) }
  func pass(milliseconds: UInt64) { nanoseconds.wrappingAdd(milliseconds * 1_000_000, ordering: .relaxed) }
}

/// A queue of numbers with a thread that takes from it.
private final class Taker: Sendable {
  let queue = JobQueue<Int>(capacity: 4096)
  /// What each `take` brought, until the queue is closed and empty.
  let taken = Mutex<[[Int]]>([])
  let isDone = Atomic<Bool>(false)

  var all: [Int] { taken.withLock { $0.flatMap { $0 } } }

  func start() throws {
    try SystemThread.detach { [self] in
      var numbers: [Int] = []
      while queue.take(4096, into: &numbers) {
        taken.withLock { $0.append(numbers) }
        numbers.removeAll()
      }
      isDone.store(true, ordering: .releasing)
    }
  }

  /// Returns once the thread sleeps.
  func untilAsleep() async { while queue.sleeping == 0 { await Task.yield() } }

  func untilDone() async { while !isDone.load(ordering: .acquiring) { await Task.yield() } }
}

@Suite("A queue of jobs", .timeLimit(.minutes(1))) struct JobQueueTests {
  private func withLoops(_ body: (EventLoopGroup) async throws -> Void) async throws {
    let group = try EventLoopGroup(count: 1)
    let result = await Result.of { try await body(group) }
    await end(group)
    try result.get()
  }

  private func end(_ group: EventLoopGroup) async {
    group.stop()
    await withCheckedContinuation { (ended: CheckedContinuation<Void, Never>) in
      SystemThread.detachOrRun {
        group.join()
        ended.resume()
      }
    }
  }

  @Test("sheds what waits too long where more comes than is taken, oldest first, and nothing after its end")
  func shedding() throws {
    let clock = TurnedClock()
    let shed = Mutex<[Int]>([])
    let queue = JobQueue<Int>(capacity: 400, clock: clock) { numbers in shed.withLock { $0 += numbers } }
    for number in 0..<300 { #expect(queue.push(number) == .accepted) }
    // It is taken from, and what is taken has always waited for long.
    for number in 0..<3 {
      clock.pass(milliseconds: 40)
      #expect(queue.take()?.element == number)
    }
    #expect(shed.withLock { $0 } == [])
    for number in 300..<320 { #expect(queue.push(number) == .accepted) }
    #expect(shed.withLock { $0 } == Array(3..<255), "all that waits too long, but as many as may always wait")
    #expect(queue.length == 65)
    clock.pass(milliseconds: 1)
    let taken = try #require(queue.take())
    #expect(shed.withLock { $0.last } == 255)
    #expect(taken.element == 256)
    #expect(queue.take(before: taken.mark) == 257)
    queue.close()
    clock.pass(milliseconds: 1000)
    let before = shed.withLock { $0.count }
    var rest: [Int] = []
    while let next = queue.take() { rest.append(next.element) }
    #expect(rest == Array(258..<320))
    #expect(shed.withLock { $0.count } == before)
  }

  @Test("sheds nothing where it is not asked to") func patient() {
    let clock = TurnedClock()
    let queue = JobQueue<Int>(capacity: 400, clock: clock)
    for number in 0..<300 { #expect(queue.push(number) == .accepted) }
    for number in 0..<300 {
      clock.pass(milliseconds: 40)
      #expect(queue.take()?.element == number)
    }
  }

  @Test("gives out in the order of arrival, refuses past its bound and after its end") func order() {
    let queue = JobQueue<Int>(capacity: 3)
    for round in 0..<5 {
      for number in 0..<3 { #expect(queue.push(round * 3 + number) == .accepted) }
      #expect(queue.push(99) == .full)
      #expect(queue.take()?.element == round * 3)
      #expect(queue.push(round * 3 + 3) == .accepted)
      var taken: [Int] = []
      #expect(queue.take(2, into: &taken))
      #expect(queue.take(9, into: &taken))
      #expect(taken == [1, 2, 3].map { round * 3 + $0 })
    }
    #expect(queue.push(1) == .accepted)
    queue.close()
    #expect(queue.push(2) == .closed)
    #expect(queue.take()?.element == 1)
    #expect(queue.take()?.element == nil)
    var none: [Int] = []
    #expect(!queue.take(9, into: &none))
    #expect(none.isEmpty)
  }

  @Test("gives out before a mark only what was handed over before it") func marks() throws {
    let queue = JobQueue<Int>(capacity: 4)
    for number in 1...3 { _ = queue.push(number) }
    let (first, mark) = try #require(queue.take())
    #expect(first == 1)
    #expect(mark.hasMore)
    _ = queue.push(4)
    #expect(queue.take(before: mark) == 2)
    _ = queue.push(5)
    #expect(queue.take(before: mark) == 3)
    #expect(queue.take(before: mark) == nil)
    #expect(queue.length == 2)
    // Another thread may have been at it meanwhile.
    let (fourth, later) = try #require(queue.take())
    #expect(fourth == 4)
    #expect(queue.take(before: mark) == nil)
    #expect(queue.take()?.element == 5)
    #expect(queue.take(before: later) == nil)
  }

  @Test("a push from a plain thread wakes one that sleeps") func plainThread() async throws {
    let taker = Taker()
    try taker.start()
    for number in 0..<200 {
      await taker.untilAsleep()
      #expect(taker.queue.push(number) == .accepted)
      while taker.all.count <= number { await Task.yield() }
    }
    taker.queue.close()
    await taker.untilDone()
    #expect(taker.all == Array(0..<200))
  }

  @Test("what a loop's tick hands over is taken together, at its end") func tick() async throws {
    try await withLoops { group in
      let taker = Taker()
      try taker.start()
      await taker.untilAsleep()
      group.loops[0].execute {
        for number in 0..<500 { _ = taker.queue.push(number) }
        // A thread that was woken would be at it by now.
        for _ in 0..<10_000 { sched_yield() }
        group.loops[0].execute { _ = taker.queue.push(500) }
      }
      while taker.all.count < 501 { await Task.yield() }
      #expect(taker.taken.withLock { $0.count } == 1)
      #expect(taker.all == Array(0...500))
      taker.queue.close()
      await taker.untilDone()
    }
  }

  @Test("a queue that is closed between a push and the tick's end still gives out what was let in") func closedInTick() async throws {
    try await withLoops { group in
      let taker = Taker()
      try taker.start()
      await taker.untilAsleep()
      group.loops[0].execute {
        #expect(taker.queue.push(1) == .accepted)
        taker.queue.close()
        #expect(taker.queue.push(2) == .closed)
      }
      await taker.untilDone()
      #expect(taker.all == [1])
    }
  }

  @Test("a loop that ends in the same tick loses no wake-up") func endingLoop() async throws {
    for _ in 0..<20 {
      let taker = Taker()
      try taker.start()
      await taker.untilAsleep()
      try await withLoops { group in
        group.loops[0].execute { [unowned group] in
          group.stop()
          _ = taker.queue.push(1)
          // Pushed by what the loop runs last.
          group.loops[0].execute { group.loops[0].onTickEnd { _ = taker.queue.push(2) } }
        }
      }
      while taker.all.count < 2 { await Task.yield() }
      taker.queue.close()
      await taker.untilDone()
      #expect(taker.all == [1, 2])
    }
  }

  @Test("loops of two groups, which have the same numbers, wake for themselves") func twoGroups() async throws {
    try await withLoops { first in
      try await withLoops { second in
        let taker = Taker()
        try taker.start()
        await taker.untilAsleep()
        let mayEnd = Atomic<Bool>(false)
        let hasPushed = Atomic<Bool>(false)
        first.loops[0].execute {
          _ = taker.queue.push(1)
          hasPushed.store(true, ordering: .releasing)
          while !mayEnd.load(ordering: .acquiring) {}
        }
        while !hasPushed.load(ordering: .acquiring) { await Task.yield() }
        second.loops[0].execute { _ = taker.queue.push(2) }
        // The first loop's tick goes on until the second's wake-up has arrived.
        while taker.all.count < 2 { await Task.yield() }
        mayEnd.store(true, ordering: .releasing)
        taker.queue.close()
        await taker.untilDone()
        #expect(taker.all == [1, 2])
      }
    }
  }

  @Test("many loops and threads at once: everything is taken once") func everything() async throws {
    let queue = JobQueue<Int>(capacity: 100_000)
    let sum = Atomic<Int>(0)
    let ended = Atomic<Int>(0)
    for _ in 0..<3 {
      try SystemThread.detach {
        while let (number, mark) = queue.take() {
          sum.add(number, ordering: .relaxed)
          while let more = queue.take(before: mark) { sum.add(more, ordering: .relaxed) }
        }
        ended.add(1, ordering: .acquiringAndReleasing)
      }
    }
    try await withLoops { first in
      try await withLoops { second in
        await withTaskGroup(of: Void.self) { tasks in
          for number in 1...3000 {
            let loop = [first, second][number % 2].loops[0]
            tasks.addTask(executorPreference: number % 3 == 0 ? nil : loop) {
              _ = queue.push(number)
              await Task.yield()
              _ = queue.push(number)
            }
          }
        }
        queue.close()
      }
    }
    while ended.load(ordering: .acquiring) < 3 { await Task.yield() }
    #expect(sum.load(ordering: .relaxed) == 3000 * 3001)
  }
}

extension Result where Failure == any Error {
  fileprivate static func of(_ body: () async throws -> Success) async -> Self {
    do { return .success(try await body()) } catch { return .failure(error) }
  }
}
