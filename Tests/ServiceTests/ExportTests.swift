import Base
import Contract
import Identity
import JSON
import Store
import Testing

@testable import Service

/// An export: every record that its caller may export and read, once, in pieces.
@Suite struct ExportTests {
  static let contract = """
    martlet: 1
    service: {name: desk, version: v1}
    roles: [chief, clerk, auditor]
    resources:
      teams:
        fields: {lead: {ref: users, default: caller.id}, name: {type: string}}
        access: {create: authenticated, read: authenticated}
      tasks:
        delete: soft
        fields:
          team:  {ref: teams, required: true}
          owner: {ref: users, default: caller.id}
          title: {type: string, required: true}
          rank:  {type: integer}
          price: {type: money}
          extra: {type: json}
          done:  {type: boolean}
          hint:  {type: string, read: record.owner == caller.id}
          inner: {type: string, read: [chief]}
        filterable: [rank]
        scan: 20
        access:
          create: authenticated
          read:   record.team.lead == caller.id || caller.has_role("chief") || caller.has_role("clerk")
          delete: record.owner == caller.id
          export: caller.has_role("chief") || caller.has_role("auditor") || (caller.has_role("clerk") && record.rank > 5)
      closed:
        fields: {title: {type: string}}
        access: {create: authenticated, read: anyone}
      open:
        fields: {title: {type: string, required: true, search: true}}
        access: {create: anyone, read: anyone, export: anyone}
      named:
        id: client
        filterable: [title]
        fields: {title: {type: string}}
        access: {create: anyone, read: anyone, update: anyone, delete: anyone, export: anyone}
    """

  /// Small pages and ranges, so that few records need many.
  private static let small: ExportSizes = {
    var sizes = ExportSizes()
    sizes.rowsFirst = 2
    sizes.rowsMin = 2
    sizes.rowsMax = 4
    sizes.rangeRows = 5
    return sizes
  }()

  private func pages(
    _ bench: Bench, _ resource: String, as caller: Caller, form: TransferForm = .ndjson, sizes: ExportSizes = small,
    _ change: (inout ListParameters) -> Void = { _ in }
  ) async throws(Failure) -> any RecordPages {
    var parameters = ListParameters()
    change(&parameters)
    return try await bench.engine.export(
      Operation(.list(parameters), resource: resource, caller: caller, context: bench.context), as: form, sizes: sizes)
  }

  private func text(
    _ bench: Bench, _ resource: String, as caller: Caller, form: TransferForm = .ndjson, sizes: ExportSizes = small,
    _ change: (inout ListParameters) -> Void = { _ in }
  ) async throws(Failure) -> String {
    var pages = try await pages(bench, resource, as: caller, form: form, sizes: sizes, change)
    var out: [UInt8] = []
    while let piece = try await pages.next() { out += piece.bytes }
    return String(decoding: out, as: UTF8.self)
  }

  private func titles(_ text: String) throws -> [String] {
    try text.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8))["title"]?.stringValue ?? "" }
  }

  /// Tasks t0, t1 ... of two teams, in turns; the rank of each is its number.
  private func fill(_ bench: Bench, count: Int) async throws -> (lead: Caller, other: Caller) {
    let lead = try await bench.caller("lead")
    let other = try await bench.caller("other")
    let teams = [
      try await bench.create("teams", #"{"name":"a"}"#, as: lead).id, try await bench.create("teams", #"{"name":"b"}"#, as: other).id,
    ]
    for number in 0..<count {
      bench.clock.advance(seconds: 1)
      _ = try await bench.create(
        "tasks", #"{"team":"\#(teams[number % 2])","title":"t\#(number)","rank":\#(number),"hint":"h"}"#, as: number % 2 == 0 ? lead : other
      )
    }
    return (lead, other)
  }

  @Test("every record comes once, in the order of ids, whatever the pages", arguments: BenchStore.withParts)
  func whole(store: BenchStore) async throws {
    try await store.run(ExportTests.contract) { bench in
      _ = try await self.fill(bench, count: 23)
      let chief = try await bench.caller("chief", roles: ["chief"])
      let all = (0..<23).map { "t\($0)" }
      for rows in 1...7 {
        for range in [1, 2, 5, 22, 23, 24, 100] {
          var sizes = ExportSizes()
          (sizes.rowsFirst, sizes.rowsMin, sizes.rowsMax, sizes.rangeRows) = (rows, rows, rows, range)
          #expect(try self.titles(try await self.text(bench, "tasks", as: chief, sizes: sizes)) == all)
          let some = try await self.text(bench, "tasks", as: chief, sizes: sizes) { $0.filter = "rank > 3 && rank != 9 && rank < 20" }
          #expect(try self.titles(some) == (4..<20).filter { $0 != 9 }.map { "t\($0)" }, "\(rows) of \(range)")
        }
      }
      #expect(try await self.text(bench, "tasks", as: chief) { $0.filter = "rank > 100" } == "")
      #expect(try self.titles(try await self.text(bench, "tasks", as: chief) { $0.equals = [("rank", "7")] }) == ["t7"])
      let fields = try await self.text(bench, "tasks", as: chief) { ($0.fields, $0.filter) = ("title,rank", "rank == 3") }
      #expect(fields == "{\"title\":\"t3\",\"rank\":3}\n")
    }
  }

  @Test("nobody exports what it may not read, or may not export", arguments: BenchStore.withParts)
  func rules(store: BenchStore) async throws {
    try await store.run(ExportTests.contract) { bench in
      let (lead, _) = try await self.fill(bench, count: 12)
      let clerk = try await bench.caller("clerk", roles: ["clerk"])
      #expect(try self.titles(try await self.text(bench, "tasks", as: clerk)) == (6..<12).map { "t\($0)" })
      // May export all that it reads, and reads its team's alone.
      let auditor = try await bench.caller("lead", roles: ["auditor"])
      #expect(auditor.id == lead.id)
      var sizes = ExportTests.small
      for rows in [1, 2, 3, 6, 7] {
        (sizes.rowsFirst, sizes.rowsMin, sizes.rowsMax) = (rows, rows, rows)
        #expect(try self.titles(try await self.text(bench, "tasks", as: auditor, sizes: sizes)) == (0..<6).map { "t\($0 * 2)" })
      }
      #expect(try await self.text(bench, "tasks", as: try await bench.caller("nobody", roles: ["auditor"])) == "")
      #expect(await bench.refusal { () async throws(Failure) in try await self.text(bench, "tasks", as: lead) } == .forbidden)
      #expect(await bench.refusal { () async throws(Failure) in try await self.text(bench, "tasks", as: .anonymous) } == .unauthenticated)
      #expect(await bench.refusal { () async throws(Failure) in try await self.text(bench, "closed", as: lead) } == .forbidden)
      #expect(await bench.refusal { () async throws(Failure) in try await self.text(bench, "nothing", as: lead) } == .notFound)
    }
  }

  @Test("more of the caller's own rows than are sorted at once", arguments: BenchStore.withParts)
  func manyOfItsOwn(store: BenchStore) async throws {
    try await store.run(ExportTests.contract) { bench in
      // More than `scan: 20` of one team.
      _ = try await self.fill(bench, count: 60)
      let auditor = try await bench.caller("lead", roles: ["auditor"])
      #expect(try self.titles(try await self.text(bench, "tasks", as: auditor)) == (0..<30).map { "t\($0 * 2)" })
    }
  }

  @Test("rules of fields hold for each row", arguments: BenchStore.withParts)
  func fieldRules(store: BenchStore) async throws {
    try await store.run(ExportTests.contract) { bench in
      _ = try await self.fill(bench, count: 4)
      let chief = try await bench.caller("lead", roles: ["chief"])
      let auditor = try await bench.caller("lead", roles: ["auditor"])
      let shown = try await self.text(bench, "tasks", as: chief) { $0.fields = "title,hint,inner" }
      #expect(
        shown == #"""
          {"title":"t0","hint":"h","inner":null}
          {"title":"t1","inner":null}
          {"title":"t2","hint":"h","inner":null}
          {"title":"t3","inner":null}

          """#)
      let csv = try await self.text(bench, "tasks", as: chief, form: .csv) { $0.fields = "title,hint,inner" }
      #expect(csv == "title,hint,inner\r\nt0,h,\r\nt1,,\r\nt2,h,\r\nt3,,\r\n")
      #expect(
        await bench.refusal { () async throws(Failure) in try await self.text(bench, "tasks", as: auditor) { $0.fields = "inner" } }
          == .badParameter)
      #expect(
        try await self.text(bench, "tasks", as: auditor, form: .csv).hasPrefix(
          "id,team,owner,title,rank,price.amount,price.currency,extra,done,hint,created_at,updated_at,deleted_at,revision\r\n"))
    }
  }

  @Test("deleted records come for who may delete them", arguments: BenchStore.withParts)
  func deleted(store: BenchStore) async throws {
    try await store.run(ExportTests.contract) { bench in
      let (lead, _) = try await self.fill(bench, count: 9)
      let chief = try await bench.caller("lead", roles: ["chief"])
      let rows = try await bench.list("tasks", as: chief) { $0.limit = "100" }.rows
      for row in rows where row["rank"]?.integerValue == 4 { _ = try await bench.perform(.delete, "tasks", row.id, as: lead) }
      #expect(try self.titles(try await self.text(bench, "tasks", as: chief)).contains("t4") == false)
      #expect(try self.titles(try await self.text(bench, "tasks", as: chief) { $0.deleted = "include" }) == (0..<9).map { "t\($0)" })
      let other = try await bench.caller("other", roles: ["chief"])
      #expect(try self.titles(try await self.text(bench, "tasks", as: other) { $0.deleted = "include" }).contains("t4") == false)
    }
  }

  @Test("what is not of an export is refused by its name")
  func parameters() async throws {
    let bench = try await Bench(ExportTests.contract)
    let changes: [@Sendable (inout ListParameters) -> Void] = [
      { $0.limit = "5" }, { $0.after = "x" }, { $0.before = "x" }, { $0.sort = "-id" }, { $0.include = "team" }, { $0.count = "exact" },
      { $0.equals = [("nmae", "x")] },
    ]
    for change in changes {
      #expect(
        await bench.refusal { () async throws(Failure) in try await self.text(bench, "open", as: .anonymous, change) } == .unknownParameter)
    }
    let filter = { (text: String) in
      await bench.refusal { () async throws(Failure) in try await self.text(bench, "open", as: .anonymous) { $0.filter = text } }
    }
    #expect(await filter("title ==") == .badParameter)
    #expect(await filter(#"title == "x""#) == .notFilterable)
  }

  @Test("words find what a search finds", arguments: BenchStore.withParts)
  func search(store: BenchStore) async throws {
    try await store.run(ExportTests.contract) { bench in
      for number in 0..<40 {
        bench.clock.advance(seconds: 1)
        _ = try await bench.create("open", #"{"title":"\#(number % 3 == 0 ? "green" : "black") tea \#(number)"}"#)
      }
      let found = try await self.text(bench, "open", as: .anonymous) { $0.search = "green tea" }
      #expect(try self.titles(found) == stride(from: 0, to: 40, by: 3).map { "green tea \($0)" })
      #expect(try await self.text(bench, "open", as: .anonymous) { $0.search = "white" } == "")
    }
  }

  @Test("as comma-separated values null, an empty text and whatever a text holds are told apart", arguments: BenchStore.withParts)
  func csv(store: BenchStore) async throws {
    try await store.run(ExportTests.contract) { bench in
      let chief = try await bench.caller("chief", roles: ["chief"])
      let team = try await bench.create("teams", #"{"name":"a"}"#, as: chief).id
      let bodies = [
        #""title":"=cmd|' /C calc'!A0","rank":-1,"price":{"amount":499,"currency":"EUR"},"extra":{"a":[1,"x,y"]},"done":true"#,
        #""title":"","rank":null"#, #""title":"say \"hi\",\r\nthen go","extra":"text","done":false"#,
      ]
      for body in bodies {
        bench.clock.advance(seconds: 1)
        _ = try await bench.create("tasks", #"{"team":"\#(team)",\#(body)}"#, as: chief)
      }
      let text = try await self.text(bench, "tasks", as: chief, form: .csv) { $0.fields = "title,rank,price,extra,done" }
      let object = #"{""a"":[1,""x,y""]}"#
      #expect(
        text
          == "title,rank,price.amount,price.currency,extra,done\r\n"
          + "=cmd|' /C calc'!A0,-1,499,EUR,\"\(object)\",true\r\n" + "\"\",,,,,\r\n"
          + "\"say \"\"hi\"\",\r\nthen go\",,,,\"\"\"text\"\"\",false\r\n")
      #expect(try await self.text(bench, "tasks", as: chief, form: .csv) { ($0.fields, $0.filter) = ("rank", "rank > 9") } == "rank\r\n")
    }
  }

  @Test("what comes and goes while it runs neither doubles nor hides what is there all the time", arguments: BenchStore.withParts)
  func changes(store: BenchStore) async throws {
    try await store.run(ExportTests.contract) { bench in
      func put(_ number: Int) async throws {
        let id = "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - String(number).count) + String(number)
        _ = try await bench.perform(.replace, "named", id, body: #"{"title":"n\#(number)"}"#)
      }
      func drop(_ number: Int) async throws {
        let id = "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - String(number).count) + String(number)
        _ = try await bench.perform(.delete, "named", id)
      }
      // Every tenth number stays; the others come and go between the pages.
      for number in stride(from: 10, through: 300, by: 10) { try await put(number) }
      for filter in [nil, #"title != "x""#] {
        var pages = try await self.pages(bench, "named", as: .anonymous) { $0.filter = filter }
        var seen: [String] = []
        var number = 1
        while let piece = try await pages.next() {
          seen += try self.titles(String(decoding: piece.bytes, as: UTF8.self))
          for step in 0..<9 {
            let place = (number * 7 + step * 31) % 300
            if place % 10 != 0 { try await put(place) }
            let other = (number * 11 + step * 17) % 300
            if other % 10 != 0 { _ = try? await drop(other) }
          }
          number += 1
        }
        #expect(Set(seen).count == seen.count)
        let staying = stride(from: 10, through: 300, by: 10).map { "n\($0)" }
        #expect(staying.allSatisfy(seen.contains))
      }
    }
  }

  @Test("a walk that the process has no room for goes on when there is some again, and gives up in the end")
  func memory() async throws {
    let memory = MemoryBudget(limit: 4_000_000)
    let bench = try await Bench(ExportTests.contract, memory: memory)
    let title = String(repeating: "x", count: 200)
    for _ in 0..<200 { _ = try await bench.create("open", #"{"title":"\#(title)"}"#) }
    for isEnd in [false, true] {
      var sizes = ExportSizes()
      (sizes.rowsFirst, sizes.rowsMin) = (128, 128)
      let pages = try await self.pages(bench, "open", as: .anonymous, sizes: sizes)
      let refusals = memory.refusals
      var hog = memory.count(memory.limit)
      let walk = Task {
        var pages = pages
        var count = 0
        while let piece = try await pages.next() { count += piece.bytes.count(where: { $0 == 0x0a }) }
        return count
      }
      while memory.refusals == refusals { await Task.yield() }
      #expect(hog != nil)
      if isEnd {
        bench.clock.advance(seconds: 60)
        await #expect(throws: Failure.self) { _ = try await walk.value }
        hog = nil
      } else {
        hog = nil
        #expect(try await walk.value == 200)
      }
    }
    #expect(memory.held == 0)
  }
}
