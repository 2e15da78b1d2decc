import Base
import Store
import Synchronization
import Testing

/// Reads of one moment.
@Suite struct ReadSequenceTests {
  private static let count = Query("SELECT count(*) FROM t", captures: [.integer])

  private static func insert(_ id: Int) -> WriteBatch {
    WriteBatch([.run("INSERT INTO t VALUES (\(id))", [], rows: 1)])
  }

  @Test(arguments: TestStore.available) func eachIsMadeFromTheLast(_ kind: TestStore) async throws {
    try await kind.run { store in
      let sequence = Steps(Query("SELECT 1", captures: [.integer])) { steps, rows in
        guard case .integer(let number)? = rows.captured.first, steps.seen.count < 4 else { return nil }
        return Query("SELECT \(number) + \(number)", captures: [.integer])
      }
      try await store.read(sequence)
      #expect(sequence.seen == [1, 2, 4, 8])
    }
  }

  @Test(arguments: TestStore.available) func whatIsWrittenMeanwhileIsNotSeen(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await store.define(["CREATE TABLE t (id INTEGER PRIMARY KEY)"])
      let marks = Marks()
      let writing = Task {
        while !marks.isOver.load(ordering: .acquiring) {
          _ = try await store.write(Self.insert(marks.written.load(ordering: .relaxed)))
          marks.written.add(1, ordering: .releasing)
        }
      }
      for _ in 0..<5 {
        marks.start.store(-1, ordering: .relaxed)
        let sequence = Steps(Self.count) { _, _ in
          let now = marks.written.load(ordering: .acquiring)
          if marks.start.load(ordering: .relaxed) < 0 { marks.start.store(now, ordering: .relaxed) }
          // Until some have come while it reads.
          return now < marks.start.load(ordering: .relaxed) + 5 ? Self.count : nil
        }
        try await store.read(sequence)
        #expect(Set(sequence.seen).count == 1 && sequence.seen.count > 1)
      }
      marks.isOver.store(true, ordering: .releasing)
      try await writing.value
    }
  }

  @Test(arguments: TestStore.available) func oneThatFailsLeavesNothingBehind(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await store.define(["CREATE TABLE t (id INTEGER PRIMARY KEY)"])
      // More often than there are connections.
      for number in 0..<40 {
        let sequence = Steps(Self.count) { _, _ in Query("SELECT id FROM nowhere", captures: [.integer]) }
        do throws(StoreError) {
          try await store.read(sequence)
          Issue.record("a table that is not there was read")
        } catch {
          #expect(error.code == .invalidStatement)
        }
        guard case .committed = try await store.write(Self.insert(number)) else {
          Issue.record("not committed")
          return
        }
        #expect(try await store.read(Self.count).captured == [.integer(Int64(number + 1))])
      }
    }
  }

  @Test(arguments: TestStore.available) func oneThatNobodyWaitsForEnds(_ kind: TestStore) async throws {
    try await kind.run { store in
      try await store.define(["CREATE TABLE t (id INTEGER PRIMARY KEY)"])
      for number in 0..<20 {
        // Endless, until it is given up.
        let sequence = Steps(Self.count) { _, _ in Self.count }
        let reading = Task { try await store.read(sequence) }
        while sequence.seen.count < 3 { await Task.yield() }
        reading.cancel()
        await #expect(throws: StoreError.self) { try await reading.value }
        _ = try await store.write(Self.insert(number))
        #expect(try await store.read(Self.count).captured == [.integer(Int64(number + 1))])
      }
    }
  }
}

private final class Marks: Sendable {
  let written = Atomic<Int>(0)
  /// What was written when a sequence began.
  let start = Atomic<Int>(-1)
  let isOver = Atomic<Bool>(false)
}

/// A sequence as a test wants it; it keeps the first captured value of each result.
final class Steps: ReadSequence {
  let place: ReadPlace? = nil
  private let root: Query
  private let step: @Sendable (Steps, Rows) -> Query?
  private let state = Mutex<(attempts: Int, seen: [Int64])>((0, []))

  var seen: [Int64] { state.withLock(\.seen) }
  var attempts: Int { state.withLock(\.attempts) }

  init(_ root: Query, then step: @escaping @Sendable (Steps, Rows) -> Query?) {
    self.root = root
    self.step = step
  }

  func first() -> Query {
    state.withLock { $0.seen = [] }
    return root
  }

  func next(after rows: Rows) -> Query? {
    state.withLock {
      if $0.seen.isEmpty { $0.attempts += 1 }
      if case .integer(let number)? = rows.captured.first { $0.seen.append(number) }
    }
    return step(self, rows)
  }
}
