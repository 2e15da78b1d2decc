import Identity
import JSON
import Service
import Store
import Testing

@Suite struct ListTests {
  /// Twelve notes: ranks 0 to 9 and two without.
  static func filled() async throws -> Bench {
    let bench = try await Bench(Contracts.notes)
    for number in 0..<12 {
      let rank = number < 10 ? String(number) : "null"
      _ = try await bench.create(
        "notes", #"{"title": "n\#(number)", "rank": \#(rank), "kind": "\#(["a", "b", "c"][number % 3])", "score": \#(number)}"#)
      bench.clock.advance(seconds: 1)
    }
    return bench
  }

  @Test func unknownParametersArePassedOverWhereThatIsPreferred() async throws {
    let bench = try await Bench(Contracts.notes)
    let kept = try await bench.create("notes", #"{"title": "a", "kind": "a"}"#).id
    _ = try await bench.create("notes", #"{"title": "b", "kind": "b"}"#)
    var parameters = ListParameters()
    parameters.equals = [("utm", "x"), ("kind", "a")]
    var operation = Operation(.list(parameters), resource: "notes", caller: .anonymous, context: bench.context)
    #expect(await bench.refusal { () async throws(Failure) in try await bench.engine.perform(operation) } == .unknownParameter)
    operation.isLenient = true
    #expect(try await bench.engine.perform(operation).json.rows.map(\.id) == [kept])
    // A known one that is wrong stays wrong.
    parameters.equals = [("rank", "high")]
    operation.action = .list(parameters)
    #expect(await bench.refusal { () async throws(Failure) in try await bench.engine.perform(operation) } == .badParameter)
  }

  @Test(arguments: ["-id", "id", "rank", "-rank", "title", "-title"])
  func pagesForwardAndBackMeetEveryRowOnceInOrder(sort: String) async throws {
    let bench = try await ListTests.filled()
    let whole = try await bench.list("notes") {
      $0.sort = sort
      $0.limit = "100"
    }.rows.map(\.id)
    #expect(whole.count == 12)
    var forward: [String] = []
    var cursor: String?
    var last: JSONValue = .null
    repeat {
      last = try await bench.list("notes") {
        $0.sort = sort
        $0.limit = "5"
        $0.after = cursor
      }
      forward += last.rows.map(\.id)
      cursor = last.page("next").stringValue
    } while cursor != nil
    #expect(forward == whole)
    var back = last.rows.map(\.id)
    cursor = last.page("previous").stringValue
    while let before = cursor {
      last = try await bench.list("notes") {
        $0.sort = sort
        $0.limit = "5"
        $0.before = before
      }
      back = last.rows.map(\.id) + back
      cursor = last.page("previous").stringValue
    }
    #expect(back == whole)
  }

  @Test func aPageWhoseRowsAreGoneIsEmpty() async throws {
    let bench = try await ListTests.filled()
    let first = try await bench.list("notes") { $0.limit = "10" }
    let rest = try await bench.list("notes") { $0.after = first.page("next").stringValue }.rows.map(\.id)
    #expect(rest.count == 2)
    for id in rest { _ = try await bench.perform(.delete, "notes", id) }
    let empty = try await bench.list("notes") { $0.after = first.page("next").stringValue }
    #expect(empty.rows.isEmpty)
    #expect(empty.page("next") == .null)
    #expect(empty.page("previous") == .null)
    let last = try await bench.list("notes") { $0.limit = "5" }
    let second = try await bench.list("notes") {
      $0.limit = "5"
      $0.after = last.page("next").stringValue
    }
    for row in last.rows { _ = try await bench.perform(.delete, "notes", row.id) }
    let before = try await bench.list("notes") { $0.before = second.page("previous").stringValue }
    #expect(before.rows.isEmpty)
  }

  @Test func nullSortsLowest() async throws {
    let bench = try await ListTests.filled()
    let rows = try await bench.list("notes") { $0.sort = "rank" }.rows
    #expect(rows.prefix(2).allSatisfy { $0["rank"] == .null })
    #expect(rows.dropFirst(2).compactMap { $0["rank"]?.integerValue } == Array(0...9))
  }

  @Test func equalityAndFilterFindTheSameRows() async throws {
    let bench = try await ListTests.filled()
    let equal = try await bench.list("notes") { $0.equals = [("kind", "b")] }.rows.map(\.id)
    let filtered = try await bench.list("notes") { $0.filter = "kind == 'b'" }.rows.map(\.id)
    #expect(equal.count == 4)
    #expect(equal == filtered)
    let both = try await bench.list("notes") {
      $0.filter = "kind == 'b' && score > 4"
      $0.sort = "-rank"
    }
    #expect(both.rows.compactMap { $0["score"]?.integerValue } == [7, 10].reversed().filter { $0 < 10 } + [10])
  }

  @Test func filtersThatDifferInTheirLiteralsAreOneStatement() async throws {
    let bench = try await ListTests.filled()
    let watched = WatchedStore(bench.store)
    let engine = Engine(
      contract: bench.contract, layout: Layout(bench.contract), store: watched, key: try ServiceKey.ephemeral(), verifier: nil)
    func count(_ filter: String) async throws -> Int {
      var parameters = ListParameters()
      parameters.filter = filter
      let list = Operation(.list(parameters), resource: "notes", caller: .anonymous, context: bench.context)
      return try await engine.perform(list).json.rows.count
    }
    #expect(try await count("rank > 2 && score < 100") == 7)
    let known = Set(watched.statements.map(\.statement.text))
    #expect(try await count("rank > 5 && score < 100") == 4)
    #expect(try await count("rank > 8 && score < 0") == 0)
    #expect(Set(watched.statements.map(\.statement.text)) == known)
    #expect(try await count("rank >= 2 && score < 100") == 8)
    #expect(Set(watched.statements.map(\.statement.text)) != known)
  }

  @Test func aListOfLongTextsGoesOn() async throws {
    let bench = try await Bench(
      """
      martlet: 1
      service: {name: shop, version: v1}
      resources:
        things: {fields: {title: {type: string, length: 0..600, index: true}}, access: {create: anyone, read: anyone}}
      """)
    for letter in ["字", "時", "間"] {
      _ = try await bench.create("things", "{\"title\": \"\(String(repeating: letter, count: 600))\"}")
    }
    var seen = 0
    var cursor: String?
    repeat {
      let page = try await bench.list("things") {
        $0.sort = "title"
        $0.limit = "1"
        $0.after = cursor
      }
      seen += page.rows.count
      cursor = page.page("next").stringValue
    } while cursor != nil
    #expect(seen == 3)
  }

  @Test func aFieldComparedWithTwoValuesFindsNothing() async throws {
    let bench = try await ListTests.filled()
    let crossed = try await bench.list("notes") {
      $0.equals = [("kind", "a")]
      $0.filter = "kind == 'b'"
    }
    #expect(crossed.rows.isEmpty)
    #expect(try await bench.list("notes") { $0.filter = "kind == 'a' && kind == 'b'" }.rows.isEmpty)
    #expect(try await bench.list("notes") { $0.filter = "kind == 'a' && kind == 'a'" }.rows.count == 4)
  }

  @Test func moneyMayBeComparedWithNull() async throws {
    let bench = try await Bench(
      """
      martlet: 1
      service: {name: shop, version: v1}
      resources:
        things:
          fields: {price: {type: money, index: true}}
          access: {create: anyone, read: anyone}
      """)
    _ = try await bench.create("things", "{}")
    _ = try await bench.create("things", #"{"price": {"amount": 5, "currency": "EUR"}}"#)
    #expect(try await bench.list("things") { $0.filter = "price == null" }.rows.map { $0["price"] } == [.null])
    #expect(try await bench.list("things") { $0.filter = "price != null" }.rows.map { $0["price"]?["amount"] } == [.integer(5)])
  }

  @Test func whatNoIndexServesIsRefusedWithItsRemedy() async throws {
    let bench = try await ListTests.filled()
    func code(_ change: @escaping (inout ListParameters) -> Void) async -> FailureCode? {
      await bench.refusal { () async throws(Failure) in try await bench.list("notes", change) }
    }
    #expect(await code { $0.sort = "weight" } == .notSortable)
    #expect(await code { $0.equals = [("weight", "1")] } == .notFilterable)
    #expect(await code { $0.filter = "weight > 1" } == .notFilterable)
    #expect(await code { $0.sort = "wieght" } == .badParameter)
    #expect(await code { $0.filter = "rank >" } == .badParameter)
    #expect(await code { $0.filter = "nothing == 1" } == .badParameter)
    #expect(await code { $0.limit = "0" } == .badParameter)
    #expect(await code { $0.limit = "101" } == .badParameter)
    #expect(await code { $0.limit = "+5" } == .badParameter)
    #expect(await code { $0.equals = [("lmit", "1")] } == .unknownParameter)
    #expect(await code { $0.count = "yes" } == .badParameter)
    #expect(await code { $0.include = "owner" } == .badParameter)
    #expect(await code { $0.fields = "titel" } == .badParameter)
    #expect(await code { $0.equals = [("kind", "x")] } == .badParameter)
  }

  @Test func aRefIsFilteredByItsOwnIndexWhateverLongerOnesThereAre() async throws {
    let shop = try await Bench(Contracts.shop)
    let ada = try await shop.caller("ada")
    let support = try await shop.caller("sue", roles: ["support"])
    let customer = try await shop.create("customers", #"{"email": "ada@example.com", "name": "Ada"}"#, as: ada)
    _ = try await shop.create("orders", #"{"customer": "\#(customer.id)", "total": {"amount": 1, "currency": "EUR"}}"#, as: ada)
    var parameters = ListParameters()
    parameters.equals = [("customer", customer.id)]
    let answer = try await shop.perform(.list(parameters), "orders", as: support)
    #expect(answer.json.rows.count == 1)
    #expect(answer.statements == 1)
  }

  @Test func theRowBudgetEndsAScan() async throws {
    let bench = try await Bench(Contracts.notes)
    for number in 0..<60 { _ = try await bench.create("notes", #"{"title": "n\#(number)", "score": \#(number == 0 ? 1 : 0)}"#) }
    let code = await bench.refusal { () async throws(Failure) in
      try await bench.list("notes") { $0.filter = "score == 1" }
    }
    #expect(code == .tooCostly)
    // A page that fills before the budget is spent is fine.
    #expect(try await bench.list("notes") { $0.filter = "score == 0" }.rows.count == 20)
  }

  @Test func aCursorOfAnotherListIsRefused() async throws {
    let bench = try await ListTests.filled()
    let cursor = try #require(try await bench.list("notes") { $0.limit = "5" }.page("next").stringValue)
    func code(_ change: @escaping (inout ListParameters) -> Void) async -> FailureCode? {
      await bench.refusal { () async throws(Failure) in try await bench.list("notes", change) }
    }
    #expect(
      await code {
        $0.after = cursor
        $0.sort = "rank"
      } == .badCursor)
    #expect(
      await code {
        $0.after = cursor
        $0.equals = [("kind", "a")]
      } == .badCursor)
    #expect(await code { $0.after = (cursor.first == "A" ? "B" : "A") + cursor.dropFirst() } == .badCursor)
    #expect(await code { $0.after = "" } == .badCursor)
    #expect(
      await code {
        $0.after = cursor
        $0.before = cursor
      } == .badParameter)
    let ada = try await bench.caller("ada")
    #expect(await bench.refusal { () async throws(Failure) in try await bench.list("notes", as: ada) { $0.after = cursor } } == .badCursor)
  }

  @Test func countTellsHowManyThereAre() async throws {
    let bench = try await ListTests.filled()
    #expect(
      try await bench.list("notes") {
        $0.count = "exact"
        $0.limit = "2"
      }.page("total") == .integer(12))
    #expect(
      try await bench.list("notes") {
        $0.count = "exact"
        $0.filter = "score > 5"
      }.page("total") == .integer(6))
  }

  @Test func fieldsShowsWhatIsAskedFor() async throws {
    let bench = try await ListTests.filled()
    let row = try #require(try await bench.list("notes") { $0.fields = "title,rank" }.rows.first)
    #expect(row.objectValue?.names == ["title", "rank"])
  }

  @Test func fieldsMayNameOnlyWhatIsInsideAnInclude() async throws {
    let shop = try await Bench(Contracts.shop)
    let ada = try await shop.caller("ada")
    let customer = try await shop.create("customers", #"{"email": "ada@example.com", "name": "Ada"}"#, as: ada)
    for amount in 1...2 {
      _ = try await shop.create(
        "orders", #"{"customer": "\#(customer.id)", "total": {"amount": \#(amount), "currency": "EUR"}}"#, as: ada)
    }
    let rows = try await shop.list("orders", as: ada) {
      $0.include = "customer"
      $0.fields = "customer.name"
    }.rows
    #expect(rows.count == 2)
    #expect(rows.allSatisfy { $0.objectValue?.names == ["customer"] && $0["customer"]?["name"] == .string("Ada") })
    let bare = try await shop.list("orders", as: ada) {
      $0.include = "customer"
      $0.fields = "customer"
    }.rows
    #expect(bare.allSatisfy { $0["customer"]?["email"] == .string("ada@example.com") })
  }

  @Test func includesCostOneStatementForEachRelation() async throws {
    let shop = try await Bench(Contracts.shop)
    let admin = try await shop.caller("root", roles: ["admin"])
    let ada = try await shop.caller("ada")
    let customer = try await shop.create("customers", #"{"email": "ada@example.com", "name": "Ada"}"#, as: ada)
    for number in 0..<3 {
      let product = try await shop.create(
        "products", #"{"sku": "SKU-\#(number)", "name": "P\#(number)", "price": {"amount": 1, "currency": "EUR"}}"#, as: admin)
      let order = try await shop.create(
        "orders", #"{"customer": "\#(customer.id)", "total": {"amount": \#(number), "currency": "EUR"}}"#, as: ada)
      _ = try await shop.create("order_items", #"{"order": "\#(order.id)", "product": "\#(product.id)", "quantity": 1}"#, as: ada)
    }
    var parameters = ListParameters()
    parameters.include = "customer,items.product"
    let support = try await shop.caller("sue", roles: ["support"])
    let answer = try await shop.perform(.list(parameters), "orders", as: support)
    #expect(answer.statements <= 4)
    #expect(answer.json.rows.count == 3)
    // Support sees orders and customers; the items are their owner's alone.
    #expect(answer.json.rows.allSatisfy { $0["customer"]?["name"] == .string("Ada") })
    #expect(answer.json.rows.allSatisfy { $0["items"]?["data"]?.arrayValue?.isEmpty == true })
    let own = try await shop.perform(.list(parameters), "orders", as: ada)
    #expect(own.json.rows.allSatisfy { $0["items"]?["data"]?.arrayValue?.first?["product"]?["name"] != nil })
  }

  @Test func aRecordThatIsIncludedManyTimesMakesNoEndlessAnswer() async throws {
    let bench = try await Bench(
      """
      martlet: 1
      service: {name: posts, version: v1}
      resources:
        posts:
          fields: {text: text, comments: {many: comments, by: post}}
          access: {create: anyone, read: anyone}
        comments:
          fields: {post: {ref: posts}}
          access: {create: anyone, read: anyone}
      """)
    let text = String(repeating: "x", count: 65_536)
    let post = try await bench.create("posts", "{\"text\": \"\(text)\"}").id
    for _ in 0..<30 { _ = try await bench.create("comments", "{\"post\": \"\(post)\"}") }
    func code(_ include: String) async -> FailureCode? {
      await bench.refusal { () async throws(Failure) in
        try await bench.list("comments") { list in
          list.limit = "30"
          list.include = include
        }
      }
    }
    #expect(await code("post.comments.post") == .tooCostly)
    let rows = try await bench.list("comments") { $0.include = "post" }.rows
    #expect(rows.count == 20 && rows.allSatisfy { $0["post"]?["text"] == .string(text) })
  }
}
