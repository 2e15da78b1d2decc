import Base
import Reactor
import Store
import Synchronization
import TestSupport
import Testing

@testable import PostgresStore

/// That nothing of the budget is lost, however reads end.
@Suite("Leases of reads", .timeLimit(.minutes(3))) struct MemoryStormTests {
  /// A text of so many bytes, in a read that may be shared. A negative number fails in the server.
  private static func text(on dialect: Dialect) -> @Sendable (Int64, _ captured: Bool) -> Query {
    let isSQLite = dialect == .sqlite
    var sql = SQL("SELECT CASE WHEN ")
    sql.append(parameter: .integer, .slot(0))
    sql.append(isSQLite ? " < 0 THEN json('{' || " : " < 0 THEN (1 / (1 + ")
    sql.append(parameter: .integer, .slot(0))
    sql.append(isSQLite ? ") ELSE replace(hex(zeroblob(" : "))::text ELSE repeat('x', ")
    sql.append(parameter: .integer, .slot(0))
    sql.append(isSQLite ? " / 2)), '0', 'x') END AS text" : "::int) END AS text")
    let prepared = sql.statement(for: dialect, isShared: true)
    let json = RowEncoding(fields: [.init(key: Array("\"text\":".utf8), column: 0, content: .scalar(.text))], captures: [])
    let values = RowEncoding(fields: [], captures: [.init(column: 0, kind: .text)])
    return { bytes, captured in
      Query(prepared.statement, prepared.values([.integer(bytes)]), encoding: captured ? values : json, rowsMax: 1)
    }
  }

  /// Bytes of the row's text, or why there are none.
  private static func read(_ query: Query, on store: any Store) async -> Result<Int, StoreError> {
    do throws(StoreError) {
      let rows = try await store.read(query)
      if let lease = rows.lease { #expect(lease.bytes >= rows.json.count) }
      if case .string(let text)? = rows.captured.first { return .success(text.utf8.count) }
      return .success(rows.json.count - #"{"text":"""#.utf8.count)
    } catch {
      return .failure(error)
    }
  }

  /// Reads that are asked for at once on one loop, so that PostgreSQL is asked for all of them with one statement.
  private static func together(_ queries: [Query], on server: PostgresServer) async -> [Result<Int, StoreError>] {
    let store = server.store
    return await withTaskGroup(of: (Int, Result<Int, StoreError>).self) { tasks in
      for (place, query) in queries.enumerated() {
        tasks.addTask(executorPreference: server.group.loops[0]) { (place, await read(query, on: store)) }
      }
      var answers = [Result<Int, StoreError>](repeating: .failure(.memory), count: queries.count)
      for await (place, answer) in tasks { answers[place] = answer }
      return answers
    }
  }

  private static func options(_ memory: MemoryBudget) -> PostgresOptions {
    var options = PostgresOptions()
    options.memory = memory
    // However slow the machine is, nobody is refused for waiting.
    options.waitTimeout = .seconds(100)
    options.timeout = .seconds(100)
    return options
  }

  @Test("of shared reads cover each reader's own row") func shared() async throws {
    let memory = MemoryBudget(limit: 1 << 30)
    try await PostgresServer.with(options: MemoryStormTests.options(memory)) { server in
      let text = MemoryStormTests.text(on: .postgres)
      let store = server.store
      var rows = await withTaskGroup(of: Rows?.self) { tasks in
        for _ in 0..<8 { tasks.addTask(executorPreference: server.group.loops[0]) { try? await store.read(text(200_000, false)) } }
        var rows: [Rows?] = []
        for await one in tasks { rows.append(one) }
        return rows
      }
      #expect(store.gauges().first { $0.name == "shared_reads_total" }?.value == 8)
      #expect(rows.allSatisfy { $0?.lease.map { $0.bytes >= 200_000 && $0.bytes < 600_000 } == true })
      #expect(memory.held >= 1_600_000)
      rows.removeFirst(7)
      while memory.held >= 600_000 { await Task.yield() }
      rows = []
    }
    #expect(memory.held == 0)
  }

  @Test("of a shared read that is too much come back, and each asks for its own row alone", arguments: [false, true])
  func sharedTooMuch(captured: Bool) async throws {
    let memory = MemoryBudget(limit: 16 << 20)
    try await PostgresServer.with(options: MemoryStormTests.options(memory)) { server in
      let text = MemoryStormTests.text(on: .postgres)
      // Of the first there is no room for all together, of the second for none alone; the third is longer than an answer may be.
      for (size, isGranted) in [(3_000_000, true), (14_000_000, false), (60_000_000, false)] as [(Int64, Bool)] {
        let sizes = (0..<40).map { Int64($0 % 10 == 3 ? size : Int64($0)) }
        let answers = await MemoryStormTests.together(sizes.map { text($0, captured) }, on: server)
        for (wanted, answer) in zip(sizes, answers) {
          switch answer {
          case .success(let found): #expect(found == Int(wanted) && (wanted < 100 || isGranted))
          case .failure(let error): #expect(wanted == size && (error.code == .memory || error.code == .tooLarge), "\(error)")
          }
        }
        while memory.held > 0 { await Task.yield() }
      }
    }
    #expect(memory.held == 0)
  }

  @Test("come back from thousands of reads that fail, are refused, are given up or answered", arguments: TestStore.available)
  func storm(kind: TestStore) async throws {
    let memory = MemoryBudget(limit: 6 << 20)
    try await kind.run(memory: memory) { store in
      let text = MemoryStormTests.text(on: store.dialect)
      var random = SplitMix64(seed: 7)
      var seen: Set<StoreError.Code?> = []
      for _ in 0..<24 {
        let wishes = (0..<50).map { _ in
          (
            bytes: [-1, 10, 10, 3_000, 30_000, 300_000, 1_500_000, 5_000_000].randomElement(using: &random) ?? 0,
            captured: Bool.random(using: &random), leavesAfter: Int.random(in: -40..<20, using: &random)
          )
        }
        let codes = await withTaskGroup(of: StoreError.Code?.self) { tasks in
          for wish in wishes {
            tasks.addTask {
              let asked = Task { await MemoryStormTests.read(text(Int64(wish.bytes), wish.captured), on: store) }
              if wish.leavesAfter >= 0 {
                for _ in 0..<wish.leavesAfter { await Task.yield() }
                asked.cancel()
              }
              switch await asked.value {
              case .success(let found):
                #expect(found == wish.bytes)
                return nil
              case .failure(let error):
                return error.code
              }
            }
          }
          return await tasks.reduce(into: Set<StoreError.Code?>()) { $0.insert($1) }
        }
        seen.formUnion(codes)
      }
      #expect(seen.isSuperset(of: [nil, .memory, .cancelled]), "\(seen)")
      #expect(seen.count > 3, "a failing statement is among them: \(seen)")
      while memory.held > 0 { await Task.yield() }
    }
    #expect(memory.held == 0)
  }
}
