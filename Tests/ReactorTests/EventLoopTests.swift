import Base
import Reactor
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Runs a body with loops of its own, and ends them.
func withLoops<T>(_ count: Int = 1, _ body: (EventLoopGroup) async throws -> T) async throws -> T {
  let group = try EventLoopGroup(count: count)
  do {
    let result = try await body(group)
    await end(group)
    return result
  } catch {
    await end(group)
    throw error
  }
}

private func end(_ group: EventLoopGroup) async {
  group.stop()
  await withCheckedContinuation { continuation in
    SystemThread.detachOrRun {
      group.join()
      continuation.resume()
    }
  }
}

@Suite struct EventLoopTests {
  @Test func aTaskRunsOnTheLoopItPrefers() async throws {
    try await withLoops(2) { group in
      for loop in group.loops {
        let index = await Task(executorPreference: loop) {
          await Task.yield()
          return EventLoop.current?.index
        }.value
        #expect(index == loop.index)
      }
      #expect(EventLoop.current == nil)
    }
  }

  @Test func awaitingWhatDoesNotSuspendKeepsTheTurn() async throws {
    protocol Awaited: Sendable { func value() async -> Int }
    struct Ready: Awaited { func value() async -> Int { 1 } }
    try await withLoops { group in
      let loop = group.loops[0]
      let awaited: any Awaited = Ready()
      let seen = Mutex<[String]>([])
      await Task(executorPreference: loop) {
        loop.execute { seen.withLock { $0.append("body") } }
        let sum = await awaited.value() + awaited.value()
        seen.withLock { $0.append("task \(sum)") }
      }.value
      await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in loop.execute { done.resume() } }
      #expect(seen.withLock { $0 } == ["task 2", "body"])
    }
  }

  @Test func whatGainsFromCompanyWaitsUntilNothingElseIsReady() async throws {
    try await withLoops { group in
      let loop = group.loops[0]
      let seen = Mutex<[String]>([])
      await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
        loop.execute {
          loop.beforeWaiting {
            seen.withLock { $0.append("last") }
            done.resume()
          }
          loop.onTickEnd {
            seen.withLock { $0.append("end") }
            loop.execute { seen.withLock { $0.append("woken") } }
          }
          seen.withLock { $0.append("first") }
        }
      }
      #expect(seen.withLock { $0 } == ["first", "end", "woken", "last"])
    }
  }

  @Test func aLoopThatIsNeverIdleGetsToItAllTheSame() async throws {
    try await withLoops { group in
      let loop = group.loops[0]
      let isOver = Mutex(false)
      @Sendable func again() { if !isOver.withLock({ $0 }) { loop.execute { again() } } }
      await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
        loop.execute {
          again()
          loop.beforeWaiting { done.resume() }
        }
      }
      isOver.withLock { $0 = true }
    }
  }

  @Test func everyBodyFromOtherThreadsRunsOnceAndInOrder() async throws {
    try await withLoops { group in
      let loop = group.loops[0]
      let seen = Mutex<[Int]>([])
      await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
        SystemThread.detachOrRun {
          for number in 0..<10_000 { loop.execute { seen.withLock { $0.append(number) } } }
          loop.execute { done.resume() }
        }
      }
      #expect(seen.withLock { $0 } == Array(0..<10_000))
    }
  }

  @Test func tickEndComesAfterTheJobsOfTheTick() async throws {
    try await withLoops { group in
      let loop = group.loops[0]
      let seen = Mutex<[String]>([])
      await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
        loop.execute {
          loop.onTickEnd {
            seen.withLock { $0.append("end") }
            loop.execute { done.resume() }
          }
          loop.execute {
            seen.withLock { $0.append("job") }
            loop.execute { seen.withLock { $0.append("job of a job") } }
          }
          seen.withLock { $0.append("first") }
        }
      }
      #expect(seen.withLock { $0 } == ["first", "job", "job of a job", "end"])
    }
  }

  /// The only other thing that ends the loop's wait is its own lag probe, once a second.
  @Test func aTickEndThatABusyTicksEndAsksForDoesNotWaitForAnEvent() async throws {
    try await withLoops { group in
      let loop = group.loops[0]
      // On the loop's own clock: the test's thread may have to wait for others.
      let waited = Mutex<UInt64>(0)
      for _ in 0..<20 {
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
          loop.execute {
            let began = EventLoop.monotonicNanoseconds
            for _ in 0...EventLoop.jobsPerTickMax { loop.execute {} }
            loop.onTickEnd {
              loop.onTickEnd {
                waited.withLock { $0 += EventLoop.monotonicNanoseconds - began }
                done.resume()
              }
            }
          }
        }
      }
      #expect(waited.withLock { $0 } < 10_000_000_000)
    }
  }

  @Test func timersFireInTheOrderOfTheirTimesAndCancelledOnesNever() async throws {
    try await withLoops { group in
      let loop = group.loops[0]
      let seen = Mutex<[Int]>([])
      await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
        loop.execute {
          loop.schedule(after: .milliseconds(8)) { done.resume() }
          loop.schedule(after: .milliseconds(4)) { seen.withLock { $0.append(4) } }
          let cancelled = loop.schedule(after: .milliseconds(2)) { seen.withLock { $0.append(2) } }
          loop.schedule(after: .milliseconds(1)) { seen.withLock { $0.append(1) } }
          cancelled.cancel()
          cancelled.cancel()
        }
      }
      #expect(seen.withLock { $0 } == [1, 4])
    }
  }

  @Test func pendingTimersAreFreedWhenTheLoopEnds() async throws {
    final class Witness: Sendable {}
    weak var weak: Witness?
    try await withLoops { group in
      let loop = group.loops[0]
      let witness = Witness()
      weak = witness
      await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
        loop.execute {
          loop.schedule(after: .seconds(3600)) { _ = witness }
          done.resume()
        }
      }
    }
    #expect(weak == nil)
  }

  @Test func loopsThemselvesAreFreed() async throws {
    weak var weak: EventLoop?
    try await withLoops { weak = $0.loops[0] }
    // The thread that waited for the loops lets go of them a moment after it said so.
    for _ in 0..<100_000 where weak != nil { await Task.yield() }
    #expect(weak == nil)
  }

  @Test func bodiesThatComeWhileALoopEndsAreRunOrDropped() async throws {
    let count = Mutex(0)
    for _ in 0..<50 {
      try await withLoops { group in
        let loop = group.loops[0]
        SystemThread.detachOrRun {
          for _ in 0..<200 { loop.execute { count.withLock { $0 += 1 } } }
        }
      }
    }
    #expect(count.withLock { $0 } <= 50 * 200)
  }

  @Test func theCachedWallClockFollowsTheRealOne() async throws {
    try await withLoops { group in
      let distance = await Task(executorPreference: group.loops[0]) {
        EventLoop.current.map { -$0.wallTime.microseconds + SystemClock().now.microseconds }
      }.value
      #expect(distance.map { (0..<5_000_000).contains($0) } == true)
    }
  }

  @Test func aSignalReachesItsHandler() async throws {
    try await withLoops { group in
      let number = await withCheckedContinuation { (done: CheckedContinuation<Int32, Never>) in
        let once = Mutex<CheckedContinuation<Int32, Never>?>(done)
        group.onSignal([SIGUSR2]) { number in
          once.withLock { continuation in
            continuation?.resume(returning: number)
            continuation = nil
          }
        }
        group.loops[0].execute { kill(getpid(), SIGUSR2) }
      }
      #expect(number == SIGUSR2)
    }
  }
}
