import Identity
import JSON
import Service
import Store
import TestSupport
import Testing

/// `search=words`, on both stores.
@Suite struct SearchTests {
  static let contract = """
    martlet: 1
    service: {name: desk, version: v1}
    roles: [staff]
    resources:
      shelves:
        delete: soft
        fields: {name: {type: string, required: true, search: true}}
        access: {create: anyone, read: anyone, update: anyone, delete: anyone}
      books:
        delete: soft
        fields:
          title: {type: string, length: 0..400, required: true, search: true}
          body:  {type: text, search: true}
          inner: {type: text, search: true, read: [staff]}
          own:   {type: string, search: true, read: record.owner == caller.id}
          owner: {ref: users, default: caller.id}
          shelf: {ref: shelves, on_delete: cascade}
          rank:  {type: integer, index: true}
          kind:  {type: enum, values: [a, b], default: a, index: true}
        access: {create: authenticated, read: anyone, update: authenticated, delete: authenticated}
      drafts:
        fields: {owner: {ref: users, default: caller.id}, title: {type: string, search: true}, rank: {type: integer, index: true}}
        scan: 20
        access: {create: authenticated, read: record.owner == caller.id, update: authenticated, delete: authenticated}
      plain:
        fields: {title: string}
        access: {create: anyone, read: anyone}
    """

  static func quoted(_ text: String) -> String {
    var out: [UInt8] = []
    out.appendJSON(string: text)
    return String(decoding: out, as: UTF8.self)
  }

  static func titles(_ bench: Bench, _ words: String, as caller: Caller = .anonymous) async throws(Failure) -> [String] {
    try await bench.list("books", as: caller) {
      $0.search = words
      $0.limit = "100"
    }.rows.compactMap { $0["title"]?.stringValue }.sorted()
  }

  static let shelf = [
    "Crème Brûlée, a dessert", "creme caramel", "The quick brown fox", "Quick foxes, brown", "foo-bar baz", "foo qux bar",
    "Straße nach Köln", "ПРИВЕТ, мир", "Ελλάδα και Ευρώπη", "東京都の天気", "日本 東京", "pizza 🍕 night", "AND OR NOT NEAR",
    "don't panic", "C++ in depth", "100% cotton (2nd edition)", "e\u{301}tude", "naïve approach", "NULL", "a b c", "O'Reilly \"Media\"",
    "ann@example.com", "snake_case_name", "हिन्दी पाठ", "Tiếng Việt", "İstanbul",
  ]

  static let answers: [(words: String, found: [String])] = [
    ("creme", ["Crème Brûlée, a dessert", "creme caramel"]),
    ("CRÈME", ["Crème Brûlée, a dessert", "creme caramel"]),
    ("creme brul", ["Crème Brûlée, a dessert"]),
    // The last word is a beginning, unless something follows it; those before it are whole.
    ("brul creme", []),
    ("brul ", []), ("brul.", []), ("\"brul\"", []), ("\"creme brul", ["Crème Brûlée, a dessert"]),
    ("brown quick", ["Quick foxes, brown", "The quick brown fox"]),
    ("\"quick brown\"", ["The quick brown fox"]),
    ("\"brown quick\"", []),
    ("fox", ["Quick foxes, brown", "The quick brown fox"]),
    ("fox ", ["The quick brown fox"]),
    ("foo bar", ["foo qux bar", "foo-bar baz"]),
    ("foo-bar", ["foo-bar baz"]), ("foo-ba", ["foo-bar baz"]), ("foo/bar ", ["foo-bar baz"]), ("bar-foo", []),
    ("strasse", []), ("straße koln", ["Straße nach Köln"]),
    ("привет МИР", ["ПРИВЕТ, мир"]), ("ελλαδα", []), ("ΕΛΛΆΔΑ", ["Ελλάδα και Ευρώπη"]),
    ("東京", ["日本 東京", "東京都の天気"]), ("東京 ", ["日本 東京"]), ("東", []), ("天気", []),
    ("pizza night", ["pizza 🍕 night"]), ("pizza 🍕 night", ["pizza 🍕 night"]), ("pizza-night ", ["pizza 🍕 night"]),
    // None of these is an operator.
    ("AND", ["AND OR NOT NEAR"]), ("or not", ["AND OR NOT NEAR"]), ("near and", ["AND OR NOT NEAR"]), ("fox OR creme", []),
    ("fox AND quick", []), ("NOT fox", []), ("NEAR(quick brown)", []), ("quick*", ["Quick foxes, brown", "The quick brown fox"]),
    ("qui*", []), ("^quick", ["Quick foxes, brown", "The quick brown fox"]), ("title:quick", []), ("c0:quick", []),
    ("-quick", ["Quick foxes, brown", "The quick brown fox"]), ("quick & !brown", ["Quick foxes, brown", "The quick brown fox"]),
    ("quick | creme", []), ("quick <-> brown", ["Quick foxes, brown", "The quick brown fox"]),
    ("'quick':A", []), ("{title} : quick", []), ("quick\\", ["Quick foxes, brown", "The quick brown fox"]),
    ("don't", ["don't panic"]), ("dont", []), ("c++", ["C++ in depth", "a b c"]), ("100%", ["100% cotton (2nd edition)"]),
    ("(2nd", ["100% cotton (2nd edition)"]), ("étude", ["e\u{301}tude"]), ("e\u{301}tu", ["e\u{301}tude"]), ("naive", ["naïve approach"]),
    ("null", ["NULL"]), ("a", ["Crème Brûlée, a dessert", "a b c"]), ("a c", ["a b c"]), ("\"a c\"", []),
    ("o'reilly", ["O'Reilly \"Media\""]), ("reilly media", ["O'Reilly \"Media\""]), ("\"reilly \"media\"", ["O'Reilly \"Media\""]),
    ("ann@example.com", ["ann@example.com"]), ("example com ", ["ann@example.com"]), ("snake_case", ["snake_case_name"]),
    ("हिन्दी", ["हिन्दी पाठ"]), ("tieng viet", ["Tiếng Việt"]), ("istanbul", ["İstanbul"]), ("quick\u{0}brown ", ["The quick brown fox"]),
    ("nothing", []), ("creme nothing", []),
  ]

  @Test(arguments: BenchStore.withParts)
  func wordsFindTheSameOnEveryStore(_ kind: BenchStore) async throws {
    try await kind.run(SearchTests.contract) { bench in
      let caller = try await bench.caller("a")
      for title in SearchTests.shelf {
        _ = try await bench.create("books", "{\"title\": \(SearchTests.quoted(title))}", as: caller)
      }
      for (words, found) in SearchTests.answers {
        #expect(try await SearchTests.titles(bench, words) == found.sorted(), "\(words)")
      }
    }
  }

  @Test(arguments: BenchStore.withParts)
  func whatCannotBeSearchedForIsRefused(_ kind: BenchStore) async throws {
    try await kind.run(SearchTests.contract) { (bench: Bench) async throws -> Void in
      let long = (0..<10_000).map { "w\($0)" }.joined(separator: " ")
      for text in ["", " ", "*", "\"\"", "- + ' \"", "🍕", "\u{301}", "\u{0}", long, String(repeating: "a ", count: 17)] {
        let code = await bench.refusal { () async throws(Failure) in try await SearchTests.titles(bench, text) }
        #expect(code == .badParameter, "\(text.prefix(20))")
      }
      let word = String(repeating: "é", count: 100)
      #expect(try await SearchTests.titles(bench, word) == [])
      #expect(await bench.refusal { () async throws(Failure) in try await SearchTests.titles(bench, word + "e") } == .badParameter)
      #expect(try await SearchTests.titles(bench, String(repeating: "a ", count: 16)) == [])
      let unknown = await bench.refusal { () async throws(Failure) in try await bench.list("plain") { $0.search = "a" } }
      #expect(unknown == .unknownParameter)
    }
  }

  @Test(arguments: BenchStore.withParts)
  func everyWordMayStandInAnotherField(_ kind: BenchStore) async throws {
    try await kind.run(SearchTests.contract) { bench in
      let caller = try await bench.caller("a")
      _ = try await bench.create("books", #"{"title": "red apple", "body": "green pear"}"#, as: caller)
      _ = try await bench.create("books", #"{"title": "blue plum"}"#, as: caller)
      #expect(try await SearchTests.titles(bench, "red pear") == ["red apple"])
      #expect(try await SearchTests.titles(bench, "plum") == ["blue plum"])
      // What belongs together stands in one of them.
      #expect(try await SearchTests.titles(bench, "\"apple green\"") == [])
      #expect(try await SearchTests.titles(bench, "\"green pear\" red") == ["red apple"])
    }
  }

  @Test(arguments: BenchStore.withParts)
  func aFieldThatTheCallerDoesNotSeeIsNotSearched(_ kind: BenchStore) async throws {
    try await kind.run(SearchTests.contract) { bench in
      let owner = try await bench.caller("owner")
      let staff = try await bench.caller("staff", roles: ["staff"])
      let id = try await bench.create("books", #"{"title": "one", "own": "private"}"#, as: owner).id
      _ = try await bench.perform(.update, "books", id, as: staff, body: #"{"inner": "oracle"}"#)
      #expect(try await SearchTests.titles(bench, "oracle", as: owner) == [])
      #expect(try await SearchTests.titles(bench, "orac", as: .anonymous) == [])
      #expect(try await SearchTests.titles(bench, "oracle", as: staff) == ["one"])
      #expect(try await SearchTests.titles(bench, "one oracle", as: owner) == [])
      #expect(try await SearchTests.titles(bench, "one oracle", as: staff) == ["one"])
      // One that is seen in some records only is searched for nobody.
      #expect(try await SearchTests.titles(bench, "private", as: owner) == [])
      #expect(try await SearchTests.titles(bench, "one", as: owner) == ["one"])
    }
  }

  @Test(arguments: BenchStore.withParts)
  func aSearchGoesWithEverythingElseOfAList(_ kind: BenchStore) async throws {
    try await kind.run(SearchTests.contract) { bench in
      let caller = try await bench.caller("a")
      var ids: [String] = []
      for number in 0..<30 {
        let body = #"{"title": "word \#(number)", "rank": \#(number % 7), "kind": "\#(number % 3 == 0 ? "b" : "a")"}"#
        ids.append(try await bench.create("books", body, as: caller).id)
      }
      _ = try await bench.create("books", #"{"title": "other", "rank": 1}"#, as: caller)
      for sort in ["-id", "id", "rank", "-rank"] {
        let whole = try await bench.list("books") {
          $0.search = "word"
          $0.sort = sort
          $0.limit = "100"
          $0.count = "exact"
        }
        #expect(whole.rows.count == 30 && whole.page("total").integerValue == 30)
        var paged: [String] = []
        var cursor: String?
        var last: JSONValue = .null
        repeat {
          last = try await bench.list("books") {
            $0.search = "word"
            $0.sort = sort
            $0.limit = "7"
            $0.after = cursor
          }
          paged += last.rows.map(\.id)
          cursor = last.page("next").stringValue
        } while cursor != nil
        #expect(paged == whole.rows.map(\.id))
        let back = try await bench.list("books") {
          $0.search = "word"
          $0.sort = sort
          $0.limit = "7"
          $0.before = last.page("previous").stringValue
        }
        #expect(back.rows.map(\.id) == Array(paged[21..<28]))
      }
      let filtered = try await bench.list("books") {
        $0.search = "word"
        $0.filter = "rank > 3"
        $0.equals = [("kind", "b")]
        $0.fields = "title"
        $0.limit = "100"
      }.rows
      #expect(filtered.count == (0..<30).count { $0 % 7 > 3 && $0 % 3 == 0 } && filtered.allSatisfy { $0["rank"] == nil })
      // A cursor belongs to its words.
      let first = try await bench.list("books") {
        $0.search = "word"
        $0.limit = "5"
      }
      let code = await bench.refusal { () async throws(Failure) in
        try await bench.list("books") {
          $0.search = "other"
          $0.after = first.page("next").stringValue
        }
      }
      #expect(code == .badCursor)
    }
  }

  @Test(arguments: BenchStore.withParts)
  func aRuleAndTheBudgetHoldForASearch(_ kind: BenchStore) async throws {
    try await kind.run(SearchTests.contract) { bench in
      let (one, two) = (try await bench.caller("one"), try await bench.caller("two"))
      for number in 0..<15 {
        _ = try await bench.create("drafts", #"{"title": "few \#(number)", "rank": \#(number)}"#, as: number % 3 == 0 ? one : two)
      }
      func count(_ words: String, _ caller: Caller, _ change: (inout ListParameters) -> Void = { _ in }) async throws(Failure) -> Int {
        try await bench.list("drafts", as: caller) {
          $0.search = words
          change(&$0)
        }.rows.count
      }
      #expect(try await count("few", one) == 5)
      #expect(try await count("few", two) == 10)
      // More rows have the word than the budget: the order's own index is read, and meets enough of them soon.
      for number in 0..<40 { _ = try await bench.create("drafts", #"{"title": "many \#(number)", "rank": 1}"#, as: one) }
      #expect(try await count("many", one) { $0.limit = "10" } == 10)
      #expect(
        try await count("many", one) {
          $0.limit = "10"; $0.sort = "-id"
        } == 10)
      #expect(await bench.refusal { () async throws(Failure) in try await count("many", one) { $0.limit = "40" } } == .tooCostly)
      // Here it is the other caller's own records that are looked at, and those are few.
      #expect(try await count("many", two) == 0)
    }
  }

  @Test(arguments: BenchStore.withParts)
  func everyWayOfChangingARecordChangesWhatFindsIt(_ kind: BenchStore) async throws {
    try await kind.run(SearchTests.contract) { bench in
      let caller = try await bench.caller("a")
      func found(_ words: String) async throws(Failure) -> Int { try await SearchTests.titles(bench, words + " ", as: caller).count }
      let shelf = try await bench.create("shelves", #"{"name": "top"}"#).id
      let id = try await bench.create("books", #"{"title": "first", "body": "text", "shelf": "\#(shelf)"}"#, as: caller).id
      #expect(try await found("first") == 1)
      _ = try await bench.perform(.update, "books", id, as: caller, body: #"{"title": "second"}"#)
      #expect(try await found("first") == 0)
      #expect(try await found("second text") == 1)
      _ = try await bench.perform(.patch, "books", id, as: caller, body: #"[{"op": "replace", "path": "/body", "value": "patched"}]"#)
      #expect(try await found("text") == 0)
      #expect(try await found("patched") == 1)
      _ = try await bench.perform(.replace, "books", id, as: caller, body: #"{"title": "third", "shelf": "\#(shelf)"}"#)
      #expect(try await found("patched") == 0)
      #expect(try await found("third") == 1)
      _ = try await bench.perform(.update, "books", id, as: caller, body: #"{"rank": 5}"#)
      #expect(try await found("third") == 1)
      _ = try await bench.perform(.delete, "books", id, as: caller)
      #expect(try await found("third") == 0)
      let deleted = try await bench.list("books", as: caller) {
        $0.search = "third"
        $0.deleted = "include"
      }
      #expect(deleted.rows.map(\.id) == [id])
      _ = try await bench.perform(.restore, "books", id, as: caller)
      #expect(try await found("third") == 1)
      // What goes along with another, and comes back with it.
      _ = try await bench.perform(.delete, "shelves", shelf)
      #expect(try await found("third") == 0)
      _ = try await bench.perform(.restore, "shelves", shelf)
      #expect(try await found("third") == 1)
      let draft = try await bench.create("drafts", #"{"title": "gone soon"}"#, as: caller).id
      _ = try await bench.perform(.delete, "drafts", draft, as: caller)
      #expect(try await bench.list("drafts", as: caller) { $0.search = "gone" }.rows.isEmpty)
      try await SearchTests.expectTrueIndexes(bench)
    }
  }

  @Test(arguments: BenchStore.withParts)
  func manyWritersAndSearchersLeaveATrueIndex(_ kind: BenchStore) async throws {
    try await kind.run(SearchTests.contract) { bench in
      let caller = try await bench.caller("a")
      await withTaskGroup(of: Void.self) { group in
        for writer in 0..<6 {
          group.addTask {
            var random = SplitMix64(seed: UInt64(writer))
            var ids: [String] = []
            for _ in 0..<40 {
              let text = SearchTests.quoted((0..<3).map { _ in "w\(random.next() % 20)" }.joined(separator: " "))
              switch random.next() % 4 {
              case 0 where !ids.isEmpty:
                _ = try? await bench.perform(.update, "books", ids.randomElement(using: &random), as: caller, body: "{\"title\": \(text)}")
              case 1 where !ids.isEmpty:
                _ = try? await bench.perform(.delete, "books", ids.randomElement(using: &random), as: caller)
              case 2 where !ids.isEmpty:
                _ = try? await bench.perform(.restore, "books", ids.randomElement(using: &random), as: caller)
              default:
                if let made = try? await bench.create("books", "{\"title\": \(text)}", as: caller) { ids.append(made.id) }
              }
            }
          }
          group.addTask {
            for word in 0..<20 {
              guard let titles = try? await SearchTests.titles(bench, "w\(word) ") else {
                Issue.record("a search was refused")
                continue
              }
              #expect(titles.allSatisfy { " \($0) ".contains(" w\(word) ") }, "w\(word)")
            }
          }
        }
      }
      let all = try await bench.list("books") { $0.limit = "100" }
      #expect(all.rows.count > 20)
      var titles = all.rows.compactMap { $0["title"]?.stringValue }
      var page = all
      while let next = page.page("next").stringValue {
        page = try await bench.list("books") {
          $0.limit = "100"
          $0.after = next
        }
        titles += page.rows.compactMap { $0["title"]?.stringValue }
      }
      for word in 0..<20 {
        let wanted = titles.filter { " \($0) ".contains(" w\(word) ") }.sorted()
        #expect(try await SearchTests.titles(bench, "w\(word) ").filter { " \($0) ".contains(" w\(word) ") } == wanted)
      }
      try await SearchTests.expectTrueIndexes(bench)
    }
  }

  @Test func bothStoresFindTheSameByRandomWords() async throws {
    guard BenchStore.withParts.contains(.postgres) else { return }
    var random = SplitMix64(seed: 20_26)
    let pieces = [
      "a", "B", "ä", "É", "e\u{301}", "\u{301}", "京", "東", "ж", "Ж", "9", "0x", "-", "_", ".", "'", "\"", "*", "^", ":", "(", ")", "&", "|",
      "!", "<->", " ", " ", "  ", "\t", "🤣", "❤\u{fe0f}", "İ", "ǅ", "ﬁ", "ß", "½", "Ⅷ", "\u{200d}", "\u{0}", "AND", "OR", "NOT", "\\", "%",
    ]
    func text(_ count: UInt64) -> String {
      (0..<(1 + random.next() % count)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
    }
    let texts = (0..<150).map { _ in (title: text(8).replacing("\u{0}", with: ""), body: text(12).replacing("\u{0}", with: "")) }
    let queries = (0..<400).map { _ in text(5) } + texts.map { String($0.title.prefix(3)) } + texts.map { "\"\($0.body.prefix(5))\"" }
    var found: [[[String]?]] = []
    for kind in BenchStore.withParts {
      let answers = Answers()
      try await kind.run(SearchTests.contract) { bench in
        let caller = try await bench.caller("a")
        for (number, text) in texts.enumerated() {
          let title = SearchTests.quoted("\(number): " + text.title)
          _ = try await bench.create("books", "{\"title\": \(title), \"body\": \(SearchTests.quoted(text.body))}", as: caller)
        }
        for query in queries { await answers.add(try? await SearchTests.titles(bench, query)) }
      }
      found.append(await answers.all)
    }
    for (place, query) in queries.enumerated() { #expect(found[0][place] == found[1][place], "\(query.unicodeScalars.map(\.value))") }
    #expect(found[0].count { $0?.isEmpty == false } > 100 && found[0].contains { $0 == nil })
  }

  private actor Answers {
    var all: [[String]?] = []
    func add(_ one: [String]?) { all.append(one) }
  }

  @Test func noSearchReadsAWholeTable() async throws {
    let bench = try await Bench(SearchTests.contract)
    let watched = WatchedStore(bench.store)
    let other = try await Bench(SearchTests.contract, on: watched)
    let caller = try await other.caller("a")
    let already = watched.statements.count
    for change in [
      { $0.search = "a" },
      {
        $0.search = "ab cd \"e f\""; $0.sort = "rank"
      },
      {
        $0.search = "a"; $0.equals = [("kind", "a")]; $0.count = "exact"
      },
    ] as [(inout ListParameters) -> Void] {
      _ = try await other.list("books", change)
      _ = try await other.list("books", as: caller) {
        $0.search = "a"; $0.deleted = "include"
      }
    }
    _ = try await other.list("drafts", as: caller) { $0.search = "a" }
    let asked = watched.statements.dropFirst(already).filter { $0.statement.text.contains("MATCH") }
    #expect(asked.count >= 8)
    for (statement, values) in asked {
      let rows = try await bench.store.inspect(bench.store.dialect.explanation(of: statement), values)
      let plan = QueryPlan(rows, of: statement, dialect: .sqlite)
      #expect(plan.steps.contains { $0.text.contains("VIRTUAL TABLE INDEX") })
      #expect(plan.steps.filter(\.readsWholeTable).isEmpty, "\(statement.text)\n\(plan.steps.map(\.text))")
    }
  }

  /// SQLite: what the triggers made of the index is what a new index over the rows would hold.
  static func expectTrueIndexes(_ bench: Bench) async throws {
    guard bench.store.dialect == .sqlite else { return }
    let names = try await bench.store.inspect(
      "SELECT name, sql FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE \"_martlet_words_%'", [])
    #expect(names.count == 3)
    for row in names {
      guard let name = row[0], let sql = row[1] else { continue }
      let table = String(name.dropFirst("_martlet_words_".count).prefix { $0 != "_" })
      let columns = ["shelves": ["name"], "books": ["title", "body", "inner", "own"], "drafts": ["title"]][table] ?? []
      let texts = columns.map { "t.\"\($0)\"" }.joined(separator: ", ")
      let places = columns.indices.map { "c\($0)" }.joined(separator: ", ")
      try await bench.store.define([
        sql.replacing("\"\(name)\"", with: "fresh"),
        "INSERT INTO fresh (rowid, \(places)) SELECT r.\"row\", \(texts) FROM \(table) AS t JOIN \"\(name)_rows\" AS r ON r.id = t.id",
        "CREATE VIRTUAL TABLE fresh_words USING fts5vocab(fresh, instance)",
        "CREATE VIRTUAL TABLE kept_words USING fts5vocab(\"\(name)\", instance)",
      ])
      let differences = try await bench.store.inspect(
        """
        SELECT * FROM (SELECT * FROM fresh_words EXCEPT SELECT * FROM kept_words)
        UNION ALL SELECT * FROM (SELECT * FROM kept_words EXCEPT SELECT * FROM fresh_words)
        """, [])
      #expect(differences.isEmpty, "\(table): \(differences.prefix(3))")
      let counts = try await bench.store.inspect(
        "SELECT (SELECT count(*) FROM \(table)), (SELECT count(*) FROM \"\(name)_rows\"), (SELECT count(*) FROM kept_words)", [])
      #expect(counts[0][0] == counts[0][1] && (table != "books" || counts[0][2] != "0"))
      try await bench.store.define([
        "INSERT INTO \"\(name)\" (\"\(name)\") VALUES ('integrity-check')", "DROP TABLE fresh_words", "DROP TABLE kept_words",
        "DROP TABLE fresh",
      ])
    }
  }
}
