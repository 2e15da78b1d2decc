import Base
import Store
import Testing

/// What a statement's rows may hold, on both stores.
@Suite("A statement's rows", .timeLimit(.minutes(2))) struct MemoryTests {
  /// So many rows of a text of so many bytes.
  private static func rows(_ count: Int, of bytes: Int, on store: any Store, captured: Bool = false) -> Query {
    let text =
      store.dialect == .sqlite
      ? """
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(count)) SELECT replace(hex(zeroblob(\(bytes / 2))), '0', 'x') \
      FROM n
      """ : "SELECT repeat('x', \(bytes)) FROM generate_series(1, \(count))"
    let encoding = RowEncoding(
      fields: captured ? [] : [.init(key: Array("\"text\":".utf8), column: 0, content: .scalar(.text))],
      captures: captured ? [.init(column: 0, kind: .text)] : [])
    return Query(Statement(text: text, parameters: []), [], encoding: encoding, rowsMax: .max)
  }

  private static func code(_ query: Query, on store: any Store) async -> StoreError.Code? {
    do throws(StoreError) {
      _ = try await store.read(query)
      return nil
    } catch {
      return error.code
    }
  }

  /// Waits until nothing is held: a reader is told before its connection has let go of everything.
  private static func settled(_ memory: MemoryBudget) async {
    while memory.held > 0 { await Task.yield() }
  }

  @Test("are refused where they are longer than an answer may be", arguments: TestStore.available, [false, true])
  func tooLong(kind: TestStore, captured: Bool) async throws {
    let memory = MemoryBudget(limit: 1 << 40)
    try await kind.run(memory: memory) { store in
      for (count, bytes) in [(500, 100_000), (200_000, 200), (1, 50_000_000), (60, 1_000_000)] {
        #expect(await MemoryTests.code(MemoryTests.rows(count, of: bytes, on: store, captured: captured), on: store) == .tooLarge)
        await MemoryTests.settled(memory)
      }
      let fitting = try await store.read(MemoryTests.rows(250, of: 100_000, on: store, captured: captured))
      #expect(fitting.count == 250)
      #expect(memory.held >= 25_000_000)
      #expect(fitting.lease.map { $0.bytes >= 25_000_000 && $0.bytes <= 70_000_000 } == true)
    }
    while memory.held > 0 { await Task.yield() }
  }

  @Test("are refused where the process holds as much as it may, and others go on", arguments: TestStore.available, [false, true])
  func noRoom(kind: TestStore, captured: Bool) async throws {
    let memory = MemoryBudget(limit: 16 << 20)
    try await kind.run(memory: memory) { store in
      let (long, short) = (
        MemoryTests.rows(200, of: 100_000, on: store, captured: captured), MemoryTests.rows(3, of: 4_000, on: store, captured: captured)
      )
      for _ in 0..<3 {
        let codes = await withTaskGroup(of: StoreError.Code?.self) { tasks in
          for place in 0..<24 { tasks.addTask { await MemoryTests.code(place % 4 == 0 ? long : short, on: store) } }
          var codes: [StoreError.Code?] = []
          for await code in tasks { codes.append(code) }
          return codes
        }
        #expect(codes.filter { $0 == .memory }.count == 6)
        #expect(codes.filter { $0 == nil }.count == 18, "neighbours of a refused read: \(codes)")
      }
      await MemoryTests.settled(memory)
      // The same list is read once for all who ask for it at the same time.
      #expect(memory.refusals >= 3)
      let found = try await store.read(MemoryTests.rows(20, of: 100_000, on: store, captured: captured))
      #expect(found.count == 20)
    }
    while memory.held > 0 { await Task.yield() }
  }

  @Test("are read where nothing is left, as long as they are few", arguments: TestStore.available) func few(kind: TestStore) async throws {
    let memory = MemoryBudget(limit: 1 << 20)
    let everything = memory.count(1 << 30)
    try await kind.run(memory: memory) { store in
      for _ in 0..<5 {
        let found = try await store.read(MemoryTests.rows(3, of: 4_000, on: store))
        #expect(found.count == 3)
      }
      #expect(await MemoryTests.code(MemoryTests.rows(20, of: 4_000, on: store), on: store) == .memory)
    }
    #expect(everything?.bytes == memory.held)
  }
}
