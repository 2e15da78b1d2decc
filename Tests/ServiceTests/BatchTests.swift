import Base
import Contract
import Identity
import JSON
import Service
import Store
import Testing

/// Several changes in one transaction: each meets what those before it have done, and all of them are made or none.
@Suite struct BatchTests {
  static let contract = """
    martlet: 1
    service: {name: shop, version: v1}
    roles: [chief]
    resources:
      orders:
        history: true
        fields:
          owner: {ref: users, default: caller.id}
          title: {type: string, length: 1..20, required: true, unique: true}
          state: {type: enum, values: [open, paid], default: open}
          items: {many: items, by: order}
        access:
          create: authenticated
          read:   record.owner == caller.id
          update: record.owner == caller.id
          delete: record.owner == caller.id
        states: {field: state, transitions: {pay: {from: open, to: paid, access: record.owner == caller.id && size(record.items) > 0}}}
      items:
        fields:
          order:    {ref: orders, required: true, on_delete: cascade}
          quantity: {type: integer, minimum: 1, required: true}
        access:
          create: record.order.owner == caller.id && record.order.state == "open"
          read:   record.order.owner == caller.id
          update: record.order.owner == caller.id
          delete: record.order.owner == caller.id
      counters:
        fields: {value: {type: integer, default: 0}}
        access: {create: anyone, read: anyone, update: anyone}
      careful:
        id: client
        concurrency: required
        idempotency: required
        fields: {value: {type: integer, default: 0}}
        access: {create: authenticated, read: authenticated, update: authenticated}
    """

  private struct Scene: Sendable {
    let bench: Bench
    let ada: Caller

    init(_ bench: Bench) async throws {
      self.bench = bench
      ada = try await bench.caller("ada")
    }

    func item(
      _ action: Service.Operation.Action, _ resource: String, _ key: String? = nil, _ body: String = "", name: String? = nil,
      ifMatch: String? = nil
    ) -> Batch.Item {
      var operation = Operation(action, resource: resource, key: key, caller: ada, context: bench.context)
      operation.body = Array(body.utf8)
      if let ifMatch { operation.preconditions.ifMatch = .tags([Bench.opaque(ifMatch)]) }
      return Batch.Item(operation, name: name)
    }

    func run(_ items: [Batch.Item], key: String? = nil) async throws(Failure) -> Answer {
      var batch = Batch(items, caller: ada, context: bench.context)
      if let key { batch.idempotency = Idempotency(key: key, fingerprint: Array("\(items.count)".utf8)) }
      return try await bench.engine.perform(batch)
    }

    func refusal(_ items: [Batch.Item], key: String? = nil) async -> Failure? {
      do throws(Failure) {
        _ = try await run(items, key: key)
        return nil
      } catch {
        return error
      }
    }

    func count(_ table: String) async throws -> String? {
      try await bench.store.inspect("SELECT count(*) FROM \(table)", []).first?.first ?? nil
    }
  }

  private static func operation(_ failure: Failure?) -> String? {
    failure?.members.first { $0.name == "operation" }.map { String(decoding: $0.json, as: UTF8.self) }
  }

  // MARK: Nothing is done

  @Test(arguments: BenchStore.withParts) func whereOneFailsNothingIsDone(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let scene = try await Scene(bench)
      let taken = try await bench.create("orders", #"{"title": "taken"}"#, as: scene.ada)
      let order = scene.item(.create, "orders", nil, #"{"title": "new"}"#, name: "o")
      let failing: [(Batch.Item, FailureCode)] = [
        (scene.item(.create, "orders", nil, #"{"title": "taken"}"#), .unique),
        (scene.item(.create, "orders", nil, #"{"title": ""}"#), .validation),
        (scene.item(.create, "orders", nil, #"{"titel": "x"}"#), .validation),
        (scene.item(.update, "orders", HistoryTests.id, #"{"title": "x"}"#), .notFound),
        (scene.item(.update, "orders", taken.id, #"{"title": "x"}"#, ifMatch: "\"9.x\""), .preconditionFailed),
        (scene.item(.create, "items", nil, #"{"order": "\#(HistoryTests.id)", "quantity": 1}"#), .forbidden),
        (scene.item(.transition("pay"), "orders", "{o.id}"), .forbidden),
        (scene.item(.update, "orders", "{o.nothing}", "{}"), .validation),
        (scene.item(.update, "orders", "{later.id}", "{}"), .validation),
        (scene.item(.create, "items", nil, #"{"order": {"$from": "x.id"}, "quantity": 1}"#), .validation),
        (scene.item(.create, "careful", nil, #"{"value": 1}"#), .idempotencyKeyMissing),
        (scene.item(.list(ListParameters()), "orders"), .methodNotAllowed),
        (scene.item(.create, "nothing", nil, "{}"), .notFound),
      ]
      for (item, code) in failing {
        let failure = await scene.refusal([order, item, scene.item(.create, "counters", nil, "{}", name: "later")])
        #expect(failure?.code == code && Self.operation(failure) == "1", "\(String(describing: failure))")
        let counts = [try await scene.count("orders"), try await scene.count("counters")]
        #expect(counts == ["1", "0"])
      }
      let pointed = await scene.refusal([order, scene.item(.create, "orders", nil, #"{"titel": "x", "title": "y"}"#)])
      #expect(pointed?.items.first?.pointer == "/operations/1/body/titel")
      let twice = await scene.refusal([order, scene.item(.create, "orders", nil, #"{"title": "new"}"#)])
      #expect(twice?.code == .unique && Self.operation(twice) == "1")
      #expect(try await bench.store.inspect("SELECT 1 FROM _martlet_events WHERE resource <> 'users'", []).count == 1)
    }
  }

  @Test(arguments: BenchStore.withParts) func whatAnotherMayNotSeeCannotBeReferredTo(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let scene = try await Scene(bench)
      let bob = try await bench.caller("bob")
      let his = try await bench.create("orders", #"{"title": "his"}"#, as: bob).id
      let failure = await scene.refusal([
        scene.item(.create, "counters", nil, "{}"), scene.item(.create, "items", nil, #"{"order": "\#(his)", "quantity": 1}"#),
      ])
      #expect(failure?.code == .forbidden && Self.operation(failure) == "1")
      #expect(try await scene.count("counters") == "0")
    }
  }

  // MARK: What is done

  @Test(arguments: BenchStore.withParts) func laterOperationsMeetWhatEarlierOnesDid(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let scene = try await Scene(bench)
      let answer = try await scene.run([
        scene.item(.create, "orders", nil, #"{"title": "a"}"#, name: "o"),
        scene.item(.create, "items", nil, #"{"order": {"$from": "o.id"}, "quantity": 2}"#, name: "i"),
        scene.item(.update, "items", "{i.id}", #"{"quantity": 3}"#),
        scene.item(.update, "orders", "{o.id}", #"{"title": "b"}"#, name: "o2", ifMatch: "\"1.x\""),
        scene.item(.transition("pay"), "orders", "{o2.id}"),
        scene.item(.delete, "items", "{i.id}"),
      ])
      let results = try #require(answer.json["results"]?.arrayValue)
      #expect(results.map { $0["status"] } == [201, 201, 200, 200, 200, 204].map { .integer($0) })
      let id = try #require(results[0]["body"]?.id)
      #expect(results[0]["location"] == .string("/v1/orders/\(id)") && results[5]["body"] == nil)
      #expect(results[4]["body"]?["state"] == .string("paid") && results[4]["body"]?["revision"] == .integer(3))
      let read = try await bench.perform(.read(ReadParameters()), "orders", id, as: scene.ada)
      #expect(read.json == results[4]["body"] && read.etag.map { .string($0) } == results[4]["etag"])
      #expect(try await scene.count("items") == "0")
      let events = try await bench.store.inspect(
        "SELECT resource, action, revision, request FROM _martlet_events WHERE resource <> 'users' ORDER BY position", []
      ).map { $0.map { $0 ?? "-" }.joined(separator: " ") }
      #expect(
        events == [
          "orders create 1 test", "items create 1 test", "items update 2 test", "orders update 2 test", "orders pay 3 test",
          "items delete 2 test",
        ])
      // The rule that an item's order is open was asked of the order as it became.
      let late = await scene.refusal([
        scene.item(.create, "orders", nil, #"{"title": "c"}"#, name: "o"),
        scene.item(.create, "items", nil, #"{"order": {"$from": "o.id"}, "quantity": 2}"#),
        scene.item(.transition("pay"), "orders", "{o.id}"),
        scene.item(.create, "items", nil, #"{"order": {"$from": "o.id"}, "quantity": 2}"#),
      ])
      #expect(late?.code == .forbidden && Self.operation(late) == "3")
    }
  }

  @Test(arguments: BenchStore.withParts) func whatIsDeletedIsGoneForWhatFollows(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let scene = try await Scene(bench)
      let order = try await bench.create("orders", #"{"title": "a"}"#, as: scene.ada).id
      let item = try await bench.create("items", #"{"order": "\#(order)", "quantity": 1}"#, as: scene.ada).id
      let failure = await scene.refusal([
        scene.item(.delete, "orders", order), scene.item(.update, "items", item, #"{"quantity": 2}"#),
      ])
      #expect(failure?.code == .notFound && Self.operation(failure) == "1")
      // Its title is free for the next.
      let answer = try await scene.run([
        scene.item(.delete, "orders", order), scene.item(.create, "orders", nil, #"{"title": "a"}"#),
      ])
      #expect(answer.status == .ok)
      #expect(try await scene.count("orders") == "1")
      #expect(try await scene.count("items") == "0")
    }
  }

  @Test(arguments: BenchStore.withParts) func aRepeatedBatchGetsTheFirstAnswer(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let scene = try await Scene(bench)
      let items = [
        scene.item(.create, "orders", nil, #"{"title": "a"}"#), scene.item(.replace, "careful", HistoryTests.id, #"{"value": 1}"#),
      ]
      let first = try await scene.run(items, key: "k")
      let again = try await scene.run(items, key: "k")
      #expect(again.isReplayed && again.body == first.body)
      #expect(try await scene.count("orders") == "1")
      #expect(await scene.refusal([items[0]], key: "k")?.code == .idempotencyMismatch)
      // Many at once take effect once.
      let bodies = await withTaskGroup(of: [UInt8]?.self) { group in
        for _ in 0..<6 { group.addTask { try? await scene.run([scene.item(.create, "counters", nil, "{}")], key: "many").body } }
        return await group.reduce(into: [[UInt8]?]()) { $0.append($1) }
      }
      #expect(Set(bodies).count == 1 && bodies.first != .some(nil))
      #expect(try await scene.count("counters") == "1")
    }
  }

  /// Batches and single changes of the same records: each is made once, on what the others left.
  @Test(arguments: BenchStore.withParts) func racingBatchesAreAllMade(_ store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let scene = try await Scene(bench)
      let one = try await bench.create("counters", "{}").id
      let two = try await bench.create("counters", "{}").id
      let failures = await withTaskGroup(of: Failure?.self) { group in
        for number in 0..<12 {
          group.addTask {
            let order = number.isMultiple(of: 2) ? [one, two] : [two, one]
            return await scene.refusal(order.map { scene.item(.update, "counters", $0, #"{"value": \#(number)}"#) })
          }
        }
        return await group.reduce(into: [Failure]()) { if let failure = $1 { $0.append(failure) } }
      }
      #expect(failures.map(\.code) == [])
      let rows = try await bench.store.inspect("SELECT value, revision FROM counters", [])
      #expect(rows.count == 2 && rows[0][0] == rows[1][0], "a batch was made by half: \(rows)")
      let events = try await bench.store.inspect("SELECT 1 FROM _martlet_events WHERE resource = 'counters' AND action = 'update'", [])
      #expect(events.count >= 22)
    }
  }

  @Test func whatIsTooMuchIsRefused() async throws {
    let bench = try await Bench(Self.contract)
    let scene = try await Scene(bench)
    let order = try await bench.create("orders", #"{"title": "a"}"#, as: scene.ada).id
    _ = try await scene.run((0..<100).map { _ in scene.item(.create, "items", nil, #"{"order": "\#(order)", "quantity": 1}"#) })
    #expect(try await scene.count("items") == "100")
    var orders: [String] = []
    for number in 0..<3 { orders.append(try await bench.create("orders", #"{"title": "\#(number)"}"#, as: scene.ada).id) }
    try await bench.store.define([
      """
      INSERT INTO items SELECT randomblob(16), o.id, 1, o.created_at, o.updated_at, 1 FROM orders AS o,
        (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 800) SELECT x FROM c) WHERE o.title <> 'a'
      """
    ])
    let failure = await scene.refusal(orders.map { scene.item(.delete, "orders", $0) })
    #expect(failure?.code == .tooCostly)
    #expect(try await scene.count("orders") == "4")
  }

  // MARK: References

  @Test func bodiesGoOnAsTheyCame() async throws {
    let bench = try await Bench(
      """
      martlet: 1
      service: {name: x, version: v1}
      resources:
        papers: {fields: {a: {type: json}}, access: {create: anyone, read: anyone}}
      """)
    let scene = try await Scene(bench)
    let answer = try await scene.run([
      scene.item(.create, "papers", nil, #"{"a": {"n": 1.50, "t": "é\u0041", "list": [1, {"x": null}]}}"#, name: "d"),
      scene.item(
        .create, "papers", nil, #"{"a": [1.250, {"$from": "d.a.n"}, {"$from": "d.a", "more": 1}, {"k": {"$from": "d.a.list"}}]}"#),
    ])
    let results = try #require(answer.json["results"]?.arrayValue)
    let expected = try JSONValue(parsing: Array(#"[1.25, 1.5, {"$from": "d.a", "more": 1}, {"k": [1, {"x": null}]}]"#.utf8))
    #expect(results[1]["body"]?["a"] == expected)
  }
}
