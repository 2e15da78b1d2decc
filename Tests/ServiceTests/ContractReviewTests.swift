import Contract
import JSON
import Service
import Store
import Testing

/// What is found about a contract once its tables are known.
@Suite struct ContractReviewTests {
  private func result(_ yaml: String, dialect: Dialect) throws -> LoadResult {
    let loaded = ContractLoader.load(text: yaml)
    let contract = try #require(loaded.contract, "\(loaded.errors.map { $0.rendered() })")
    let review = ContractReview(contract, dialect: dialect, places: loaded.places)
    return loaded.adding(review.errors + review.advice())
  }

  private func lines(_ result: LoadResult, _ severity: Diagnostic.Severity) -> [String] {
    result.diagnostics.filter { $0.severity == severity }.map { "\($0.code) \($0.line):\($0.column)" }
  }

  /// Booleans that are stored as words have no order, and neither has a uuid that is stored as text.
  static let adopted = """
    martlet: 1
    service: {name: old, version: v1}
    resources:
      people:
        table: People
        id: {column: Id, type: integer}
        revision: none
        fields:
          active: {type: boolean, column: Active, stored_as: {yes: "Y", no: "N"}}
          member: {type: boolean, column: Member}
          boss:   {ref: people, column: Boss}
          name:   {type: string, column: Name, read: record.active == record.member}
        access:
          read:   record.id > 0
          update: |
            record.id > 1 &&
              input.active == record.member
        constraints:
          right: input.active == input.boss.member
          fine:  input.active == input.member
    """

  @Test(arguments: [Dialect.sqlite, .postgres]) func aRuleThatTheStoreCannotBeAskedIsAnErrorWithItsPlace(_ dialect: Dialect) throws {
    let found = try result(Self.adopted, dialect: dialect)
    #expect(found.contract == nil)
    #expect(lines(found, .error) == ["MRT0506 12:64", "MRT0506 17:24", "MRT0506 19:27"])
    #expect(found.errors.allSatisfy { $0.message.contains("stored differently") && $0.message.hasPrefix("people.") })
    let asked = try result(Self.adopted.replacing(", stored_as: {yes: \"Y\", no: \"N\"}", with: ""), dialect: dialect)
    #expect(asked.contract != nil)
  }

  private func shop(_ rule: String) -> String {
    """
    martlet: 1
    service: {name: shop, version: v1}
    roles: [staff]
    identity: {claims: {region: string, level: integer}}
    resources:
      customers:
        fields:
          user:   {ref: users}
          region: {type: string}
          area:   {type: string, length: 0..40, index: true}
          tier:   {type: enum, values: [free, pro], index: true}
          orders: {many: orders, by: customer}
        access: {read: anyone}
      orders:
        fields:
          customer: {ref: customers}
          status:   {type: enum, values: [open, done], index: true}
          public:   {type: boolean, default: false}
          region:   {type: string, length: 0..40}
          level:    {type: integer, index: true}
          guests:   {many: guests, by: order}
        access:
          read: "\(rule)"
      guests:
        fields:
          order: {ref: orders, required: true}
          user:  {ref: users}
          name:  {type: string}
          role:  {type: enum, values: [guest, host], index: true}
        access: {read: anyone}
    """
  }

  @Test(arguments: [
    "anyone", "authenticated", "nobody", "record.customer == caller.id || caller.has_role('staff')", "record.customer.user == caller.id",
    "record.customer.user == caller.id && record.public", "record.customer.area == caller.region", "record.status == 'open'",
    "record.level == caller.level && record.region == 'x'", "caller.id == record.customer.user && record.level > 1",
    "record.guests.exists(g, g.user == caller.id)", "record.guests.exists(g, g.role == 'host' && caller.id == g.user) && record.public",
    "caller.has_role('staff') ? record.level == 1 : record.customer.user == caller.id",
  ]) func aRuleThatAnIndexServesIsFine(rule: String) throws {
    #expect(lines(try result(shop(rule), dialect: .sqlite), .warning) == [])
  }

  @Test(
    arguments: [
      ("record.public", nil), ("record.customer.user == caller.id || record.public", nil), ("record.level > caller.level", nil),
      ("record.region == caller.region", "add \"index: true\" to orders.region"),
      ("record.public && record.region == caller.region", "add \"index: true\" to orders.region"),
      ("record.customer.region == caller.region", "add \"index: true\" to customers.region"),
      ("record.customer.tier == 'pro'", nil), ("record.customer.orders.exists(o, o.level == 1)", nil),
      ("record.customer.user == caller.id || caller.has_role('staff') && record.level > 1", nil),
      ("record.guests.exists(g, g.name == caller.region)", "add \"index: true\" to guests.name"),
      ("record.guests.exists(g, g.role == 'host')", nil), ("record.guests.all(g, g.user == caller.id)", nil),
      ("record.guests.exists(g, g.user == caller.id || g.role == 'host')", nil),
      ("record.guests.exists(g, g.user == caller.id && record.public)", nil), ("!record.guests.exists(g, g.user == caller.id)", nil),
    ] as [(String, String?)]) func aRuleThatNoIndexServesIsAWarningWithItsRemedy(rule: String, remedy: String?) throws
  {
    let found = try result(shop(rule), dialect: .sqlite)
    #expect(found.contract != nil)
    #expect(lines(found, .warning) == ["MRT0507 23:13"], "\(found.diagnostics)")
    if let remedy { #expect(found.diagnostics.first { $0.severity == .warning }?.suggestion == remedy) }
  }

  @Test func aWarningNamesTheCallerWhoMeetsIt() throws {
    let found = try result(
      shop("record.customer.user == caller.id && !caller.has_role('staff') || record.public && caller.has_role('staff')"),
      dialect: .postgres)
    #expect(found.diagnostics.first { $0.code == "MRT0507" }?.message.contains("with the role staff") == true)
  }

  static let scanned = """
    martlet: 1
    service: {name: notes, version: v1}
    resources:
      notes:
        fields:
          kind:  {type: enum, values: [a, b], index: true}
          rank:  {type: integer, index: true}
          score: {type: integer}
        scan: 20
        access: {create: anyone, read: "record.kind == 'a' && record.score == 1"}
    """

  /// What drives a list is bounded like anything else: the rows that the rest of the rule leaves out count.
  @Test func aListDrivenByItsRuleLooksAtNoMoreThanItsBudget() async throws {
    let bench = try await Bench(Self.scanned)
    for rank in 0..<25 { _ = try await bench.perform(.create, "notes", body: #"{"kind": "a", "rank": \#(rank), "score": 0}"#) }
    for rank in 25..<30 { _ = try await bench.perform(.create, "notes", body: #"{"kind": "b", "rank": \#(rank), "score": 1}"#) }
    #expect(await bench.refusal { () async throws(Failure) in try await bench.list("notes") { $0.sort = "rank" } } == .tooCostly)
    let few = try await Bench(Self.scanned)
    for rank in 0..<10 { _ = try await few.perform(.create, "notes", body: #"{"kind": "a", "rank": \#(rank), "score": \#(rank % 2)}"#) }
    for rank in 10..<40 { _ = try await few.perform(.create, "notes", body: #"{"kind": "b", "rank": \#(rank), "score": 1}"#) }
    let found = try await few.list("notes") { $0.sort = "rank" }
    #expect(found.rows.map { $0["rank"] } == [1, 3, 5, 7, 9].map { .integer($0) })
  }

  static let owned = """
    martlet: 1
    service: {name: notes, version: v1}
    resources:
      people: {fields: {user: {ref: users, default: caller.id}}, access: {create: authenticated, read: authenticated}}
      notes:
        fields:
          owner: {ref: people, required: true}
          rank:  {type: integer, index: true}
        scan: 20
        access: {create: authenticated, read: record.owner.user == caller.id}
    """

  /// What a rule finds is found anew for each page, with what lies before the cursor: that counts as well. Behind the caller's
  /// last note lie 60 of another's.
  @Test(arguments: [(own: 15, isWhole: true), (50, true), (200, false)])
  func laterPagesOfADrivenListAreBoundedToo(own: Int, isWhole: Bool) async throws {
    let bench = try await Bench(Self.owned)
    let (ada, bob) = (try await bench.caller("ada"), try await bench.caller("bob"))
    for (caller, ranks) in [(bob, 0..<60), (ada, 100..<100 + own)] {
      let owner = try await bench.create("people", "{}", as: caller).id
      for rank in ranks { _ = try await bench.create("notes", "{\"owner\": \"\(owner)\", \"rank\": \(rank)}", as: caller) }
    }
    func page(_ change: (inout ListParameters) -> Void) async throws(Failure) -> JSONValue {
      try await bench.list("notes", as: ada) {
        $0.sort = "-rank"
        $0.limit = "10"
        change(&$0)
      }
    }
    var ranks: [JSONValue?] = []
    var last = try await page { _ in }
    do throws(Failure) {
      while true {
        ranks += last.rows.map { $0["rank"] }
        guard let next = last.page("next").stringValue else { break }
        last = try await page { $0.after = next }
      }
      #expect(isWhole)
      #expect(ranks == (100..<100 + own).reversed().map { .integer(Int64($0)) })
    } catch {
      #expect(!isWhole && error.code == .tooCostly)
      #expect(ranks.count > 150)
    }
    // And one page back.
    let previous = try #require(last.page("previous").stringValue)
    #expect(try await page { $0.before = previous }.rows.count == 10)
  }
}
