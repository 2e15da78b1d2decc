import Base
import Contract
import Expression
import Store
import TestSupport
import Testing

/// Random rules of a change, over random rows before and after it, have the same answer in memory and in both stores.
@Suite struct ChangeRuleAgreementTests {
  static let rules = 400
  static let rows = 14

  @Test(arguments: TestStore.available) func memoryAndTheStoreAgree(_ kind: TestStore) async throws {
    let seed = PredicateAgreementTests.seed
    let world = RandomWorld(seed: seed, rows: Self.rows)
    try await kind.run { store in
      try await world.fill(store)
      var environment = RandomCaller.environment(world.contract)
      environment.input = "things"
      let compiler = PredicateCompiler(Layout(world.contract), dialect: store.dialect)
      var generator = RandomExpressions(seed: seed, names: ["record", "input"])
      var (asked, granted, refused) = (0, 0, 0)
      while asked < Self.rules {
        let text = generator.condition(depth: 1 + generator.random.below(4)).text
        let caller = RandomCaller(seed: generator.random.next())
        guard let rule = try? CheckedExpression.check(text, expecting: .boolean, in: environment), rule.namesInput,
          !rule.members(of: .record, comparedWithCaller: false).isEmpty, compiler.unsupported(rule, resource: "things") == nil
        else { continue }
        asked += 1
        let stored = try await Self.pairs(rule, caller, compiler, store)
        let alone = rule.ofRecordAlone
        #expect(!alone.namesInput)
        for before in world.records["things"] ?? [] {
          let mayPass = alone.holds(RowBindings(caller, before, input: before), budget: 5_000_000)
          for after in world.records["things"] ?? [] {
            let holds = rule.holds(RowBindings(caller, before, input: after), budget: 5_000_000)
            if holds { granted += 1 } else { refused += 1 }
            #expect(mayPass || !holds, "seed \(seed): what is asked of the record alone refuses what the rule grants: \(text)")
            guard stored.contains(Pair(before, after)) != holds else { continue }
            Issue.record("seed \(seed), \(store.dialect): memory says \(holds): \(text)\n\(before.values)\n\(after.values)\n\(caller)")
            return
          }
        }
      }
      #expect(min(granted, refused) * 20 > granted + refused, "an answer is hardly ever given: \(granted) granted, \(refused) refused")
    }
  }

  /// A guard that holds what its rule stands on says what memory says: the words that hold rows fit wherever they stand.
  @Test(arguments: TestStore.available) func aGuardThatHoldsRowsSaysTheSame(_ kind: TestStore) async throws {
    let seed = PredicateAgreementTests.seed &+ 1
    let world = RandomWorld(seed: seed, rows: Self.rows)
    try await kind.run { store in
      try await world.fill(store)
      let layout = Layout(world.contract)
      let table = try #require(layout["things"])
      let environment = RandomCaller.environment(world.contract)
      var compiler = PredicateCompiler(layout, dialect: store.dialect)
      compiler.locks = true
      var generator = RandomExpressions(seed: seed)
      var (asked, held) = (0, 0)
      while asked < Self.rules {
        let text = generator.condition(depth: 1 + generator.random.below(4)).text
        let caller = RandomCaller(seed: generator.random.next())
        guard let rule = try? CheckedExpression.check(text, expecting: .boolean, in: environment), !rule.loads.isEmpty,
          compiler.unsupported(rule, resource: "things") == nil
        else { continue }
        let plan = RulePlan(rule)
        guard case .residual(let outcomes, let values) = plan.fold(caller) else { continue }
        asked += 1
        let predicate = try compiler.predicate(plan, outcomes, resource: "things")
        let prepared = WriteStatements(dialect: store.dialect, table: table).rowGuard(predicate)
        if prepared.statement.text.contains("FOR SHARE") { held += 1 }
        for row in (world.records["things"] ?? []).prefix(5) {
          let holds = rule.holds(RowBindings(caller, row, input: row), budget: 5_000_000)
          let outcome = try await store.write(WriteBatch([.guarding(prepared.statement, prepared.values(values + [row.id]))]))
          var isGranted = false
          if case .committed = outcome { isGranted = true }
          guard isGranted != holds else { continue }
          Issue.record("seed \(seed), \(store.dialect): memory says \(holds), the guard \(outcome): \(text)\n\(row.values)\n\(caller)")
          return
        }
      }
      #expect(store.dialect == .sqlite ? held == 0 : held * 2 > asked, "\(held) of \(asked) rules hold rows")
    }
  }

  private struct Pair: Hashable {
    var before: String
    var after: String
    init(_ before: MemoryRecord, _ after: MemoryRecord) { (self.before, self.after) = ("\(before.id)", "\(after.id)") }
    init(_ values: ArraySlice<Value>) { (before, after) = ("\(values.first ?? .null)", "\(values.last ?? .null)") }
  }

  /// The pairs of rows for which the store says that the rule holds.
  private static func pairs(
    _ rule: CheckedExpression, _ caller: RandomCaller, _ compiler: PredicateCompiler, _ store: any Store
  ) async throws -> Set<Pair> {
    let plan = RulePlan(rule)
    var sql = SQL("SELECT s.id, t.id FROM things t, things s")
    var values: [Value] = []
    switch plan.fold(caller) {
    case .constant(false): return []
    case .constant(true): break
    case .residual(let outcomes, let known):
      sql = sql + SQL(" WHERE ") + (try compiler.predicate(plan, outcomes, resource: "things", ofChange: true)).sql
      values = known
    }
    let prepared = sql.statement(for: store.dialect)
    let captures = (0..<2).map { RowEncoding.Capture(column: $0, kind: .uuid) }
    let query = Query(
      prepared.statement, prepared.values(values), encoding: RowEncoding(fields: [], captures: captures), rowsMax: 10_000)
    let found = try await store.read(query).captured
    return Set(stride(from: 0, to: found.count, by: 2).map { Pair(found[$0...($0 + 1)]) })
  }
}
