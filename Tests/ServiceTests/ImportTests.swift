import Base
import Contract
import Identity
import JSON
import Store
import Synchronization
import Testing

@testable import Service

/// An import: each record is made or refused as a request by itself would have it.
@Suite struct ImportTests {
  static let contract = """
    martlet: 1
    service: {name: desk, version: v1}
    roles: [chief]
    resources:
      teams:
        fields: {lead: {ref: users, default: caller.id}, name: {type: string, unique: true}}
        access: {create: authenticated, read: record.lead == caller.id}
      tasks:
        history: true
        fields:
          team:  {ref: teams}
          owner: {ref: users, default: caller.id}
          code:  {type: string, unique: true, length: 1..20}
          title: {type: string, required: true, length: 1..40}
          rank:  {type: integer, default: 7}
          price: {type: money, minimum: 0}
          extra: {type: json}
          tags:  {type: list of string}
          done:  {type: boolean}
          weight: {type: decimal, precision: "8,3"}
          inner: {type: string, write: [chief]}
        constraints: {ranked: "input.rank != 13"}
        access: {create: authenticated, read: authenticated, delete: authenticated, export: authenticated}
      parts:
        fields:
          team:   {ref: teams, required: true}
          parent: {ref: parts}
          name:   {type: string, required: true, unique: true}
        access:
          create: record.team.lead == caller.id && (record.parent == null || record.parent.team == record.team)
          read: authenticated
      paid:
        idempotency: required
        fields: {title: {type: string}}
        access: {create: authenticated, read: authenticated}
      anybody:
        fields: {title: {type: string}}
        access: {create: anyone, read: anyone}
      named:
        id: client
        fields: {title: {type: string}}
        access: {create: authenticated, read: authenticated, export: authenticated}
      closed:
        fields: {title: {type: string}}
        access: {read: anyone}
    """

  /// A text in pieces of so many bytes; fails after some of them where it is told to.
  struct Pieces: BytePieces {
    var rest: ArraySlice<UInt8>
    var size = 1000
    var failsAfter: Int?

    init(_ text: String, size: Int = 1000, failsAfter: Int? = nil) {
      rest = Array(text.utf8)[...]
      (self.size, self.failsAfter) = (size, failsAfter)
    }

    mutating func next() async throws(Failure) -> [UInt8]? {
      if let left = failsAfter {
        guard left > 0 else { throw Failure(.badRequest, "The body could not be read to its end") }
        failsAfter = left - 1
      }
      guard !rest.isEmpty else { return nil }
      defer { rest = rest.dropFirst(size) }
      return Array(rest.prefix(size))
    }
  }

  private static func sizes(_ rows: Int) -> ImportSizes {
    var sizes = ImportSizes()
    sizes.rowsMax = rows
    return sizes
  }

  private func run(
    _ bench: Bench, _ resource: String, _ pieces: Pieces, as caller: Caller, form: TransferForm = .ndjson, key: String? = nil,
    rows: Int = 4,
    _ change: (inout RecordImport) -> Void = { _ in }
  ) async throws(Failure) -> JSONValue {
    var order = RecordImport(resource, form, caller: caller, context: bench.context)
    if let key { order.idempotency = Idempotency(key: key, fingerprint: Array("\(resource)\(form)".utf8)) }
    change(&order)
    let answer = try await bench.engine.perform(order, from: pieces, sizes: ImportTests.sizes(rows))
    var json = answer.json
    if answer.isReplayed { json["replayed"] = true }
    return json
  }

  private func counts(_ json: JSONValue) -> [Int64] { [json["created"]?.integerValue ?? -1, json["refused"]?.integerValue ?? -1] }

  /// `LINE CODE`
  private func refusals(_ json: JSONValue) -> [String] {
    (json["errors"]?.arrayValue ?? []).map { "\($0["line"]?.integerValue ?? 0) \($0["code"]?.stringValue ?? "")" }
  }

  private func exported(_ bench: Bench, _ resource: String, as caller: Caller, form: TransferForm = .ndjson, fields: String? = nil)
    async throws
    -> String
  {
    var parameters = ListParameters()
    parameters.fields = fields
    var pages = try await bench.engine.export(
      Operation(.list(parameters), resource: resource, caller: caller, context: bench.context), as: form)
    var out: [UInt8] = []
    while let piece = try await pages.next() { out += piece.bytes }
    return String(decoding: out, as: UTF8.self)
  }

  private func titles(_ bench: Bench, as caller: Caller) async throws -> [String] {
    try await exported(bench, "tasks", as: caller, fields: "title").split(separator: "\n").map {
      try JSONValue(parsing: Array($0.utf8))["title"]?.stringValue ?? ""
    }.sorted()
  }

  @Test("records are made with their defaults and events; what is wrong is told with its line", arguments: BenchStore.withParts)
  func lines(store: BenchStore) async throws {
    try await store.run(ImportTests.contract) { bench in
      let ada = try await bench.caller("ada")
      let text = """
        {"title":"one","code":"a"}
        {"title":"two","code":"a"}

        {"titel":"three"}
        {"title":"four","rank":13}
        {"title":"five","inner":"x"}
        not json
        [1]
        {"title":"six","team":"0190a1fd-0000-7000-8000-000000000000"}
        {"title":"seven","rank":null,"price":{"amount":5,"currency":"EUR"}}
        {"title":"eight","id":"0190a1fd-0000-7000-8000-000000000000"}
        {"title":"nine"}
        """
      for (rows, size) in [(1, 1), (2, 3), (3, 1000), (100, 17)] {
        let mark = "-\(rows)"
        let text = text.replacing("\"code\":\"a\"", with: "\"code\":\"a\(mark)\"")
        let json = try await self.run(bench, "tasks", Pieces(text, size: size), as: ada, rows: rows)
        #expect(self.counts(json) == [3, 8])
        #expect(
          self.refusals(json) == [
            "2 unique", "4 validation", "5 validation", "6 validation", "7 malformed_json", "8 validation", "9 validation", "11 validation",
          ])
        #expect(json["errors"]?.arrayValue?[1]["errors"]?.arrayValue?[0]["pointer"] == "/titel")
      }
      #expect(try await self.titles(bench, as: ada) == ["one", "seven", "nine"].flatMap { Array(repeating: $0, count: 4) }.sorted())
      let rows = try await bench.list("tasks", as: ada) { $0.limit = "100" }.rows
      #expect(rows.filter { $0["title"] == "nine" }.allSatisfy { $0["rank"] == 7 && $0["owner"]?.stringValue == ada.id?.description })
      #expect(rows.filter { $0["title"] == "seven" }.allSatisfy { $0["rank"] == .null })
      let events = try await bench.perform(.history(HistoryParameters()), "tasks", rows[0].id, as: ada).json.rows
      #expect(events.map { $0["action"] } == ["create"])
    }
  }

  @Test("a rule over relations meets what the records before have done, whatever the groups", arguments: BenchStore.withParts)
  func relations(store: BenchStore) async throws {
    try await store.run(ImportTests.contract) { bench in
      let ada = try await bench.caller("ada")
      let bob = try await bench.caller("bob")
      let mine = try await bench.create("teams", #"{"name":"a"}"#, as: ada).id
      let his = try await bench.create("teams", #"{"name":"b"}"#, as: bob).id
      for rows in [1, 2, 5, 50] {
        let text = (0..<20).map { #"{"team":"\#($0 % 7 == 6 ? his : mine)","name":"p\#(rows)-\#($0 % 10 == 9 ? 0 : $0)"}"# }
        let json = try await self.run(bench, "parts", Pieces(text.joined(separator: "\n")), as: ada, rows: rows)
        // Another's team is not there for her; the names of 9 and 19 are taken.
        #expect(self.counts(json) == [16, 4])
        #expect(self.refusals(json).map { $0.split(separator: " ")[0] } == ["7", "10", "14", "20"])
      }
    }
  }

  @Test("many that are refused cost no more than each by itself, and all of the others are made", arguments: BenchStore.withParts)
  func manyRefused(store: BenchStore) async throws {
    try await store.run(ImportTests.contract) { bench in
      let ada = try await bench.caller("ada")
      let text = (0..<300).map { #"{"title":"t","code":"c\#($0 % 3 == 0 ? $0 : $0 % 2)"}"# }.joined(separator: "\n")
      let json = try await self.run(bench, "tasks", Pieces(text), as: ada, rows: 64)
      #expect(self.counts(json) == [101, 199])
    }
  }

  @Test("the same import again makes nothing twice, wherever the first one ended", arguments: BenchStore.withParts)
  func again(store: BenchStore) async throws {
    try await store.run(ImportTests.contract) { bench in
      let ada = try await bench.caller("ada")
      let lines = (0..<50).map { $0 % 10 == 3 ? "junk" : #"{"title":"t\#($0)"}"# }
      let text = lines.joined(separator: "\n") + "\n"
      for cut in stride(from: 0, through: 20, by: 1) {
        do throws(Failure) {
          _ = try await self.run(bench, "tasks", Pieces(text, size: 40, failsAfter: cut), as: ada, key: "k", rows: 3)
          #expect(cut > 15)
        } catch {
          #expect(error.code == .badRequest)
          #expect(error.members.contains { $0.name == "created" })
        }
        #expect(Set(try await self.titles(bench, as: ada)).count == (try await self.titles(bench, as: ada)).count)
      }
      let first = try await self.run(bench, "tasks", Pieces(text), as: ada, key: "k")
      #expect(self.counts(first) == [45, 5])
      #expect(self.refusals(first) == ["4", "14", "24", "34", "44"].map { $0 + " malformed_json" })
      let wanted = (0..<50).filter { $0 % 10 != 3 }.map { "t\($0)" }.sorted()
      #expect(try await self.titles(bench, as: ada) == wanted)
      let second = try await self.run(bench, "tasks", Pieces(text), as: ada, key: "k")
      #expect(second["replayed"] == true)
      #expect(self.refusals(second) == self.refusals(first))
      #expect(try await self.titles(bench, as: ada) == wanted)
      // Other bodies under the same key, and another's key of the same name.
      for other in [text + "{\"title\":\"more\"}\n", text.replacing("t7\"", with: "tx\""), lines.dropLast(3).joined(separator: "\n"), ""] {
        #expect(
          await bench.refusal { () async throws(Failure) in
            try await self.run(bench, "tasks", Pieces(other), as: ada, key: "k")
          } == .idempotencyMismatch)
      }
      #expect(
        await bench.refusal { () async throws(Failure) in
          try await bench.perform(.create, "tasks", as: ada, body: #"{"title":"x"}"#, key: "k")
        }
          == .idempotencyMismatch)
      let bob = try await bench.caller("bob")
      #expect(self.counts(try await self.run(bench, "tasks", Pieces(text), as: bob, key: "k")) == [45, 5])
      // After a day the key is free again.
      bench.clock.advance(seconds: 25 * 3600)
      let caller = try await bench.caller("ada")
      #expect(try await self.run(bench, "tasks", Pieces(text), as: caller, key: "k")["replayed"] == nil)
    }
  }

  @Test("a group that is committed after its sender left is passed over by the next request", arguments: BenchStore.withParts, [1, 3])
  func late(store: BenchStore, rows: Int) async throws {
    try await store.run(ImportTests.contract) { bench in
      let ada = try await bench.caller("ada")
      let text = (0..<12).map { #"{"title":"t\#($0)"}"# }.joined(separator: "\n")
      /// Carries the same import on to a line, the moment that the other one asks for its piece.
      struct Late: BytePieces {
        var pieces: Pieces
        let other: @Sendable () async throws -> Void
        var count = 0
        mutating func next() async throws(Failure) -> [UInt8]? {
          count += 1
          if count == 2 { do { try await other() } catch { throw Failure(.internal, "\(error)") } }
          return try await pieces.next()
        }
      }
      var order = RecordImport("tasks", .ndjson, caller: ada, context: bench.context)
      order.idempotency = Idempotency(key: "late", fingerprint: [1])
      // Not through the turn that one process gives to requests of one key: as another process does it.
      let twin = bench.twin()
      let late = Late(pieces: Pieces(text, size: 60)) { [order] in
        _ = try? await twin.perform(order, from: Pieces(text, size: 60, failsAfter: 2), sizes: ImportTests.sizes(rows))
      }
      let json = try await bench.engine.perform(order, from: late, sizes: ImportTests.sizes(rows)).json
      #expect(self.counts(json) == [12, 0])
      #expect(try await self.titles(bench, as: ada) == (0..<12).map { "t\($0)" }.sorted())
    }
  }

  @Test("strict ends at the first that is refused, with what was made before; mended it goes on", arguments: BenchStore.withParts)
  func strict(store: BenchStore) async throws {
    try await store.run(ImportTests.contract) { bench in
      let ada = try await bench.caller("ada")
      for (number, bad) in [#"{"titel":"x"}"#, #"{"title":"x","code":"c0"}"#].enumerated() {
        var lines = (0..<20).map { #"{"title":"t\#($0)","code":"c\#(number == 0 ? "x" : "")\#($0)"}"# }
        lines[11] = bad
        do throws(Failure) {
          _ = try await self.run(bench, "tasks", Pieces(lines.joined(separator: "\n")), as: ada, key: "s\(number)") { $0.isStrict = true }
          Issue.record("it went through")
        } catch {
          #expect(error.code == (number == 0 ? .validation : .unique))
          let members = Dictionary(error.members.map { ($0.name, String(decoding: $0.json, as: UTF8.self)) }) { first, _ in first }
          #expect(members["line"] == "12")
          #expect(members["created"] == "11")
        }
        lines[11] = #"{"title":"mended"}"#
        let json = try await self.run(bench, "tasks", Pieces(lines.joined(separator: "\n")), as: ada, key: "s\(number)") {
          $0.isStrict = true
        }
        #expect(self.counts(json) == [20, 0])
      }
      #expect(try await self.titles(bench, as: ada).count == 40)
    }
  }

  @Test("what an export of either form gives is read back as it was", arguments: BenchStore.withParts, TransferForm.allCases)
  func roundTrip(store: BenchStore, form: TransferForm) async throws {
    try await store.run(ImportTests.contract) { bench in
      let ada = try await bench.caller("ada")
      let team = try await bench.create("teams", #"{"name":"a"}"#, as: ada).id
      let text = #"""
        {"title":"=1+1","code":"a","team":"\#(team)","rank":-3,"price":{"amount":1,"currency":"EUR"},"extra":{"a":[null,"x\n"]},"tags":["a,b","\""]}
        {"title":"say \"hi\",\r\n then","code":"","rank":null,"done":true,"weight":"1.250","extra":"text","tags":[]}
        {"title":"é \u2028","code":"b","extra":[],"done":false}
        {"title":" ","code":"c","inner":"in"}
        """#.replacing("\"code\":\"\",", with: "\"code\":\"-\",")
      let chief = try await bench.caller("ada", roles: ["chief"])
      #expect(self.counts(try await self.run(bench, "tasks", Pieces(text), as: chief)) == [4, 0])
      let fields = "title,code,team,rank,price,extra,tags,done,weight,inner,owner"
      // Ids that are made in the same millisecond have no order.
      func lines() async throws -> [String] {
        try await self.exported(bench, "tasks", as: chief, fields: fields).split(separator: "\n").map(String.init).sorted()
      }
      let before = try await lines()
      let first = try await self.exported(bench, "tasks", as: chief, form: form, fields: fields)
      let whole = try await self.exported(bench, "tasks", as: chief, form: form)
      try await ImportTests.empty(bench)
      for (text, isLenient) in [(first, false), (whole, true)] {
        let json = try await self.run(bench, "tasks", Pieces(text, size: 7), as: chief, form: form) { $0.isLenient = isLenient }
        #expect(self.counts(json) == [4, 0], "\(json)")
        #expect(try await lines() == before)
        try await ImportTests.empty(bench)
      }
      // As it stands an export has what the service keeps.
      #expect(self.counts(try await self.run(bench, "tasks", Pieces(whole), as: chief, form: form)) == [0, 4])
    }
  }

  private static func empty(_ bench: Bench) async throws {
    let ada = try await bench.caller("ada")
    for row in try await bench.list("tasks", as: ada).rows { _ = try await bench.perform(.delete, "tasks", row.id, as: ada) }
  }

  @Test("ids come along where the contract leaves them to clients")
  func ids() async throws {
    let bench = try await Bench(ImportTests.contract)
    let ada = try await bench.caller("ada")
    let text = #"{"id":"0190a1fd-0000-7000-8000-000000000001","title":"a"}"#
    #expect(counts(try await run(bench, "named", Pieces(text), as: ada)) == [1, 0])
    #expect(refusals(try await run(bench, "named", Pieces(text), as: ada)) == ["1 unique"])
    let whole = try await exported(bench, "named", as: ada)
    #expect(counts(try await run(bench, "named", Pieces(whole), as: ada) { $0.isLenient = true }) == [0, 1])
  }

  @Test("who may not create may not import, and a key that is required is required")
  func access() async throws {
    let bench = try await Bench(ImportTests.contract)
    let ada = try await bench.caller("ada")
    let line = Pieces(#"{"title":"a"}"#)
    #expect(await bench.refusal { () async throws(Failure) in try await run(bench, "closed", line, as: ada) } == .forbidden)
    #expect(await bench.refusal { () async throws(Failure) in try await run(bench, "tasks", line, as: .anonymous) } == .unauthenticated)
    #expect(await bench.refusal { () async throws(Failure) in try await run(bench, "paid", line, as: ada) } == .idempotencyKeyMissing)
    #expect(counts(try await run(bench, "paid", line, as: ada, key: "k")) == [1, 0])
    #expect(counts(try await run(bench, "anybody", line, as: .anonymous)) == [1, 0])
    #expect(
      await bench.refusal { () async throws(Failure) in try await run(bench, "anybody", line, as: .anonymous, key: "k") } == .badRequest)
  }

  @Test("comma-separated values: names, cells and lines that are wrong")
  func csv() async throws {
    let bench = try await Bench(ImportTests.contract)
    let ada = try await bench.caller("ada")
    func header(_ text: String) async -> [String] {
      do throws(Failure) {
        _ = try await run(bench, "tasks", Pieces(text), as: ada, form: .csv)
        return []
      } catch {
        return [error.code.rawValue] + error.items.map { "\($0.pointer ?? "") \($0.code)" }
      }
    }
    #expect(await header("titel,title,title,price\n") == ["validation", "/titel unknown_field", "/title csv", "/price unknown_field"])
    #expect(await header("title,\n") == ["validation", "/ unknown_field"])
    #expect(await header("title\n\"a\n") == ["validation", " csv"])
    #expect(await header("title,rank\na\"b,1\n") == ["validation", " csv"])
    let text =
      "\u{feff}title,rank,price.currency,price.amount,extra,done,inner\r\na,1,EUR,5,\"{\"\"x\"\":1}\",true,\r\n"
      + "b,x,,,,,\r\nc,,,5,,,\r\nd,,,,{bad,,\r\n\r\ne,1\r\n\"f\n\",01,,,,,\r\ng,,,,,yes,\r\n\"\",,,,,,\r\nh,,,,,,\r\n"
    let json = try await run(bench, "tasks", Pieces(text, size: 5), as: ada, form: .csv)
    #expect(counts(json) == [2, 7])
    #expect(refusals(json) == ["3", "4", "5", "7", "8", "10", "11"].map { $0 + " validation" })
    let pointers = (json["errors"]?.arrayValue ?? []).map { $0["errors"]?.arrayValue?.first?["pointer"]?.stringValue ?? "" }
    #expect(pointers == ["/rank", "/price/currency", "/extra", "", "/rank", "/done", "/title"])
    #expect(try await titles(bench, as: ada) == ["a", "h"])
    var bytes = Pieces("title\nok\n")
    bytes.rest += [0xff, 0x0a]
    #expect(refusals(try await run(bench, "tasks", bytes, as: ada, form: .csv)) == ["3 validation"])
  }

  @Test("a line without an end is refused in bounded memory, and what follows it is read")
  func longLine() async throws {
    let bench = try await Bench(ImportTests.contract, memory: MemoryBudget(limit: 20_000_000))
    let ada = try await bench.caller("ada")
    struct Long: BytePieces {
      var left = 300
      mutating func next() async throws(Failure) -> [UInt8]? {
        left -= 1
        if left == 0 { return Array("\n{\"title\":\"behind\"}".utf8) }
        return left < 0 ? nil : [UInt8](repeating: UInt8(ascii: "x"), count: 64 << 10)
      }
    }
    for form in TransferForm.allCases where form == .ndjson {
      let order = RecordImport("tasks", form, caller: ada, context: bench.context)
      let json = try await bench.engine.perform(order, from: Long()).json
      #expect(counts(json) == [1, 1])
      #expect(refusals(json) == ["1 body_too_large"])
    }
  }

  @Test("of very many refusals some are told and all are counted")
  func manyErrors() async throws {
    let bench = try await Bench(ImportTests.contract)
    let ada = try await bench.caller("ada")
    let json = try await run(bench, "tasks", Pieces(String(repeating: "{}\n", count: 5_000)), as: ada, rows: 100)
    #expect(counts(json) == [0, 5_000])
    let told = json["errors"]?.arrayValue?.count ?? 0
    #expect(told > 100 && told <= 1_000)
    #expect(told * 60 < 100_000)
  }

  @Test("it waits for memory, and gives up in the end with what was done")
  func memory() async throws {
    let memory = MemoryBudget(limit: 4_000_000)
    let bench = try await Bench(ImportTests.contract, memory: memory)
    let ada = try await bench.caller("ada")
    let text = String(repeating: "{\"title\":\"a\"}\n", count: 200)
    for isEnd in [false, true] {
      let refusals = memory.refusals
      var hog = memory.count(memory.limit)
      let order = RecordImport("tasks", .ndjson, caller: ada, context: bench.context)
      let work = Task { try await bench.engine.perform(order, from: Pieces(text)) }
      while memory.refusals == refusals { await Task.yield() }
      #expect(hog != nil)
      if isEnd {
        bench.clock.advance(seconds: 60)
        await #expect(throws: Failure.self) { _ = try await work.value }
        hog = nil
      } else {
        hog = nil
        #expect(counts(try await work.value.json) == [200, 0])
      }
    }
    #expect(memory.held == 0)
  }

  @Test("whatever comes, it ends with an answer or a refusal", arguments: TransferForm.allCases)
  func garbage(form: TransferForm) async throws {
    let bench = try await Bench(ImportTests.contract)
    let ada = try await bench.caller("ada")
    var state: UInt64 = 3
    func random() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 33
    }
    let alphabet: [UInt8] = Array("{}[]\":,\\ntf012-.eE \r\n\t\"title\"\u{feff}".utf8) + [0, 0xff, 0xc3]
    for _ in 0..<200 {
      var bytes = form == .csv ? Array("title,rank\n".utf8) : []
      for _ in 0..<Int(random() % 300) { bytes.append(alphabet[Int(random() % UInt64(alphabet.count))]) }
      var pieces = Pieces("", size: Int(random() % 20) + 1)
      pieces.rest = bytes[...]
      do throws(Failure) {
        _ = try await run(bench, "tasks", pieces, as: ada, form: form)
      } catch {
        #expect(error.code == .validation)
      }
    }
  }
}
