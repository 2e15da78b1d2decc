import Base
import Identity
import JSON
import Service
import Store
import TestSupport
import Testing

/// Random changes of a few records, by a clock that stands still, runs and goes back; then every moment is asked for, and must
/// give what a model wrote down when it was made.
@Suite struct PastAgreementTests {
  static let contract = """
    martlet: 1
    service: {name: desk, version: v1}
    resources:
      boards:
        history: true
        fields: {name: {type: string}}
        access: {create: anyone, read: anyone, update: anyone, delete: anyone}
      cards:
        history: true
        fields:
          board:  {ref: boards, on_delete: set_null}
          title:  {type: string, length: 1..40, required: true}
          price:  {type: money}
          weight: {type: decimal, precision: "9,3"}
          tags:   {type: list of string}
          more:   {type: json}
          due:    {type: date}
          state:  {type: enum, values: [open, done], default: open}
        access: {create: anyone, read: anyone, update: anyone, delete: anyone}
        states:
          field: state
          transitions:
            finish: {from: open, to: done, access: anyone}
            reopen: {from: done, to: open, access: anyone}
    """

  /// What was answered for a record, newest last; nil for its deletion.
  struct Model: Sendable {
    var states: [JSONValue] = []
    var actions: [String] = []
  }

  private static func text(_ random: inout some RandomNumberGenerator) -> String {
    let changes = [
      #""title": "t\#(Int.random(in: 0..<5, using: &random))""#,
      #""price": {"amount": \#(Int.random(in: 0..<3, using: &random)), "currency": "EUR"}"#,
      #""price": null"#, #""weight": "\#(Int.random(in: -9..<9, using: &random)).250""#, #""tags": ["a", "\u00fc"]"#, #""tags": null"#,
      #""more": {"b": [1, 2.5, null], "a": {"": "\\\""}}"#, #""more": null"#,
      #""due": "2026-02-2\#(Int.random(in: 0..<9, using: &random))""#,
    ]
    let chosen = Set((0..<Int.random(in: 1...3, using: &random)).map { _ in Int.random(in: 0..<changes.count, using: &random) })
    // One value for each member.
    var seen: Set<Substring> = []
    return chosen.sorted().map { changes[$0] }.filter { seen.insert($0.prefix(5)).inserted }.joined(separator: ", ")
  }

  @Test(arguments: BenchStore.available, [1, 2, 3] as [UInt64]) func everyMomentIsAsItWas(_ store: BenchStore, seed: UInt64) async throws {
    try await store.run(Self.contract) { bench in
      var random = SplitMix64(seed: seed)
      var boards: [String] = []
      var models: [String: Model] = [:]
      for _ in 0..<3 { boards.append(try await bench.create("boards", "{}").id) }
      for _ in 0..<4 {
        let board = boards.randomElement(using: &random).map { "\"\($0)\"" } ?? "null"
        let made = try await bench.create("cards", #"{"title": "t", "board": \#(board)}"#)
        models[made.id] = Model(states: [made], actions: ["create"])
      }
      let ids = models.keys.sorted()
      for step in 0..<60 {
        bench.clock.advance(seconds: [0, 0, 1, 7, -3].randomElement(using: &random) ?? 0)
        let id = ids.randomElement(using: &random) ?? ""
        let action: Operation.Action =
          [.update, .update, .replace, .transition("finish"), .transition("reopen")]
          .randomElement(using: &random) ?? .update
        var body = "{" + Self.text(&random) + "}"
        if case .transition = action { body = "" }
        if action == .replace { body = #"{"title": "r\#(step)"}"# }
        do throws(Failure) {
          let json = try await bench.perform(action, "cards", id, body: body).json
          // What changes nothing is no change.
          if json["revision"] == models[id]?.states.last?["revision"] { continue }
          models[id]?.states.append(json)
          models[id]?.actions.append(
            action == .replace ? "replace" : body.isEmpty ? "\(json["state"] == "done" ? "finish" : "reopen")" : "update")
        } catch {
          #expect(error.code == .wrongState)
        }
        if step == 30 {
          // Those that stood on it let go of it, all at once.
          _ = try await bench.perform(.delete, "boards", boards[0])
          boards[0] = boards[1]
          for id in ids {
            let now = try await bench.read("cards", id)
            guard now["revision"] != models[id]?.states.last?["revision"] else { continue }
            models[id]?.states.append(now)
            models[id]?.actions.append("update")
          }
        }
      }
      bench.clock.advance(seconds: 100_000)
      for (id, model) in models { try await Self.compare(bench, id, model) }
    }
  }

  private static func compare(_ bench: Bench, _ id: String, _ model: Model) async throws {
    #expect(try await bench.read("cards", id).isSame(as: try #require(model.states.last)))
    for (place, state) in model.states.enumerated() {
      let time = try #require(state["updated_at"]?.stringValue.flatMap { Timestamp($0) })
      // From its own moment to the last microsecond before the next one.
      let next = place + 1 < model.states.count ? model.states[place + 1]["updated_at"]?.stringValue.flatMap { Timestamp($0) } : nil
      for moment in Set([
        time.microseconds, (next?.microseconds ?? bench.clock.now.microseconds) - 1,
        (time.microseconds + (next ?? bench.clock.now).microseconds) / 2,
      ]) {
        guard moment >= time.microseconds, moment < next?.microseconds ?? .max else { continue }
        let past = try await bench.past("cards", id, at: Timestamp(microseconds: moment).description)
        #expect(past.isSame(as: state), "\(place) of \(model.states.count)")
      }
    }
    let rows = try await bench.history("cards", id) { $0.limit = "100" }.rows
    #expect(rows.reversed().map { $0["action"]?.stringValue } == model.actions)
    #expect(rows.reversed().map { $0["revision"] } == model.states.map { $0["revision"] })
    // Each change leads from the state before to its own.
    var state = try #require(rows.last?["after"]?.objectValue)
    for (row, expected) in zip(rows.reversed().dropFirst(), model.states.dropFirst()) {
      let old = try #require(row["before"]?.objectValue)
      let new = try #require(row["after"]?.objectValue)
      #expect(Set(old.names) == Set(new.names) && !old.isEmpty)
      for member in old.members {
        #expect(state[member.name]?.isSame(as: member.value) == true)
        state[member.name] = new[member.name]
      }
      for name in ["updated_at", "revision"] { state[name] = expected[name] }
      #expect(JSONValue.object(state).isSame(as: expected))
    }
  }
}
