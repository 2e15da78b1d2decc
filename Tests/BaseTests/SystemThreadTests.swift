import Base
import Synchronization
import Testing

@Suite struct SystemThreadTests {
  @Test func joiningWaitsForTheEnd() throws {
    let sum = Atomic<Int>(0)
    let threads = try (1...8).map { number in try SystemThread { sum.add(number, ordering: .relaxed) } }
    for thread in threads { thread.join() }
    #expect(sum.load(ordering: .relaxed) == 36)
  }

  @Test(.timeLimit(.minutes(1))) func aDetachedThreadRunsItsBody() async throws {
    await withCheckedContinuation { done in SystemThread.detachOrRun { done.resume() } }
  }

  @Test func aThreadThatCannotBeStartedIsAnErrorAndItsBodyIsFreed() {
    final class Witness: Sendable {}
    weak var weak: Witness?
    do {
      let witness = Witness()
      weak = witness
      #expect(throws: SystemThread.StartError.self) {
        try SystemThread(stackBytes: 1 << 60) { Issue.record("it ran with \(witness)") }
      }
    }
    #expect(weak == nil)
  }
}
