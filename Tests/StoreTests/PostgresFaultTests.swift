import Base
import PostgresStore
import Reactor
import Store
import Synchronization
import Testing

/// What happens when the server, the network or the caller goes away.
@Suite struct PostgresFaultTests {
  private static func value(_ text: String) -> Query { Query(text, captures: [.integer]) }

  private static func code(_ body: () async throws(StoreError) -> Void) async -> StoreError.Code? {
    do throws(StoreError) {
      try await body()
      return nil
    } catch {
      return error.code
    }
  }

  private static var quick: PostgresOptions {
    var options = PostgresOptions()
    options.timeout = .milliseconds(400)
    options.graceTimeout = .milliseconds(200)
    options.lockTimeout = .milliseconds(200)
    options.connectTimeout = .milliseconds(2000)
    return options
  }

  /// Runs a body with a store that goes through a relay.
  private static func throughRelay(
    _ options: PostgresOptions = PostgresOptions(), _ body: @escaping @Sendable (PostgresServer, PostgresRelay) async throws -> Void
  ) async throws {
    let url = try PostgresServer.baseURL()
    let relay = try PostgresRelay(to: url)
    defer { relay.end() }
    try await PostgresServer.with(options: options, url: relay.url(for: url)) { server in
      try await server.store.define(["CREATE TABLE t (id int8 PRIMARY KEY)"])
      try await body(server, relay)
    }
  }

  private static func insert(_ id: Int64, pause: Double = 0) -> WriteBatch {
    WriteBatch([.run("INSERT INTO t SELECT $1 FROM (SELECT pg_sleep(\(pause))) AS pause", [(.integer, .integer(id))], rows: 1)])
  }

  @Test func aSequenceThatIsCutBeginsAnew() async throws {
    try await Self.throughRelay { server, relay in
      let count = Query("SELECT count(*) FROM t", captures: [.integer])
      // The first attempt goes on until it is cut; the second has three reads.
      let sequence = Steps(count) { steps, _ in
        if steps.attempts == 1 {
          if steps.seen.count == 3 { relay.mustCut.store(true, ordering: .relaxed) }
          return count
        }
        return steps.seen.count < 3 ? count : nil
      }
      try await server.store.read(sequence)
      #expect(sequence.attempts >= 2)
      #expect(sequence.seen == [0, 0, 0])
      if case .committed = try await server.store.write(Self.insert(1)) {} else { Issue.record("not committed") }
    }
  }

  @Test func anAddressThatCannotBeReadIsRefused() throws {
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    #expect(throws: StoreError.self) { _ = try PostgresStore(url: "postgres://a b:c@[", loops: group.loops) }
  }

  @Test(arguments: ["postgres://nobody@127.0.0.1:1/x", "postgres://nobody@no-such-host.invalid/x"])
  func aServerThatIsAwayIsSaidToBe(url: String) async throws {
    let group = try EventLoopGroup(count: 1)
    let store = try PostgresStore(url: url, loops: group.loops)
    for _ in 0..<3 {
      #expect(await Self.code { () throws(StoreError) in try await store.ping() } == .unavailable)
    }
    await store.close()
    #expect(await Self.code { () throws(StoreError) in try await store.ping() } == .closed)
    group.stop()
  }

  @Test func aStatementThatTakesTooLongIsStopped() async throws {
    try await PostgresServer.with(options: Self.quick) { server in
      let store = server.store
      #expect(await Self.code { () throws(StoreError) in _ = try await store.read(Self.value("SELECT 1 FROM pg_sleep(20)")) } == .timeout)
      let found = try await store.read(Self.value("SELECT 1")).captured
      #expect(found == [.integer(1)])
    }
  }

  @Test func aLockThatIsNotHadInTimeIsATimeout() async throws {
    var options = Self.quick
    options.timeout = .seconds(5)
    try await PostgresServer.with(options: options) { server in
      let store = server.store
      try await store.define(["CREATE TABLE t (id int8 PRIMARY KEY)", "INSERT INTO t VALUES (1)"])
      let touch = WriteBatch.Step.run("UPDATE t SET id = id", rows: 1)
      let pause = WriteBatch.Step.run("SELECT pg_sleep(1)", rows: nil)
      let holding = Task { try await store.write(WriteBatch([touch, pause])) }
      // The holder was sent first, on another connection; until it has the lock the other may pass.
      var code: StoreError.Code?
      while code == nil { code = await Self.code { () throws(StoreError) in _ = try await store.write(WriteBatch([touch])) } }
      #expect(code == .timeout)
      guard case .committed = try await holding.value else { throw Unexpected("the holder was refused") }
    }
  }

  /// Each of its statements is in time, all of them are not. What became of it is known.
  @Test func aTransactionThatTakesTooLongIsStopped() async throws {
    var options = Self.quick
    options.timeout = .seconds(30)
    options.transactionTimeout = .milliseconds(300)
    options.graceTimeout = .seconds(20)
    try await PostgresServer.with(options: options) { server in
      let store = server.store
      try await store.define(["CREATE TABLE t (id int8 PRIMARY KEY)"])
      let steps = (0..<20).map { number in
        WriteBatch.Step.run("INSERT INTO t SELECT \(number) FROM (SELECT pg_sleep(0.2)) AS pause", rows: 1)
      }
      #expect(await Self.code { () throws(StoreError) in _ = try await store.write(WriteBatch(steps)) } == .timeout)
      guard case .committed = try await store.write(Self.insert(100)) else { throw Unexpected("refused") }
      let found = try await store.read(Self.value("SELECT count(*) FROM t")).captured
      #expect(found == [.integer(1)])
    }
  }

  @Test func aSessionThatIsEndedIsReplaced() async throws {
    try await PostgresServer.with { server in
      let store = server.store
      try await store.define(["CREATE TABLE t (id int8 PRIMARY KEY)"])
      for round in 0..<5 {
        let killer = Task { _ = try? await store.inspect("SELECT pg_terminate_backend(pg_backend_pid())", []) }
        let rows = try await store.read(Self.value("SELECT \(round)::int8"))
        #expect(rows.captured == [.integer(Int64(round))])
        guard case .committed = try await store.write(Self.insert(Int64(round))) else { throw Unexpected("refused") }
        await killer.value
      }
      let found = try await store.read(Self.value("SELECT count(*) FROM t")).captured
      #expect(found == [.integer(5)])
    }
  }

  @Test func aWriteWhoseSessionIsEndedBeforeItsCommitIsSentAgain() async throws {
    try await PostgresServer.with { server in
      let store = server.store
      try await store.define(["CREATE TABLE t (id int8 PRIMARY KEY)", "CREATE TABLE killed (n int8)", "CREATE SEQUENCE tries"])
      // Ends its own session at the first try only.
      let once = WriteBatch.Step.run(
        "INSERT INTO t SELECT 1 FROM (SELECT CASE WHEN nextval('tries') = 1 THEN pg_terminate_backend(pg_backend_pid()) END, pg_sleep(0.1)) AS x",
        rows: 1)
      guard case .committed = try await store.write(WriteBatch([once])) else { throw Unexpected("refused") }
      let found = try await store.read(Self.value("SELECT last_value FROM tries")).captured
      #expect(found == [.integer(2)])
    }
  }

  @Test func aFrozenServerHangsNobody() async throws {
    try await Self.throughRelay(Self.quick) { server, relay in
      let store = server.store
      relay.isFrozen.store(true, ordering: .relaxed)
      async let read = Self.code { () throws(StoreError) in _ = try await store.read(Self.value("SELECT 1")) }
      async let write = Self.code { () throws(StoreError) in _ = try await store.write(Self.insert(1)) }
      let codes = await (read, write)
      // Sent, or still waiting for a connection that could not be opened.
      #expect(codes.0 == .timeout || codes.0 == .unavailable)
      #expect(codes.1 == .outcomeUnknown)
      relay.isFrozen.store(false, ordering: .relaxed)
      relay.mustCut.store(true, ordering: .relaxed)
      // It is found again, within the time that attempts are apart.
      var answer: [Value] = []
      let end = SystemClock().monotonicNanoseconds + 20_000_000_000
      while answer.isEmpty, SystemClock().monotonicNanoseconds < end {
        // Not on the loop: a refusal comes at once, and asking there again and again would keep the loop from connecting.
        answer = await Task.detached { (try? await store.read(Self.value("SELECT 7")).captured) ?? [] }.value
      }
      #expect(answer == [.integer(7)])
    }
  }

  @Test func aWriteWhoseAnswerIsCutOffIsUnknown() async throws {
    try await Self.throughRelay { server, relay in
      let store = server.store
      relay.isMuted.store(true, ordering: .relaxed)
      let write = Task { await Self.code { () throws(StoreError) in _ = try await store.write(Self.insert(1)) } }
      // The server has it once another session sees it.
      let group = server.group
      let direct = try PostgresStore(url: try PostgresServer.baseURL() + "?options=-c%20search_path%3D\(server.schema)", loops: group.loops)
      while try await direct.read(Self.value("SELECT count(*) FROM t")).captured != [.integer(1)] {}
      relay.mustCut.store(true, ordering: .relaxed)
      relay.isMuted.store(false, ordering: .relaxed)
      #expect(await write.value == .outcomeUnknown)
      await direct.close()
    }
  }

  @Test func readsSurviveACutNetwork() async throws {
    try await Self.throughRelay { server, relay in
      let store = server.store
      let slow = Task { try await store.read(Self.value("SELECT 5 FROM pg_sleep(0.2)")).captured }
      _ = try await store.read(Self.value("SELECT 1"))
      relay.mustCut.store(true, ordering: .relaxed)
      let found = try await slow.value
      #expect(found == [.integer(5)])
    }
  }

  @Test func aFullQueueRefuses() async throws {
    var options = PostgresOptions()
    options.pool = 1
    options.readQueueMax = 2
    options.batchMax = 1
    try await PostgresServer.with(options: options) { server in
      let store = server.store
      try await store.ping()
      let codes = await withTaskGroup(of: StoreError.Code?.self) { tasks in
        for _ in 0..<6 {
          tasks.addTask { await Self.code { () throws(StoreError) in _ = try await store.read(Self.value("SELECT 1 FROM pg_sleep(0.1)")) } }
        }
        var codes: [StoreError.Code?] = []
        for await code in tasks { codes.append(code) }
        return codes
      }
      #expect(codes.count { $0 == .overloaded } >= 3)
      #expect(codes.count { $0 == nil } >= 2)
    }
  }

  /// More than can be done: who is refused learns it, the others are answered, and it is over once they are.
  @Test func aFloodOfReadsIsShed() async throws {
    var options = PostgresOptions()
    options.pool = 2
    options.batchMax = 1
    try await PostgresServer.with(options: options) { server in
      let store = server.store
      while await Self.code({ () throws(StoreError) in try await store.ping() }) != nil {}
      let codes = await withTaskGroup(of: StoreError.Code?.self) { tasks in
        let slow = Self.value("SELECT 1 FROM pg_sleep(0.02)")
        for _ in 0..<400 { tasks.addTask { await Self.code { () throws(StoreError) in _ = try await store.read(slow) } } }
        var codes: [StoreError.Code?] = []
        for await code in tasks { codes.append(code) }
        return codes
      }
      #expect(codes.allSatisfy { $0 == nil || $0 == .overloaded })
      #expect(codes.count { $0 == .overloaded } > 100)
      #expect(codes.count { $0 == nil } >= 64)
      _ = try await store.read(Self.value("SELECT 1 FROM pg_sleep(0.02)"))
    }
  }

  @Test func aWaitHasItsBound() async throws {
    var options = PostgresOptions()
    options.pool = 1
    options.waitTimeout = .milliseconds(200)
    options.batchMax = 1
    options.lockTimeout = .seconds(600)
    try await PostgresServer.with(options: options) { server in
      let store = server.store
      // Opening the connection may take longer than a wait may.
      while await Self.code({ () throws(StoreError) in try await store.ping() }) != nil {}
      // What keeps the only connection busy ends when the test says so.
      var one = PostgresOptions()
      one.pool = 1
      let holder = try PostgresStore(url: server.url, options: one, loops: server.group.loops)
      let key = Int64.random(in: .min ... .max)
      let result = await Task {
        _ = try await holder.inspect("SELECT pg_advisory_lock(\(key))", [])
        let slow = Task { try await store.read(Self.value("SELECT 1 FROM pg_advisory_xact_lock(\(key))")) }
        var code: StoreError.Code?
        while code == nil { code = await Self.code { () throws(StoreError) in _ = try await store.read(Self.value("SELECT 2")) } }
        #expect(code == .overloaded)
        _ = try await holder.inspect("SELECT pg_advisory_unlock(\(key))", [])
        _ = try await slow.value
      }.result
      await holder.close()
      try result.get()
    }
  }

  @Test func aCallerWhoLeavesFreesTheConnection() async throws {
    var options = PostgresOptions()
    options.pool = 1
    try await PostgresServer.with(options: options) { server in
      let store = server.store
      try await store.ping()
      let clock = SystemClock()
      let started = clock.monotonicNanoseconds
      let running = Task { await Self.code { () throws(StoreError) in _ = try await store.read(Self.value("SELECT 1 FROM pg_sleep(20)")) } }
      let busy = { @Sendable in store.gauges().first { $0.name == "connections_busy" }?.value ?? 0 }
      while busy() == 0 { await Task.yield() }
      let waiting = Task { await Self.code { () throws(StoreError) in _ = try await store.read(Self.value("SELECT 2")) } }
      waiting.cancel()
      #expect(await waiting.value == .cancelled)
      running.cancel()
      #expect(await running.value == .cancelled)
      let found = try await store.read(Self.value("SELECT 3")).captured
      #expect(found == [.integer(3)])
      #expect(clock.monotonicNanoseconds - started < 15_000_000_000)
    }
  }

  /// On the pool's loop the news of the caller's leaving comes before its wait, elsewhere at any time.
  @Test func aCallerWhoLeftBeforeItAskedIsTold() async throws {
    try await PostgresServer.with { server in
      let store = server.store
      for loop in [server.group.loops[0], nil] {
        let task = Task(executorPreference: loop) {
          while !Task.isCancelled { await Task.yield() }
          return await Self.code { () throws(StoreError) in _ = try await store.read(Self.value("SELECT 1")) }
        }
        task.cancel()
        #expect(await task.value == .cancelled)
      }
    }
  }

  @Test func closingFinishesWhatWaits() async throws {
    var options = PostgresOptions()
    options.pool = 1
    try await PostgresServer.with(options: options) { server in
      let store = server.store
      let reads = (0..<5).map { number in Task { try await store.read(Self.value("SELECT \(number)::int8 FROM pg_sleep(0.02)")).captured } }
      while (store.gauges().first { $0.name == "reads_total" }?.value ?? 0) == 0 { await Task.yield() }
      await store.close()
      for (number, read) in reads.enumerated() {
        // Those that came before the end have their answer; later ones are told.
        switch await read.result {
        case .success(let values): #expect(values == [.integer(Int64(number))])
        case .failure(let error): #expect((error as? StoreError)?.code == .closed)
        }
      }
      #expect(await Self.code { () throws(StoreError) in try await store.ping() } == .closed)
    }
  }
}
