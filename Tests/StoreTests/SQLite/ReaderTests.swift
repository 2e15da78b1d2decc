import Base
import Store
import Synchronization
import Testing

@testable import SQLiteStore

@Suite("A reader thread", .timeLimit(.minutes(1))) struct ReaderTests {
  /// A queue with jobs that nobody has taken yet, and then a thread for it; its outcomes in the order of the jobs.
  private func outcomes(
    of jobs: [ReadJob], cancelling cancelled: Set<Int> = [], closing: Bool = false
  ) async throws -> [Result<String?, StoreError>] {
    let queue = JobQueue<ReadJob>(capacity: 64)
    let tasks = jobs.map { job in
      Task { await job.outcome(admittedBy: queue.push) }
    }
    while queue.length < jobs.count { await Task.yield() }
    for place in cancelled { tasks[place].cancel() }
    if closing { queue.close() }
    let connection = try Connection(path: ":memory:", role: .inspector, options: SQLiteOptions())
    let running = RunningReads()
    let ended = Atomic<Bool>(false)
    // A thread that begins only now has all of them before it.
    try SystemThread.detach {
      Reader(connection: connection, queue: queue, running: running).run()
      #expect(connection.isIdle)
      connection.close()
      ended.store(true, ordering: .releasing)
    }
    var results: [Result<String?, StoreError>] = []
    for task in tasks {
      results.append(await task.value.map { if case .text(let rows) = $0 { rows.first?.first ?? nil } else { nil } })
    }
    queue.close()
    while !ended.load(ordering: .acquiring) { await Task.yield() }
    #expect(running.count.load(ordering: .relaxed) == 0)
    return results
  }

  private func select(_ text: String, deadline: UInt64 = .max) -> ReadJob { ReadJob(.inspect("SELECT \(text)", []), deadline: deadline) }

  @Test("does not begin what waited past its time limit, and goes on with the others") func waitedTooLong() async throws {
    let results = try await outcomes(of: [select("1"), select("2", deadline: 1), select("3")])
    #expect(try results[0].get() == "1")
    let error = #expect(throws: StoreError.self) { _ = try results[1].get() }
    #expect(error?.code == .timeout)
    #expect(error?.message.contains("waited") == true)
    #expect(try results[2].get() == "3")
  }

  @Test("does not begin what was given up while it waited") func cancelled() async throws {
    let results = try await outcomes(of: (0..<40).map { select("\($0)") }, cancelling: [0, 7, 39])
    for (place, result) in results.enumerated() {
      if [0, 7, 39].contains(place) {
        let error = #expect(throws: StoreError.self) { _ = try result.get() }
        #expect(error?.code == .cancelled)
      } else {
        #expect(try result.get() == "\(place)")
      }
    }
  }

  @Test("answers all that waited when its queue was closed") func closed() async throws {
    let results = try await outcomes(of: (0..<40).map { select("\($0)") }, closing: true)
    #expect(try results.map { try $0.get() } == (0..<40).map { "\($0)" })
  }

  @Test("a read that fails in a shared snapshot leaves the others alone") func failing() async throws {
    let results = try await outcomes(of: [select("1"), select("no_such_column"), select("abs(-9223372036854775808)"), select("4")])
    #expect(try results[0].get() == "1")
    for place in 1...2 {
      let error = #expect(throws: StoreError.self) { _ = try results[place].get() }
      #expect(error?.code == (place == 1 ? StoreError.Code.invalidStatement : StoreError.Code.outOfRange))
    }
    #expect(try results[3].get() == "4")
  }
}
