import Base
import Store
import Testing

@testable import PostgresStore

/// What needs no server: policies, queues, caches, errors.
@Suite struct PostgresStateTests {
  @Test func theQueueKeepsItsOrderAndItsBound() {
    var queue = WaitQueue<Int>(capacity: 3)
    #expect([1, 2, 3, 4].map { queue.push($0) } == [true, true, true, false])
    #expect(queue.popFirst() == 1)
    queue.pushFirst(1)
    queue.pushFirst(0)
    #expect(queue.count == 4)
    #expect(queue.removeAll { $0 % 2 == 0 } == [0, 2])
    #expect([queue.popFirst(), queue.popFirst(), queue.popFirst()] == [1, 3, nil])
    #expect(queue.isEmpty && queue.first == nil)
  }

  @Test func theQueueForgetsWhatLeftIt() {
    var queue = WaitQueue<Int>(capacity: 10_000)
    for number in 0..<10_000 { _ = queue.push(number) }
    for number in 0..<10_000 { #expect(queue.popFirst() == number) }
    #expect(queue.count == 0)
  }

  @Test(arguments: [
    // Nothing open: the least.
    (PoolPolicy.Figures(), 2), (PoolPolicy.Figures(open: 1), 1), (PoolPolicy.Figures(open: 2), 0),
    (PoolPolicy.Figures(connecting: 2), 0), (PoolPolicy.Figures(isBackingOff: true), 0),
    (PoolPolicy.Figures(waitingWrites: 9, isDown: true), 1), (PoolPolicy.Figures(connecting: 1, isDown: true), 0),
    // Writes open at once, two at a time, and leave one to reads.
    (PoolPolicy.Figures(open: 2, waitingWrites: 9, writers: 1), 2),
    (PoolPolicy.Figures(open: 3, connecting: 1, waitingWrites: 9, writers: 2), 1),
    (PoolPolicy.Figures(open: 4, waitingWrites: 9, writers: 4), 0), (PoolPolicy.Figures(open: 5, waitingWrites: 9, writers: 3), 0),
    // Reads open only when they are late.
    (PoolPolicy.Figures(open: 2, waitingReads: 9, readers: 2), 0),
    (PoolPolicy.Figures(open: 2, waitingReads: 9, readsAreLate: true, readers: 2), 1),
    (PoolPolicy.Figures(open: 2, connecting: 1, waitingReads: 9, readsAreLate: true, readers: 2), 0),
  ]) func connectionsAreOpenedAsNeeded(figures: PoolPolicy.Figures, count: Int) {
    #expect(PoolPolicy(connectionsMax: 5).toOpen(figures) == count)
  }

  @Test func aPoolOfOneServesBoth() {
    let policy = PoolPolicy(connectionsMax: 1)
    #expect(policy.readersMax == 1 && policy.writersMax == 1 && policy.connectionsMin == 1)
  }

  @Test func theLeastUsedStatementGoes() {
    var cache = StatementCache(capacity: 2)
    func key(_ number: Int, _ form: StatementKey.Form = .plain) -> StatementKey { StatementKey(number: number, form: form) }
    #expect(cache.use(key(1)) == .missing(name: "s1", evicted: nil))
    #expect(cache.use(key(1, .guarding)) == .missing(name: "s2", evicted: nil))
    #expect(cache.use(key(1)) == .ready(name: "s1"))
    #expect(cache.use(key(1, .counted(1))) == .missing(name: "s3", evicted: "s2"))
    #expect(cache.forget(key(1)) == "s1")
    #expect(cache.forget(key(1)) == nil)
    // A name never comes back.
    #expect(cache.use(key(1)) == .missing(name: "s4", evicted: nil))
    #expect(cache.count == 2)
  }

  @Test func theBinaryFormatIsOneEncodings() {
    var cache = StatementCache(capacity: 2)
    let key = StatementKey(number: 1, form: .plain)
    let encoding = RowEncoding(fields: [], captures: [])
    cache.setBinary(key, for: encoding)
    #expect(!cache.isBinary(key, for: encoding))
    _ = cache.use(key)
    #expect(!cache.isBinary(key, for: encoding))
    cache.setBinary(key, for: encoding)
    #expect(cache.isBinary(key, for: encoding) && !cache.isBinary(key, for: RowEncoding(fields: [], captures: [])))
    #expect(!cache.isBinary(StatementKey(number: 1, form: .shared), for: encoding))
    cache.forget(key)
    _ = cache.use(key)
    #expect(!cache.isBinary(key, for: encoding))
  }

  @Test func quickReadsShareAConnectionAndOthersDoNot() {
    var size = GroupSize(readsMax: 64)
    #expect(size.reads == 64)
    // 250 µs each.
    size.note(reads: 4, nanoseconds: 1_050_000)
    #expect(size.reads == 2)
    // Quicker ones count at once, a slow group little.
    size.note(reads: 10, nanoseconds: 150_000)
    #expect(size.reads == 50)
    size.note(reads: 1, nanoseconds: 30_000_000)
    #expect(size.reads == 48)
    for _ in 0..<200 { size.note(reads: 1, nanoseconds: 30_000_000) }
    #expect(size.reads == 1)
    size.note(reads: 0, nanoseconds: 5)
    size.note(reads: 1, nanoseconds: 0)
    #expect(size.reads == 64)
  }

  @Test func whatIsAlwaysInSlowGroupsIsSlow() {
    var times = StatementTimes()
    for _ in 0..<3 { times.note([1, 2], milliseconds: 500) }
    #expect(times.isSlow(1) && times.isSlow(2))
    times.note([1], milliseconds: 2)
    #expect(!times.isSlow(1) && times.isSlow(2))
    // A quick one that becomes slow is noticed after some groups, not at once.
    times.note([2], milliseconds: 20)
    times.note([2], milliseconds: 900)
    #expect(!times.isSlow(2))
    for _ in 0..<10 { times.note([2], milliseconds: 900) }
    #expect(times.isSlow(2))
    for number in 0..<5000 { times.note([number], milliseconds: 100) }
    #expect(times.isSlow(4999))
  }

  @Test(arguments: [
    ("Key (id)=(1) already exists.", ["id"]), ("Key (a, b)=(1, 2) already exists.", ["a", "b"]),
    (#"Key ("Odd, ""name""", b)=((x)=(y), 2) already exists."#, [#"Odd, "name""#, "b"]),
    ("Schlüssel »(lower(email), tier)=(a, b)« existiert bereits.", ["lower(email)", "tier"]), ("", []), ("Key (id", []), ("Key (id)", []),
    ("no parentheses", []), ("Key (\"open)=(1)", []),
  ]) func conflictsNameTheirColumns(detail: String, columns: [String]) {
    #expect(ConflictDetail.columns(detail) == columns)
  }

  @Test func valuesAreNeverInMessages() {
    let error = ServerError(state: "22P02", message: #"invalid input syntax for type integer: "secret""#)
    #expect(error.summary == "SQLSTATE 22P02")
    let other = ServerError(state: "42P01", message: "relation does not exist", detail: "secret")
    #expect(other.summary == "SQLSTATE 42P01: relation does not exist")
  }

  @Test(arguments: [
    ("57014", StoreError.Code.timeout), ("55P03", .timeout), ("25006", .readOnly), ("57P01", .unavailable), ("57P03", .unavailable),
    ("53300", .unavailable), ("53100", .storage), ("58030", .storage), ("XX001", .corrupt), ("42601", .invalidStatement),
    ("22012", .invalidValue), ("28P01", .unavailable), ("08006", .unavailable),
  ]) func statesBecomeErrors(state: String, code: StoreError.Code) {
    guard case .failed(let error) = ServerError(state: state).verdict(step: nil) else {
      Issue.record("another verdict")
      return
    }
    #expect(error.code == code)
  }

  @Test(arguments: ["40001", "40P01"]) func whatOthersUndidIsTriedAgain(state: String) {
    guard case .tryAgain = ServerError(state: state).verdict(step: 3) else {
      Issue.record("another verdict")
      return
    }
  }

  @Test(arguments: [("26000", ""), ("0A000", "cached plan must not change result type")])
  func whatIsNotPreparedIsPreparedAgain(state: String, message: String) {
    guard case .prepareAgain = ServerError(state: state, message: message).verdict(step: 0) else {
      Issue.record("another verdict")
      return
    }
  }

  @Test func theOptionsOfAURLAreReadAsTheServerReadsThem() {
    let settings = ConnectionSettings.settings(of: #"-c search_path=a\ b,c --work_mem=4MB   -cx.y=  -c z=a\\b"#)
    #expect(settings?.map(\.0) == ["search_path", "work_mem", "x.y", "z"])
    #expect(settings?.map(\.1) == ["a b,c", "4MB", "", #"a\b"#])
    for other in ["-c", "-d 5", "-c =1", "search_path=a", "-c a", "--"] { #expect(ConnectionSettings.settings(of: other) == nil) }
    #expect(ConnectionSettings.settings(of: "  ")?.isEmpty == true)
  }

  @Test func behindAPoolerEachTransactionHasTheSettings() throws {
    var options = PostgresOptions()
    options.isBehindPooler = true
    let settings = try ConnectionSettings(url: "postgres://h/d?options=-c%20search_path%3Do%27x", options: options)
    let (reading, writing) = try #require(settings.transactionSettings)
    #expect(writing.hasPrefix("SELECT set_config('search_path', 'o''x', true), set_config('timezone', 'UTC', true), "))
    #expect(reading.contains("set_config('transaction_read_only', 'on', true)") && !writing.contains("read_only"))
    #expect(!settings.parameters(addresses: []).contains { $0.keyword == "options" })
    #expect(throws: StoreError.self) { _ = try ConnectionSettings(url: "postgres://h/d?options=-d5", options: options) }
  }

  @Test(arguments: [("read-write", "primary"), ("read-only", "standby"), ("prefer-standby", "prefer-standby")])
  func whichServerIsMeantIsNotMistakenForOurOwnSettings(given: String, taken: String) throws {
    let settings = try ConnectionSettings(url: "postgres://a,b/d?target_session_attrs=\(given)", options: PostgresOptions())
    let found = settings.parameters(addresses: []).filter { $0.keyword == "target_session_attrs" }
    #expect(found.map(\.value) == [taken])
  }

  @Test func parametersAreTextsWithAnEnd() throws {
    var buffer = ParameterBuffer()
    let first = try buffer.append([.string("a"), .null, .integer(-1)], as: [.text, .text, .integer])
    let second = try buffer.append([.boolean(true)], as: [.boolean])
    #expect(first == 0..<3 && second == 3..<4)
    #expect(buffer.starts == [0, -1, 2, 5])
    #expect(buffer.bytes == Array("a\0-1\0t\0".utf8))
    #expect(throws: StoreError.self) { _ = try buffer.append([.string("a\0")], as: [.text]) }
    #expect(throws: StoreError.self) { _ = try buffer.append([.integer(1)], as: []) }
    #expect(throws: StoreError.self) { _ = try buffer.append([.list([])], as: [.json]) }
  }

  /// Bytes that no server should send, and each kind: an answer or nil, never a trap.
  @Test func hostileTextsAreMisfitsAndNoTraps() {
    var seed: UInt64 = 42
    func next() -> UInt64 {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return seed >> 33
    }
    let alphabet = Array(#"0123456789-+.:TZ tfe\x"{}[],a€"#.utf8) + [0, 255, 0xc3]
    let kinds: [ColumnKind] = [
      .text, .integer, .decimal(scale: 2), .number, .boolean, .timestamp, .date, .uuid, .json, .bytes, .decimalAsReal(scale: 2),
      .timestampAsText, .dateAsText, .timestampAsUnixSeconds, .timestampAsUnixMilliseconds, .booleanAsTexts(yes: "t", no: "f"), .uuidAsText,
    ]
    let seeds = [
      "2026-01-31 10:00:00.123456+00", "-9223372036854775808", "0190163d-8694-739b-aea5-966c26f8ad90", "1e308", "\\x00ff", "{\"a\": 1}",
    ]
    var accepted = 0
    for round in 0..<20_000 {
      var bytes = round % 2 == 0 ? Array(seeds[Int(next() % UInt64(seeds.count))].utf8) : []
      for _ in 0..<(next() % 6) {
        let place = Int(next() % UInt64(bytes.count + 1))
        let byte = alphabet[Int(next() % UInt64(alphabet.count))]
        if place < bytes.count, next() % 2 == 0 { bytes[place] = byte } else { bytes.insert(byte, at: place) }
      }
      let kind = kinds[Int(next() % UInt64(kinds.count))]
      bytes.withUnsafeBufferPointer { buffer in
        var out: [UInt8] = []
        let text = ColumnText(buffer)
        if text.value(as: kind) != nil { accepted += 1 }
        _ = text.appendJSON(as: kind, to: &out)
      }
    }
    #expect(accepted > 1000)
  }
}
