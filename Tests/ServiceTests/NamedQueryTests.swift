import Base
import Contract
import Identity
import JSON
import Service
import Store
import Testing

/// Named queries, on both stores.
@Suite struct NamedQueryTests {
  private static let contract = """
    martlet: 1
    service: {name: shop, version: v1}
    roles: [finance, clerk]
    resources:
      customers:
        fields:
          name:   {type: string, required: true}
          owner:  {ref: users, default: caller.id}
          rating: {type: integer, read: [finance]}
        access: {create: authenticated, read: record.owner == caller.id || caller.has_role("finance")}
      orders:
        delete: soft
        fields:
          customer: {ref: customers, required: true}
          owner:    {ref: users, default: caller.id}
          placed:   {type: timestamp, index: true}
          total:    {type: money, required: true}
          weight:   {type: decimal, precision: "8,3"}
          pieces:   {type: integer}
          price:    {type: integer}
          ratio:    {type: number}
          kind:     {type: enum, values: [a, b, c]}
          note:     {type: string}
          isGift:   {type: boolean, column: is_gift}
        access:
          create: authenticated
          read:   record.owner == caller.id || caller.has_role("finance")
          delete: authenticated
    queries:
      by_day:
        params: {since: {type: date, required: true}, until: date, kind: {type: enum, values: [a, b, c]}}
        from: orders
        where: placed >= timestamp(params.since) && (params.until == null || placed < timestamp(params.until)) && (params.kind == null || kind == params.kind)
        group: {day: date(placed), currency: total.currency}
        select: {orders: count(), amount: sum(total.amount), heaviest: max(weight), mean: avg(pieces)}
        sort: -day
        limit: 100
        access: authenticated
      totals:
        from: orders
        select: {orders: count(), noted: count(note), weight: sum(weight), least: min(weight), first: min(placed), last: max(note), ratio: sum(ratio), units: sum(pieces)}
        access: authenticated
      products:
        from: orders
        group: {kind: kind}
        select: {value: sum(pieces * price)}
        access: authenticated
      value: {from: orders, select: {value: sum(pieces * price)}, access: authenticated}
      names:
        from: orders
        select: {order: id, who: customer.name, day: date(placed), gift: isGift}
        sort: [who, -day]
        limit: 3
        access: authenticated
      customers_of_kind:
        from: orders
        where: customer.name.startsWith("A")
        group: {customer: customer}
        select: {orders: count()}
        access: authenticated
      ratings:
        from: customers
        select: {best: max(rating)}
        access: [finance]
      closed:
        from: orders
        select: {orders: count()}
        access: nobody
    """.replacing("isGift:   {type: boolean, column: is_gift}", with: "is_gift:  {type: boolean}").replacing(
      "gift: isGift", with: "gift: is_gift")

  private struct Scene: Sendable {
    let bench: Bench
    let ada: Caller
    let bob: Caller
    let finance: Caller

    init(_ bench: Bench) async throws {
      self.bench = bench
      ada = try await bench.caller("ada")
      bob = try await bench.caller("bob")
      finance = try await bench.caller("fin", roles: ["finance"])
    }

    func customer(_ name: String, of caller: Caller) async throws -> String {
      try await bench.create("customers", #"{"name": "\#(name)"}"#, as: caller).id
    }

    @discardableResult func order(_ customer: String, of caller: Caller, _ more: String) async throws -> String {
      try await bench.create("orders", ##"{"customer": "\##(customer)", \##(more)}"##, as: caller).id
    }

    func ask(
      _ name: String, _ values: [(String, String)] = [], limit: String? = nil, after: String? = nil, as caller: Caller
    ) async throws(Failure) -> JSONValue {
      var parameters = QueryParameters()
      parameters.values = values.map { (name: $0.0, value: $0.1) }
      parameters.limit = limit
      parameters.after = after
      return try await bench.perform(.query(parameters), name, as: caller).json
    }
  }

  @Test(arguments: BenchStore.withParts)
  func groupsAreMadeOfWhatTheCallerMayRead(store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let scene = try await Scene(bench)
      let a = try await scene.customer("A", of: scene.ada)
      let b = try await scene.customer("B", of: scene.bob)
      let eur = { (amount: Int) in #""total": {"amount": \#(amount), "currency": "EUR"}"# }
      try await scene.order(
        a, of: scene.ada, eur(100) + #", "placed": "2026-01-01T23:59:59Z", "weight": "1.500", "pieces": 1, "kind": "a""#)
      try await scene.order(
        a, of: scene.ada, eur(250) + #", "placed": "2026-01-01T01:00:00Z", "weight": "2.250", "pieces": 2, "kind": "b""#)
      try await scene.order(a, of: scene.ada, #""total": {"amount": 7, "currency": "USD"}, "placed": "2026-01-01T01:00:00Z", "kind": "a""#)
      try await scene.order(b, of: scene.bob, eur(1000) + #", "placed": "2026-01-02T00:00:00Z", "weight": "0.001", "pieces": 4"#)
      let gone = try await scene.order(b, of: scene.bob, eur(5000) + #", "placed": "2026-01-02T00:00:00Z""#)
      _ = try await bench.perform(.delete, "orders", gone, as: scene.bob)
      try await scene.order(b, of: scene.bob, eur(9))

      let all = try await scene.ask("by_day", [("since", "2026-01-01")], as: scene.finance)
      #expect(
        all.rows == [
          ["day": "2026-01-02", "currency": "EUR", "orders": 1, "amount": 1000, "heaviest": "0.001", "mean": 4.0],
          ["day": "2026-01-01", "currency": "USD", "orders": 1, "amount": 7, "heaviest": .null, "mean": .null],
          ["day": "2026-01-01", "currency": "EUR", "orders": 2, "amount": 350, "heaviest": "2.250", "mean": 1.5],
        ])
      #expect(all.page("next") == .null && all.page("limit") == 100)
      #expect(try await scene.ask("by_day", [("since", "2026-01-01")], as: scene.ada).rows.count == 2)
      #expect(try await scene.ask("by_day", [("since", "2026-01-01")], as: scene.bob).rows.map { $0["amount"] } == [1000])
      let narrow = [("since", "2026-01-01"), ("until", "2026-01-02"), ("kind", "a")]
      #expect(try await scene.ask("by_day", narrow, as: scene.finance).rows.map { $0["amount"] } == [7, 100])
      #expect(try await scene.ask("by_day", [("since", "2027-01-01")], as: scene.finance).rows.isEmpty)
    }
  }

  @Test(arguments: BenchStore.withParts)
  func pagesGoOnBehindTheLastRow(store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let scene = try await Scene(bench)
      let a = try await scene.customer("A", of: scene.ada)
      let b = try await scene.customer("B", of: scene.ada)
      for number in 0..<8 {
        let placed = number % 3 == 0 ? "null" : "\"2026-01-0\(number)T00:00:00Z\""
        try await scene.order(
          number % 2 == 0 ? a : b, of: scene.ada, #""total": {"amount": 1, "currency": "EUR"}, "placed": \#(placed), "is_gift": true"#)
      }
      let whole = try await scene.ask("names", as: scene.ada)
      #expect(whole.rows.count == 3)
      var seen = whole.rows
      var next = whole.page("next").stringValue
      while let cursor = next {
        let page = try await scene.ask("names", after: cursor, as: scene.ada)
        seen += page.rows
        next = page.page("next").stringValue
      }
      #expect(seen.count == 8)
      #expect(Set(seen.compactMap { $0["order"]?.stringValue }).count == 8)
      #expect(seen.map { $0["who"]?.stringValue ?? "" } == ["A", "A", "A", "A", "B", "B", "B", "B"])
      #expect(seen.prefix(4).map { $0["day"]?.stringValue } == ["2026-01-04", "2026-01-02", nil, nil])
      #expect(seen.allSatisfy { $0["gift"] == true })
      let one = try await scene.ask("by_day", [("since", "2026-01-01")], limit: "1", as: scene.ada)
      let cursor = try #require(one.page("next").stringValue)
      #expect(try await scene.ask("by_day", [("since", "2026-01-01")], limit: "1", after: cursor, as: scene.ada).rows != one.rows)
      // Of other parameters, another caller, another query.
      for (name, values, caller) in [
        ("by_day", [("since", "2026-01-02")], scene.ada), ("by_day", [("since", "2026-01-01")], scene.bob), ("names", [], scene.ada),
      ] {
        let code = await bench.refusal { () throws(Failure) in try await scene.ask(name, values, after: cursor, as: caller) }
        #expect(code == .badCursor)
      }
    }
  }

  @Test(arguments: BenchStore.withParts)
  func sumsAreExactOrAnError(store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let scene = try await Scene(bench)
      let empty = try await scene.ask("totals", as: scene.ada)
      #expect(try await scene.ask("value", as: scene.ada).rows == [["value": .null]])
      #expect(empty.rows.count == 1 && empty.rows[0]["orders"] == 0 && empty.rows[0]["weight"] == .null)
      let a = try await scene.customer("A", of: scene.ada)
      let money = #""total": {"amount": 1, "currency": "EUR"}, "#
      for _ in 0..<10 {
        try await scene.order(a, of: scene.ada, money + #""weight": "0.100", "pieces": 3, "note": "é", "kind": "a", "price": 2"#)
      }
      try await scene.order(
        a, of: scene.ada, money + #""weight": "99999.999", "ratio": 0.5, "placed": "2026-01-01T00:00:00.000001Z", "note": "z""#)
      let row = try #require(try await scene.ask("totals", as: scene.ada).rows.first)
      #expect(
        row == [
          "orders": 11, "noted": 11, "weight": "100000.999", "least": "0.100", "first": "2026-01-01T00:00:00.000001Z", "last": "é",
          "ratio": 0.5, "units": 30,
        ])
      // A null in a calculation is an error of its own: the sum would be another's.
      #expect(await bench.refusal { () throws(Failure) in try await scene.ask("products", as: scene.ada) } == .conflict)
      let b = try await bench.caller("eve")
      let c = try await scene.customer("C", of: b)
      try await scene.order(c, of: b, money + #""pieces": 9223372036854775807, "price": 1, "kind": "a""#)
      try await scene.order(c, of: b, money + #""pieces": 2, "price": 3, "kind": "b""#)
      #expect(try await scene.ask("products", as: b).rows.map { $0["value"] } == [9_223_372_036_854_775_807, 6])
      // One product that does not fit, then a sum that does not.
      let wide = try await scene.order(c, of: b, money + #""pieces": 9223372036854775807, "price": 2, "kind": "c""#)
      #expect(await bench.refusal { () throws(Failure) in try await scene.ask("products", as: b) } == .conflict)
      _ = try await bench.perform(.delete, "orders", wide, as: b)
      try await scene.order(c, of: b, money + #""pieces": 1, "price": 1, "kind": "a""#)
      #expect(await bench.refusal { () throws(Failure) in try await scene.ask("products", as: b) } == .conflict)
      #expect(await bench.refusal { () throws(Failure) in try await scene.ask("totals", as: b) } == .conflict)
    }
  }

  @Test(arguments: BenchStore.withParts)
  func relatedRecordsThatTheCallerMayNotReadAreNull(store: BenchStore) async throws {
    try await store.run(Self.contract) { bench in
      let scene = try await Scene(bench)
      let a = try await scene.customer("Ann", of: scene.finance)
      try await bench.store.define(
        bench.store.dialect == .sqlite
          ? ["UPDATE customers SET owner = (SELECT id FROM users WHERE subject = 'ada')"]
          : ["UPDATE customers SET owner = (SELECT id FROM users WHERE subject = 'ada')"])
      try await scene.order(a, of: scene.ada, #""total": {"amount": 1, "currency": "EUR"}"#)
      #expect(try await scene.ask("names", as: scene.ada).rows.map { $0["who"] } == ["Ann"])
      try await bench.store.define(["UPDATE customers SET owner = (SELECT id FROM users WHERE subject = 'bob')"])
      #expect(try await scene.ask("names", as: scene.ada).rows.map { $0["who"] } == [.null])
      #expect(try await scene.ask("customers_of_kind", as: scene.ada).rows.isEmpty)
      #expect(try await scene.ask("customers_of_kind", as: scene.finance).rows == [["customer": .string(a), "orders": 1]])
    }
  }

  @Test func whoMayNotAskIsToldSoAndParametersAreChecked() async throws {
    let bench = try await Bench(Self.contract)
    let scene = try await Scene(bench)
    func refusal(_ name: String, _ values: [(String, String)] = [], limit: String? = nil, as caller: Caller) async -> FailureCode? {
      await bench.refusal { () throws(Failure) in try await scene.ask(name, values, limit: limit, as: caller) }
    }
    #expect(await refusal("none", as: scene.ada) == .notFound)
    #expect(await refusal("totals", as: .anonymous) == .unauthenticated)
    #expect(await refusal("ratings", as: scene.ada) == .forbidden)
    #expect(await refusal("closed", as: scene.finance) == .forbidden)
    #expect(await refusal("by_day", as: scene.ada) == .badParameter)
    #expect(await refusal("by_day", [("since", "2026-02-30")], as: scene.ada) == .badParameter)
    #expect(await refusal("by_day", [("since", "2026-01-01"), ("kind", "x")], as: scene.ada) == .badParameter)
    #expect(await refusal("by_day", [("since", "2026-01-01"), ("knd", "a")], as: scene.ada) == .unknownParameter)
    for limit in ["0", "101", "x", "+1"] {
      #expect(await refusal("by_day", [("since", "2026-01-01")], limit: limit, as: scene.ada) == .badParameter)
    }
  }

  @Test func checkWarnsOfQueriesThatNoIndexServes() throws {
    let result = ContractLoader.load(text: Self.contract)
    let contract = try #require(result.contract, "\(result.errors.map { $0.rendered() })")
    for dialect in [Dialect.sqlite, .postgres] {
      let review = ContractReview(contract, dialect: dialect)
      #expect(review.errors.isEmpty)
      #expect(
        review.advice().filter { $0.code == "MRT0508" }.map { $0.message.prefix { $0 != ":" } } == ["queries.customers_of_kind.where"])
    }
  }
}
