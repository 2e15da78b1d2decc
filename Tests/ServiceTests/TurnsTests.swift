import Synchronization
import Testing

@testable import Service

@Suite struct TurnsTests {
  private let turns = Turns<String>(waitersMax: 3, waitMax: .seconds(60))

  /// Gives the turn a waiter, and returns once it is in the queue.
  private func wait(
    _ key: String, in turns: Turns<String>, count: Int, _ body: @escaping @Sendable (Bool) -> Void
  ) async -> Task<Void, Never> {
    let task = Task { body(await turns.enter(key)) }
    while turns.waiting(key) < count { await Task.yield() }
    return task
  }

  @Test func aTurnIsHandedOnInTheOrderOfComing() async {
    #expect(!turns.isTaken("a"))
    #expect(await turns.enter("a"))
    #expect(turns.isTaken("a") && !turns.isTaken("b"))
    let order = Mutex<[Int]>([])
    var tasks: [Task<Void, Never>] = []
    for number in 1...3 {
      tasks.append(
        await wait("a", in: turns, count: number) { [turns] isFirst in
          #expect(isFirst)
          order.withLock { $0.append(number) }
          turns.leave("a")
        })
    }
    // Another key's turn is free, and one more waiter is too many.
    #expect(await turns.enter("b"))
    #expect(await !turns.enter("a"))
    turns.leave("b")
    turns.leave("a")
    for task in tasks { await task.value }
    #expect(order.withLock { $0 } == [1, 2, 3])
    #expect(!turns.isTaken("a"))
  }

  @Test func whoIsCancelledLeavesTheQueue() async {
    #expect(await turns.enter("a"))
    let first = await wait("a", in: turns, count: 1) { #expect(!$0) }
    let second = await wait("a", in: turns, count: 2) { #expect($0) }
    first.cancel()
    await first.value
    #expect(turns.waiting("a") == 1)
    turns.leave("a")
    await second.value
    turns.leave("a")
    #expect(!turns.isTaken("a"))
    // Cancelled before it could wait.
    #expect(await turns.enter("a"))
    let late = Task { [turns] in
      withUnsafeCurrentTask { $0?.cancel() }
      return await turns.enter("a")
    }
    #expect(await !late.value)
    turns.leave("a")
  }

  @Test func whoWaitsTooLongIsSentAway() async {
    let turns = Turns<String>(waitersMax: 3, waitMax: .milliseconds(1))
    #expect(await turns.enter("a"))
    #expect(await !turns.enter("a"))
    turns.leave("a")
    #expect(await turns.enter("a"))
  }
}
