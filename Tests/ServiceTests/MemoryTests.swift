import Base
import JSON
import Service
import Store
import Testing

@Suite("Operations and the memory budget", .timeLimit(.minutes(1))) struct MemoryTests {
  static let contract = """
    martlet: 1
    service: {name: memory, version: v1}
    store: {url: "sqlite:unused"}
    resources:
      boxes:
        fields:
          name: {type: string, required: true}
          text: {type: text}
          more: {type: text}
          notes: {many: notes, by: box}
        access: {read: anyone, create: anyone, update: anyone, delete: anyone}
      notes:
        fields:
          box: {ref: boxes, required: true, on_delete: cascade}
          text: {type: text}
        access: {read: anyone, create: anyone, update: anyone, delete: anyone}
    """

  private static let long = String(repeating: "x", count: 60_000)
  private static func box(_ bench: Bench) async throws -> String {
    try await bench.create("boxes", #"{"name":"a","text":"\#(long)","more":"\#(long)"}"#).id
  }

  /// Waits until no more than that is held: a thread lets go of what it read a little after its reader has gone on.
  private static func settle(_ memory: MemoryBudget, at held: Int = 0) async {
    while memory.held != held { await Task.yield() }
  }

  /// Runs a body where only so many large bytes are left.
  private static func leaving(_ bytes: Int, of memory: MemoryBudget, _ body: () async throws -> Void) async throws {
    let filler = memory.count(memory.largeLimit - memory.held - bytes)
    try await body()
    withExtendedLifetime(filler) {}
  }

  @Test("a read that outgrows what is left is overloaded, a small one is answered, and all comes back") func reads() async throws {
    let memory = MemoryBudget(limit: 64 << 20)
    let bench = try await Bench(MemoryTests.contract, memory: memory)
    for _ in 0..<30 { _ = try await MemoryTests.box(bench) }
    let small = try await bench.create("boxes", #"{"name":"b"}"#).id
    try await MemoryTests.leaving(1_500_000, of: memory) {
      #expect(await bench.refusal { () throws(Failure) in try await bench.list("boxes") { $0.limit = "30" } } == .overloaded)
      let read = try await bench.read("boxes", small)
      #expect(read["name"]?.stringValue == "b")
      let page = try await bench.list("boxes") { $0.limit = "1" }
      #expect(page.rows.count == 1)
    }
    await MemoryTests.settle(memory)
    var parameters = ListParameters()
    parameters.limit = "30"
    var answer: Answer? = try await bench.perform(.list(parameters), "boxes")
    let size = try #require(answer?.body.count)
    #expect(size > 29 * 120_000)
    let covered = try #require(answer?.lease).bytes
    #expect(covered >= size && covered <= size * 2)
    #expect(memory.held >= size)
    answer = nil
    await MemoryTests.settle(memory)
  }

  @Test("an answer that grows by what it includes asks as it grows") func includes() async throws {
    let memory = MemoryBudget(limit: 64 << 20)
    let bench = try await Bench(MemoryTests.contract, memory: memory)
    let box = try await MemoryTests.box(bench)
    for _ in 0..<100 { _ = try await bench.create("notes", #"{"box":"\#(box)"}"#) }
    var parameters = ListParameters()
    parameters.limit = "100"
    parameters.include = "box"
    // A hundred times the same record of 120 kB.
    let answer = try await bench.perform(.list(parameters), "notes")
    #expect(answer.body.count > 12_000_000)
    #expect(try #require(answer.lease).bytes >= answer.body.count)
    try await MemoryTests.leaving(3_000_000, of: memory) {
      #expect(await bench.refusal { () throws(Failure) in try await bench.perform(.list(parameters), "notes") } == .overloaded)
    }
  }

  @Test("a page before a cursor is covered, copy and all") func backwards() async throws {
    let memory = MemoryBudget(limit: 64 << 20)
    let bench = try await Bench(MemoryTests.contract, memory: memory)
    for _ in 0..<12 { _ = try await MemoryTests.box(bench) }
    let first = try await bench.list("boxes") { $0.limit = "6" }
    let cursor = try #require(first.page("next").stringValue)
    let second = try await bench.list("boxes") {
      $0.limit = "6"
      $0.after = cursor
    }
    let back = try #require(second.page("previous").stringValue)
    let again = try await bench.list("boxes") {
      $0.limit = "6"
      $0.before = back
    }
    #expect(again.rows.map(\.id) == first.rows.map(\.id))
    await MemoryTests.settle(memory)
  }

  @Test("a change of a large record that finds no room changes nothing", arguments: [false, true])
  func changes(isDeletion: Bool) async throws {
    let memory = MemoryBudget(limit: 64 << 20)
    let bench = try await Bench(MemoryTests.contract, memory: memory)
    let box = try await MemoryTests.box(bench)
    for _ in 0..<20 { _ = try await bench.create("notes", #"{"box":"\#(box)","text":"\#(MemoryTests.long)"}"#) }
    try await MemoryTests.leaving(400_000, of: memory) {
      let refused = await bench.refusal { () throws(Failure) in
        isDeletion ? try await bench.perform(.delete, "boxes", box) : try await bench.perform(.update, "boxes", box, body: #"{"name":"c"}"#)
      }
      #expect(refused == .overloaded)
    }
    #expect(try await bench.read("boxes", box)["name"]?.stringValue == "a")
    #expect(try await bench.list("notes").rows.count == 20)
    if isDeletion {
      _ = try await bench.perform(.delete, "boxes", box)
      #expect(try await bench.list("notes").rows.isEmpty)
    } else {
      #expect(try await bench.perform(.update, "boxes", box, body: #"{"name":"c"}"#).json["name"]?.stringValue == "c")
    }
    await MemoryTests.settle(memory)
  }

  @Test("the answer of a change that was made is never lost for want of room") func committed() async throws {
    let memory = MemoryBudget(limit: 64 << 20)
    let bench = try await Bench(MemoryTests.contract, memory: memory)
    let body = #"{"name":"d","text":"\#(MemoryTests.long)"}"#
    try await MemoryTests.leaving(0, of: memory) {
      let held = memory.held
      var answer: Answer? = try await bench.perform(.create, "boxes", body: body, key: "k")
      #expect(answer?.status == .created)
      #expect(memory.held >= held + 60_000)
      answer = nil
      await MemoryTests.settle(memory, at: held)
    }
    let replayed = try await bench.perform(.create, "boxes", body: body, key: "k")
    #expect(replayed.isReplayed)
    #expect(try #require(replayed.lease).bytes >= replayed.body.count)
  }
}
